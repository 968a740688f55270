//! The shipped playbooks that another one calls: without them it does not load.

use std::fs;
use std::path::Path;

use quell_playbook::SourceFile;

/// Those that this text calls (`run`), from its own folder.
pub fn called_by(text: &str, folder: &Path) -> Vec<SourceFile> {
    let names = text.lines().filter_map(|line| line.trim().strip_prefix("run: "));
    let files = names.map(|name| folder.join(format!("{name}.yaml")));
    files
        .filter_map(|path| {
            Some(SourceFile { name: path.display().to_string(), bytes: fs::read(&path).ok()? })
        })
        .collect()
}
