//! Golden pairs: `valid/*.yaml` with the model they come to, `invalid/*` with the exact text that a user sees.
//! `UPDATE=1` writes them again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use quell_playbook::codes;
use quell_playbook::model::{ContentHash, Playbook};
use quell_playbook::render::{self, Style};

use crate::fixtures::{folder, load_files, load_one};

#[test]
fn valid_playbooks_come_to_their_models() {
    for path in files(&folder().join("valid"), "yaml") {
        let text = fs::read_to_string(&path).unwrap();
        let loaded = load_one(&file_name(&path), &text);
        let said = render::text(&loaded.diagnostics, &loaded.sources, Style::PLAIN);
        assert!(loaded.is_usable(), "{}:\n{said}", path.display());
        let model = outline(&loaded.playbooks[0]);
        compare(&path.with_extension("plan"), &format!("{model}\n{said}"));
    }
}

#[test]
fn invalid_playbooks_are_refused_in_these_words() {
    let mut seen = BTreeSet::new();
    let mut astray = Vec::new();
    for (path, bytes) in one_file_each() {
        // A file that is not about names is called as its playbook is.
        let loaded = load_files(&[("example.yaml", &bytes)]);
        let said = format!(
            "{}{}\n",
            render::text(&loaded.diagnostics, &loaded.sources, Style::PLAIN),
            render::summary(&loaded.diagnostics)
        );
        let code = file_name(&path)[..6].to_owned();
        if !said.contains(&code) {
            astray.push(format!("{}:\n{said}", path.display()));
        }
        seen.insert(code);
        compare(&path.with_extension("out"), &said);
    }
    assert!(astray.is_empty(), "{}", astray.join("\n"));
    for path in folders(&folder().join("invalid")) {
        let mut read = Vec::new();
        for file in files(&path, "yaml") {
            // Two files of one name lie in two folders.
            read.push((file_name(&file).replace("__", "/"), fs::read(&file).unwrap()));
        }
        let read: Vec<(&str, &[u8])> =
            read.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let loaded = load_files(&read);
        let said = render::text(&loaded.diagnostics, &loaded.sources, Style::PLAIN);
        let code = file_name(&path)[..6].to_owned();
        assert!(said.contains(&code), "{}:\n{said}", path.display());
        seen.insert(code);
        compare(&path.with_extension("out"), &said);
    }
    let all: BTreeSet<String> = codes::ALL.iter().map(|code| code.id.to_owned()).collect();
    let missing: Vec<&String> = all.difference(&seen).collect();
    // Both readers would have to disagree where no other rule sees it; the unit tests hold the comparison itself.
    // Those of the end are about other files: samples and tests.
    let elsewhere = [codes::READERS_DIFFER, codes::NEVER_HELD, codes::NEVER_HIT, codes::NOT_TESTED];
    assert_eq!(missing, elsewhere.map(|code| code.id), "codes without a golden pair");
}

#[test]
fn every_code_has_its_page() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/playbook/src/codes");
    let files: BTreeSet<String> = files(&pages, "md")
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let known: BTreeSet<String> = codes::ALL.iter().map(|code| code.id.to_owned()).collect();
    assert_eq!(files, known);
    for code in codes::ALL {
        assert!(code.page.starts_with(&format!("# {code}: ")), "{code}");
        for part in ["## Why", "## How to mend it"] {
            assert!(code.page.contains(part), "{code} has no part {part:?}");
        }
    }
}

/// The files of one playbook each; one is too large to be kept.
fn one_file_each() -> Vec<(PathBuf, Vec<u8>)> {
    let invalid = folder().join("invalid");
    let mut found: Vec<(PathBuf, Vec<u8>)> =
        files(&invalid, "yaml").into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    found.push((invalid.join("PB0101-too-large.yaml"), "# ".repeat(200_000).into_bytes()));
    found
}

/// The model without the text it was read from.
fn outline(playbook: &Arc<Playbook>) -> String {
    let bare = Playbook { source: "".into(), hash: ContentHash(String::new()), ..Playbook::clone(playbook) };
    format!("{bare:#?}")
}

fn compare(path: &Path, text: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).unwrap();
        return;
    }
    let golden = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(text, golden, "{} differs; UPDATE=1 writes it again", path.display());
}

/// The files in a folder with this ending, in order.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|found| found == ending))
        .collect();
    found.sort();
    found
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

/// The name of a file without its folder.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
