//! Files to playbooks: what the engine starts and reloads with.
//!
//! Everything is read and checked before anything is used. A caller that reloads swaps the old playbooks for the new
//! ones only when [`Loaded::is_usable`]; otherwise the old ones stay and the diagnostics say why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quell_action::{Catalogue, Refused};

use crate::carriers::Carriers;
use crate::check::{Callee, Callees, Site, check, check_across, never_kept};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::{Limits, Playbook};
use crate::order::{Calling, name_of, order};
use crate::parse::{Parsed, parse};

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
    /// What systems cannot do by their nature, and why.
    pub refused: Vec<Refused>,
    /// What each connection of the site offers, by its name; where nothing is known of them, any name is taken.
    pub connections: Option<BTreeMap<String, Catalogue>>,
    /// The teams of the site; where none are listed, any name of a team is taken.
    pub teams: BTreeMap<String, Vec<String>>,
    /// The named lists of the site; where nothing is known of its lists, any name is taken.
    pub lists: Option<Vec<String>>,
    /// The connections of the site that carry questions to people.
    pub carriers: Carriers,
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
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .filter(|file| is_playbook(&file.name))
        .map(|file| (file.name.as_str(), file.bytes.as_slice()))
        .collect();
    let mut loaded = Loaded::default();
    let mut whole: Vec<(Arc<Playbook>, Place)> = Vec::new();
    let (read, circles) = read_all(&files, catalogue, surroundings);
    loaded.diagnostics.extend(circles);
    let (mut kept, mut kept_read) = (BTreeSet::new(), Vec::new());
    for file in read {
        loaded.diagnostics.extend(file.diagnostics);
        kept.extend(file.kept);
        kept_read.extend(file.kept_read);
        whole.extend(file.playbook);
        loaded.sources.insert(file.name, file.source.to_string());
    }
    loaded.diagnostics.extend(check_across(&whole, catalogue));
    loaded.diagnostics.extend(never_kept(&kept, kept_read));
    loaded.diagnostics.sort_by(|one, other| one.place.cmp(&other.place).then(one.code.cmp(&other.code)));
    loaded.playbooks = whole.into_iter().map(|(playbook, _)| playbook).collect();
    loaded.playbooks.sort_by(|one, other| one.name.cmp(&other.name));
    loaded
}

/// Reads a playbook again that was good when a run started with it, with those that it calls: a running run keeps its
/// version of all of them.
///
/// # Errors
/// What is wrong with it by now: an action that it needs is not offered any more.
pub fn recover(source: &str, called: &[String], catalogue: &Catalogue) -> Result<Playbook, Vec<Diagnostic>> {
    let texts = std::iter::once(source).chain(called.iter().map(String::as_str));
    // Whatever the files were called is not part of the version.
    let files: Vec<(&str, &[u8])> = texts.map(|text| (FROZEN, text.as_bytes())).collect();
    let (mut read, circles) = read_all(&files, catalogue, &Surroundings::default());
    let own = read.swap_remove(0);
    match own.playbook {
        Some((playbook, _)) => Ok(Arc::unwrap_or_clone(playbook)),
        None => Err(own.diagnostics.into_iter().chain(circles).collect()),
    }
}

/// One file, read and checked.
struct Read {
    name: String,
    source: Arc<str>,
    /// The playbook, where nothing is wrong with it, and where its name stands.
    playbook: Option<(Arc<Playbook>, Place)>,
    diagnostics: Vec<Diagnostic>,
    /// The names under which it keeps values, and those that it reads, each with its place.
    kept: BTreeSet<String>,
    kept_read: Vec<(String, Place)>,
}

/// Reads and checks files, those that are called before those that call them. They come back in the order in which
/// they were given.
fn read_all(
    files: &[(&str, &[u8])],
    catalogue: &Catalogue,
    surroundings: &Surroundings,
) -> (Vec<Read>, Vec<Diagnostic>) {
    let parsed: Vec<Parsed> = files.iter().map(|(name, bytes)| parse(name, bytes)).collect();
    let calling: Vec<Calling<'_>> = files
        .iter()
        .zip(&parsed)
        .map(|((file, _), parsed)| Calling { file, source: &parsed.source, tree: parsed.tree.as_ref() })
        .collect();
    let (order, circles) = order(&calling);
    // Until it was checked, nothing is known of a playbook but that it is there.
    let names = calling.iter().filter_map(|file| file.tree.and_then(name_of));
    let mut callees: Callees = names.map(|name| (name.to_owned(), Callee::Unclear)).collect();
    let mut read: Vec<Option<Read>> = files.iter().map(|_| None).collect();
    for position in order {
        let site = Site { catalogue, surroundings, callees: &callees };
        let one = read_one(files[position].0, &parsed[position], site);
        if let Some((playbook, _)) = &one.playbook {
            callees.insert(playbook.name.0.clone(), Callee::Known(Arc::clone(playbook)));
        }
        read[position] = Some(one);
    }
    (read.into_iter().flatten().collect(), circles)
}

fn read_one(name: &str, parsed: &Parsed, site: Site<'_>) -> Read {
    let mut diagnostics = parsed.diagnostics.clone();
    let (mut playbook, mut kept, mut kept_read) = (None, BTreeSet::new(), Vec::new());
    if let Some(tree) = &parsed.tree {
        let checked = check(name, &parsed.source, tree, site);
        kept = checked.kept;
        kept_read = checked.kept_read;
        // What follows from a word that was refused already is not said again.
        let is_new = |found: &Diagnostic| !parsed.diagnostics.iter().any(|said| said.place == found.place);
        diagnostics.extend(checked.diagnostics.into_iter().filter(is_new));
        if parsed.diagnostics.is_empty() {
            let place = checked.name_place.unwrap_or_else(|| Place::top(name));
            playbook = checked.playbook.map(|playbook| (Arc::new(playbook), place));
        }
    }
    Read { name: name.to_owned(), source: Arc::clone(&parsed.source), playbook, diagnostics, kept, kept_read }
}

/// The place of a playbook that is read back from the store.
const FROZEN: &str = "the playbook of a run";

fn is_playbook(name: &str) -> bool {
    let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
    is_yaml && !name.ends_with(".test.yaml") && !name.ends_with(".test.yml")
}
