//! The folder of playbooks: read here, checked by the playbook room.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use quell_action::Catalogue;
use quell_playbook::{Loaded, SourceFile, Surroundings, load};

use crate::config::Site;
use crate::{connectors, courier};

/// Reads and checks every playbook below a folder, or a single file; against what a site says, where there is one.
pub(crate) fn load_from(path: &Path, offered: &Catalogue, site: Option<&Site>) -> anyhow::Result<Loaded> {
    let files = gathered(path, is_playbook)
        .with_context(|| format!("the playbooks of {} could not be read", path.display()))?;
    let config = site.map(|site| &site.config);
    let surroundings = Surroundings {
        known: quell_connectors::catalogue(),
        refused: quell_connectors::all().iter().flat_map(|kind| kind.refuses()).copied().collect(),
        connections: site.map(connectors::offered_by_each),
        teams: config.map(|config| config.teams.clone()).unwrap_or_default(),
        limits: config.map(|config| config.limits.limits()),
        carriers: config.map(courier::carriers).unwrap_or_default(),
        lists: config.map(|config| config.lists.keys().cloned().collect()),
        ..Surroundings::default()
    };
    Ok(load(&files, offered, &surroundings))
}

/// Every YAML file below a folder, tests of playbooks included, or a single file.
pub(crate) fn yaml_below(path: &Path) -> anyhow::Result<Vec<SourceFile>> {
    gathered(path, is_yaml)
}

fn gathered(path: &Path, is_wanted: fn(&str) -> bool) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    gather(path, is_wanted, &mut BTreeSet::new(), &mut files)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Folders that links lead to are gone through as well, each once: a link may lead back.
fn gather(
    path: &Path,
    is_wanted: fn(&str) -> bool,
    been: &mut BTreeSet<PathBuf>,
    files: &mut Vec<SourceFile>,
) -> anyhow::Result<()> {
    let unreadable = || format!("{} could not be read", path.display());
    let what = fs::metadata(path).with_context(unreadable)?;
    if what.is_dir() {
        if !been.insert(fs::canonicalize(path).with_context(unreadable)?) {
            return Ok(());
        }
        let entries = fs::read_dir(path).with_context(unreadable)?;
        let mut below: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .with_context(unreadable)?;
        // What is there itself comes before what a link calls the same.
        below.sort_by_key(|path| (path.is_symlink(), path.clone()));
        for path in below {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() || is_wanted(&name) {
                gather(&path, is_wanted, been, files)?;
            }
        }
        return Ok(());
    }
    if !what.is_file() {
        bail!("{} is neither a file nor a folder", path.display());
    }
    let bytes = fs::read(path).with_context(unreadable)?;
    files.push(SourceFile { name: path.display().to_string(), bytes });
    Ok(())
}

/// Tests of playbooks lie beside them, and are none.
pub(crate) fn is_playbook(name: &str) -> bool {
    is_yaml(name) && !is_test(name)
}

fn is_yaml(name: &str) -> bool {
    [".yaml", ".yml"].iter().any(|end| name.ends_with(end))
}

/// Whether a file holds tests of a playbook.
pub(crate) fn is_test(name: &str) -> bool {
    [".test.yaml", ".test.yml"].iter().any(|end| name.ends_with(end))
}
