//! Paths in the site file are relative to the folder it is in.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A path as seen from this folder.
pub(super) fn anchored(path: &Path, folder: &Path) -> PathBuf {
    if path.is_absolute() { path.to_owned() } else { folder.join(path) }
}

/// Makes every path in a section absolute. Which settings are paths, their names say: `file`, `folder`, or ending in
/// `_file` or `_folder`.
pub(super) fn anchored_tree(tree: &mut Value, folder: &Path) {
    match tree {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if is_path(name) => {
                        *text = anchored(Path::new(text.as_str()), folder).display().to_string();
                    }
                    _ => anchored_tree(value, folder),
                }
            }
        }
        Value::Array(members) => members.iter_mut().for_each(|member| anchored_tree(member, folder)),
        _ => {}
    }
}

fn is_path(name: &str) -> bool {
    ["file", "folder"].iter().any(|end| name == *end || name.ends_with(&format!("_{end}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_that_name_files_are_anchored_and_others_are_not() {
        let mut tree = json!({ "ca_file": "ca.pem", "password": { "file": "/run/secret" }, "profile": "x", "many": [{ "folder": "lab" }] });
        anchored_tree(&mut tree, Path::new("/etc/quell"));
        assert_eq!(
            tree,
            json!({ "ca_file": "/etc/quell/ca.pem", "password": { "file": "/run/secret" }, "profile": "x", "many": [{ "folder": "/etc/quell/lab" }] })
        );
    }
}
