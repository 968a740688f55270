//! The folder of playbooks: read here, checked by the playbook room.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use quell_action::Catalogue;
use quell_playbook::{Loaded, SourceFile, Surroundings, load};

/// The teams of a site, and who is in them.
pub(crate) type Teams = BTreeMap<String, Vec<String>>;

/// Reads and checks every playbook below a folder, or a single file.
pub(crate) fn load_from(path: &Path, offered: &Catalogue, teams: &Teams) -> anyhow::Result<Loaded> {
    let mut files = Vec::new();
    gather(path, &mut files)
        .with_context(|| format!("the playbooks of {} could not be read", path.display()))?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let surroundings = Surroundings {
        known: quell_connectors::catalogue(),
        teams: teams.keys().cloned().collect(),
        ..Surroundings::default()
    };
    Ok(load(&files, offered, &surroundings))
}

fn gather(path: &Path, files: &mut Vec<SourceFile>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let path = entry?.path();
            if path.is_dir() || is_yaml(&path) {
                gather(&path, files)?;
            }
        }
        return Ok(());
    }
    files.push(SourceFile { name: path.display().to_string(), bytes: fs::read(path)? });
    Ok(())
}

/// Tests of playbooks lie beside them, and are none.
fn is_yaml(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    [".yaml", ".yml"].iter().any(|end| name.ends_with(end) && !name.ends_with(&format!(".test{end}")))
}
