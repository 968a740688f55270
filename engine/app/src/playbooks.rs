//! The folder of playbooks: read here, checked by the playbook room.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use quell_action::Catalogue;
use quell_playbook::{Loaded, SourceFile, Surroundings, load};

use crate::config::Site;
use crate::{connectors, courier};

/// Reads and checks every playbook below a folder, or a single file; against what a site says, where there is one.
pub(crate) fn load_from(path: &Path, offered: &Catalogue, site: Option<&Site>) -> anyhow::Result<Loaded> {
    let mut files = Vec::new();
    gather(path, is_playbook, &mut files)
        .with_context(|| format!("the playbooks of {} could not be read", path.display()))?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let config = site.map(|site| &site.config);
    let surroundings = Surroundings {
        known: quell_connectors::catalogue(),
        refused: quell_connectors::all().iter().flat_map(|kind| kind.refuses()).copied().collect(),
        connections: site.map(connectors::offered_by_each),
        teams: config.map(|config| config.teams.keys().cloned().collect()).unwrap_or_default(),
        limits: config.map(|config| config.limits.limits()),
        carriers: config.map(courier::carriers).unwrap_or_default(),
        lists: config.map(|config| config.lists.keys().cloned().collect()),
        ..Surroundings::default()
    };
    Ok(load(&files, offered, &surroundings))
}

/// Every YAML file below a folder, tests of playbooks included, or a single file.
pub(crate) fn yaml_below(path: &Path) -> std::io::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    gather(path, is_yaml, &mut files)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn gather(path: &Path, is_wanted: fn(&str) -> bool, files: &mut Vec<SourceFile>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() || is_wanted(&name) {
                gather(&path, is_wanted, files)?;
            }
        }
        return Ok(());
    }
    files.push(SourceFile { name: path.display().to_string(), bytes: fs::read(path)? });
    Ok(())
}

/// Tests of playbooks lie beside them, and are none.
fn is_playbook(name: &str) -> bool {
    is_yaml(name) && !is_test(name)
}

fn is_yaml(name: &str) -> bool {
    [".yaml", ".yml"].iter().any(|end| name.ends_with(end))
}

/// Whether a file holds tests of a playbook.
pub(crate) fn is_test(name: &str) -> bool {
    [".test.yaml", ".test.yml"].iter().any(|end| name.ends_with(end))
}
