//! [`Book`]: a shipped playbook with its tests, ready to be played again and again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use quell_action::Catalogue;
use quell_alert::Alert;
use quell_playbook::{SourceFile, Surroundings, load};
use quell_run::rehearsal::{Rehearsal, read};
use quell_tests::called::called_by;

/// A shipped playbook with its tests.
pub(crate) struct Book {
    /// Its folder and file.
    pub(crate) name: String,
    pub(crate) text: String,
    folder: PathBuf,
    tests: Vec<(Rehearsal, Option<Arc<Alert>>)>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(quell_connectors::catalogue);

/// All of them, in order. Each passes its tests as it is.
pub(crate) fn books() -> Vec<Book> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../playbooks");
    let mut files = Vec::new();
    gather(&root, &mut files);
    files.sort();
    let books: Vec<Book> = files.iter().map(|path| Book::read(&root, path)).collect();
    assert!(books.len() > 10, "only {} playbooks", books.len());
    for book in &books {
        assert!(!book.notices(&book.text), "{}: its tests fail as it is", book.name);
    }
    books
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            gather(&path, files);
        } else if name.ends_with(".yaml") && !name.ends_with(".test.yaml") {
            files.push(path);
        }
    }
}

impl Book {
    fn read(root: &Path, path: &Path) -> Self {
        let beside = path.with_extension("test.yaml");
        let bytes = fs::read(&beside).unwrap_or_else(|error| panic!("{}: {error}", beside.display()));
        let tests = read(&beside.to_string_lossy(), &bytes, &CATALOGUE).unwrap_or_else(|wrong| {
            panic!("{}: {:?}", beside.display(), wrong.diagnostics);
        });
        let with_alert = |test: Rehearsal| {
            let bytes =
                |name: &str| fs::read(path.with_file_name(name)).map_err(|error| format!("{name}: {error}"));
            let alert = test.alert(bytes).unwrap_or_else(|why| panic!("{}: {why}", test.name));
            (test, alert.map(Arc::new))
        };
        Self {
            name: path.strip_prefix(root).unwrap().display().to_string(),
            text: fs::read_to_string(path).unwrap(),
            folder: path.parent().unwrap().to_owned(),
            tests: tests.into_iter().map(with_alert).collect(),
        }
    }

    /// Whether a playbook with this text in the place of this one would be noticed: it does not load, or a test fails.
    pub(crate) fn notices(&self, text: &str) -> bool {
        let file = SourceFile { name: self.name.clone(), bytes: text.as_bytes().to_vec() };
        let mut files = called_by(text, &self.folder);
        files.push(file);
        let mut loaded = load(&files, &CATALOGUE, &Surroundings::default());
        let place = loaded.playbooks.iter().position(|one| *one.source == *text);
        // A warning is a word said at the right time, too.
        let (Some(place), []) = (place, loaded.diagnostics.as_slice()) else { return true };
        let playbook = loaded.playbooks.remove(place);
        self.tests.iter().any(|(test, alert)| {
            let played = test.play(alert.clone(), &playbook, &loaded.playbooks, &CATALOGUE);
            played.map_or(true, |played| !played.differences.is_empty())
        })
    }
}
