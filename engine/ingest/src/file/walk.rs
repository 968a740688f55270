//! From what a person named to the files that are read, in a fixed order.

use std::path::{Path, PathBuf};

use super::Input;
use crate::error::IngestError;

/// Endings by which a file in a folder is taken for alerts; `.gz` may follow.
const ENDINGS: [&str; 6] = ["json", "jsonl", "ndjson", "cef", "log", "txt"];

/// What will be read.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: Vec<FoundFile>,
    /// Files in named folders that do not look like alerts.
    pub(crate) skipped: Vec<PathBuf>,
}

/// One thing to read.
#[derive(Debug)]
pub(crate) struct FoundFile {
    pub(crate) input: Input,
    /// Its size on disk, when that is known.
    pub(crate) size: Option<u64>,
}

/// Finds the files behind these inputs. A file that is named is read whatever it is called; folders are
/// walked in order of name, hidden files and other endings left out.
pub(crate) fn find(inputs: &[Input]) -> Result<Found, IngestError> {
    let mut found = Found::default();
    for input in inputs {
        let before = found.files.len();
        match input {
            Input::StandardInput => found.files.push(FoundFile { input: input.clone(), size: None }),
            Input::Path(path) => {
                let metadata = std::fs::metadata(path).map_err(|source| unreadable(path, source))?;
                if metadata.is_dir() {
                    walk(path, &mut found)?;
                } else {
                    // A pipe says that it has no bytes.
                    let size = metadata.is_file().then_some(metadata.len());
                    found.files.push(FoundFile { input: input.clone(), size });
                }
                if found.files.len() == before {
                    return Err(IngestError::Empty { path: path.display().to_string() });
                }
            }
        }
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Found) -> Result<(), IngestError> {
    let failed = |source| unreadable(folder, source);
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(failed)?.collect();
    let mut paths: Vec<_> = entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        let metadata = std::fs::metadata(&path).map_err(|source| unreadable(&path, source))?;
        if metadata.is_dir() {
            // A link to a folder may lead back up; the folder is read where it really is.
            if !path.is_symlink() {
                walk(&path, found)?;
            }
        } else if looks_like_alerts(&path) {
            found.files.push(FoundFile { input: Input::Path(path), size: Some(metadata.len()) });
        } else {
            found.skipped.push(path);
        }
    }
    Ok(())
}

fn looks_like_alerts(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

fn unreadable(path: &Path, source: std::io::Error) -> IngestError {
    IngestError::Read { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_in_order_and_only_alerts_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.json", "a/z.JSONL.gz", "a/b/c.cef", "c.md", ".hidden.json", "d.log", "a.json.zip"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "xy").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
        let found = find(&[Input::Path(folder.path().into())]).unwrap();
        let names: Vec<_> = found
            .files
            .iter()
            .map(|file| match &file.input {
                Input::Path(path) => path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned(),
                Input::StandardInput => panic!("nobody named it"),
            })
            .collect();
        assert_eq!(names, ["a/b/c.cef", "a/z.JSONL.gz", "b.json", "d.log"]);
        assert_eq!(found.skipped.len(), 2);
        assert!(found.files.iter().all(|file| file.size == Some(2)));
        let named = find(&[Input::Path(folder.path().join("c.md"))]).unwrap();
        assert_eq!(named.files.len(), 1, "who names a file means it");
    }

    #[test]
    fn what_is_not_there_or_empty_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(find(&[Input::Path(folder.path().into())]), Err(IngestError::Empty { .. })));
        assert!(matches!(find(&[Input::Path(folder.path().join("x"))]), Err(IngestError::Read { .. })));
    }
}
