//! Every snippet of playbooks/README.md does what the text beside it says.

use std::fs;

use quell_playbook::render::{self, Style};
use quell_playbook::{SourceFile, Surroundings, load};

use crate::fixtures::shipped_folder;
use crate::golden::files;
use crate::shipped::{folders, known};

/// A fenced block: its language and its text.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

#[test]
fn every_snippet_is_a_playbook_that_loads_or_is_refused_as_shown() {
    let text = fs::read_to_string(shipped_folder().join("README.md")).unwrap();
    let blocks = blocks(&text);
    let mut playbooks = 0;
    for (position, (language, snippet)) in blocks.iter().enumerate() {
        if language != "yaml" {
            continue;
        }
        playbooks += 1;
        let name = snippet.lines().find_map(|line| line.strip_prefix("playbook: ")).unwrap_or("example");
        let file = SourceFile { name: format!("{name}.yaml"), bytes: snippet.clone().into_bytes() };
        // A playbook that calls another one is read with those that can be called.
        let callable =
            blocks.iter().filter(|(_, other)| other.contains("  called: true") && other != snippet);
        let others = callable.map(|(_, other)| {
            let name = other.lines().find_map(|line| line.strip_prefix("playbook: ")).unwrap_or("other");
            SourceFile { name: format!("{name}.yaml"), bytes: other.clone().into_bytes() }
        });
        let files: Vec<SourceFile> = std::iter::once(file).chain(others).collect();
        let loaded = load(&files, &known(), &Surroundings::default());
        let said = render::text(&loaded.diagnostics, &loaded.sources, Style::PLAIN);
        let shown = blocks
            .get(position + 1)
            .filter(|(language, _)| language == "text")
            .map(|(_, text)| text.as_str());
        assert_eq!(said.trim_end(), shown.unwrap_or_default().trim_end(), "{snippet}");
    }
    assert!(playbooks >= 6, "only {playbooks} snippets");
    // The first one is the nine-line playbook.
    let (_, first) = blocks.iter().find(|(language, _)| language == "yaml").unwrap();
    assert!(first.lines().filter(|line| !line.trim().is_empty()).count() <= 12);
}

#[test]
fn the_index_names_every_playbook() {
    let text = fs::read_to_string(shipped_folder().join("README.md")).unwrap();
    for folder in folders(&shipped_folder()) {
        for path in files(&shipped_folder().join(&folder), "yaml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.ends_with(".test.yaml") {
                continue;
            }
            assert!(text.contains(&format!("({folder}/{name})")), "{folder}/{name} is not in the index");
        }
    }
}
