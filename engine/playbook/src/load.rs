//! Files to playbooks: what the engine starts and reloads with.
//!
//! Everything is read and checked before anything is used. A caller that reloads swaps the old playbooks for the new
//! ones only when [`Loaded::is_usable`]; otherwise the old ones stay and the diagnostics say why.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_action::Catalogue;

use crate::check::{Site, check, check_across};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::{Limits, Playbook};
use crate::parse::parse;

/// One file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name, as people know it: shown in diagnostics.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What else is known at a site.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Everything that this program could do if it were configured: makes the difference between an action that does
    /// not exist and one that only needs its connector configured.
    pub known: Catalogue,
    /// The teams of the site; where none are listed, any name of a team is taken.
    pub teams: Vec<String>,
    /// The named lists of the site; where nothing is known of its lists, any name is taken.
    pub lists: Option<Vec<String>>,
    /// How many entities a playbook goes through at most when it does not say itself.
    pub at_most: AtMost,
    /// The site's limits, where they are known: a playbook cannot be looser.
    pub limits: Option<Limits>,
}

/// How many entities a playbook goes through at most when it does not say itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtMost(pub usize);

impl Default for AtMost {
    fn default() -> Self {
        Self(10)
    }
}

/// What loading led to.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The playbooks that are whole, by name.
    pub playbooks: Vec<Arc<Playbook>>,
    /// All that is wrong, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The text of each file, for showing the lines that diagnostics point at.
    pub sources: BTreeMap<String, String>,
}

impl Loaded {
    /// Whether nothing keeps these playbooks from being used.
    pub fn is_usable(&self) -> bool {
        !self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Reads and checks these files. Tests of playbooks (`*.test.yaml`) are left out.
pub fn load(files: &[SourceFile], catalogue: &Catalogue, surroundings: &Surroundings) -> Loaded {
    let site = Site { catalogue, surroundings };
    let mut loaded = Loaded::default();
    let mut whole: Vec<(Arc<Playbook>, Place)> = Vec::new();
    for file in files.iter().filter(|file| is_playbook(&file.name)) {
        let parsed = parse(&file.name, &file.bytes);
        loaded.diagnostics.extend(parsed.diagnostics.iter().cloned());
        if let Some(tree) = &parsed.tree {
            let checked = check(&file.name, &parsed.source, tree, site);
            // What follows from a word that was refused already is not said again.
            let is_new =
                |found: &Diagnostic| !parsed.diagnostics.iter().any(|said| said.place == found.place);
            loaded.diagnostics.extend(checked.diagnostics.into_iter().filter(is_new));
            if let (Some(playbook), true) = (checked.playbook, parsed.diagnostics.is_empty()) {
                let place = checked.name_place.unwrap_or_else(|| Place::top(&file.name));
                whole.push((Arc::new(playbook), place));
            }
        }
        loaded.sources.insert(file.name.clone(), parsed.source.to_string());
    }
    loaded.diagnostics.extend(check_across(&whole, catalogue));
    loaded.diagnostics.sort_by(|one, other| one.place.cmp(&other.place).then(one.code.cmp(&other.code)));
    loaded.playbooks = whole.into_iter().map(|(playbook, _)| playbook).collect();
    loaded.playbooks.sort_by(|one, other| one.name.cmp(&other.name));
    loaded
}

/// Reads a playbook again that was good when a run started with it: a running run keeps its version.
///
/// # Errors
/// What is wrong with it by now: an action that it needs is not offered any more.
pub fn recover(source: &str, catalogue: &Catalogue) -> Result<Playbook, Vec<Diagnostic>> {
    let surroundings = Surroundings::default();
    // Whatever the file was called is not part of the version.
    let parsed = parse(FROZEN, source.as_bytes());
    let Some(tree) = parsed.tree.as_ref().filter(|_| parsed.diagnostics.is_empty()) else {
        return Err(parsed.diagnostics);
    };
    let checked = check(FROZEN, &parsed.source, tree, Site { catalogue, surroundings: &surroundings });
    checked.playbook.ok_or(checked.diagnostics)
}

/// The place of a playbook that is read back from the store.
const FROZEN: &str = "the playbook of a run";

fn is_playbook(name: &str) -> bool {
    let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
    is_yaml && !name.ends_with(".test.yaml") && !name.ends_with(".test.yml")
}
