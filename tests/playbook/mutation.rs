//! A slip of the finger in a shipped playbook is refused, or changes what the playbook does: it is never passed over.

use std::sync::Arc;

use quell_playbook::model::{ContentHash, Playbook};
use quell_playbook::{SourceFile, Surroundings, load};
use quell_tests::called::called_by;

use crate::fixtures::shipped_folder;
use crate::shipped::{known, shipped};

/// So many mutations of each playbook.
const SAMPLE: usize = 40;

#[test]
fn a_mutation_is_refused_or_changes_the_model() {
    let catalogue = known();
    let surroundings = Surroundings::default();
    let mut tried = 0;
    let mut passed_over = Vec::new();
    for file in shipped() {
        let original = String::from_utf8(file.bytes.clone()).unwrap();
        let model = |text: &str| {
            let file = SourceFile { name: file.name.clone(), bytes: text.as_bytes().to_vec() };
            let path = shipped_folder().join(&file.name);
            let mut files = called_by(text, path.parent()?);
            files.push(file);
            let loaded = load(&files, &catalogue, &surroundings);
            let one = || loaded.playbooks.iter().find(|one| *one.source == *text).map(outline);
            loaded.is_usable().then(one)?
        };
        let good = model(&original).unwrap_or_else(|| panic!("{} does not load", file.name));
        // So many of each that the whole takes seconds, beginning at another place in each.
        let all = mutations(&original);
        let stride = (all.len() / SAMPLE).max(1);
        let first = original.len() % stride;
        for mutated in all.into_iter().skip(first).step_by(stride) {
            tried += 1;
            if model(&mutated).as_ref() == Some(&good) {
                passed_over.push(difference(&file.name, &original, &mutated));
            }
        }
    }
    assert!(tried > 800, "only {tried} mutations");
    assert!(
        passed_over.is_empty(),
        "{} of {tried} passed over:\n{}",
        passed_over.len(),
        passed_over.join("\n")
    );
}

/// Each token of the text, changed in several ways. Comments are not tokens.
fn mutations(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let mut mutated = Vec::new();
    for (number, &(start, end)) in tokens.iter().enumerate() {
        let token = &text[start..end];
        let with = |replacement: &str| format!("{}{replacement}{}", &text[..start], &text[end..]);
        // Every token is left out once, and changed once in one of four ways.
        mutated.push(with(""));
        let changed = match number % 4 {
            0 => with(&token[1..]),
            1 => with(&format!("{token}x")),
            2 => {
                let (head, tail) = token.split_at(token.len() / 2);
                with(&format!("{tail}{head}"))
            }
            // Another token of the same file in its place: what copying and pasting does.
            _ => {
                let (start, end) = tokens[(number * 7 + 3) % tokens.len()];
                with(&text[start..end])
            }
        };
        if changed != text && changed != mutated[mutated.len() - 1] {
            mutated.push(changed);
        }
    }
    mutated
}

/// Runs of letters, digits and the signs of names; every other visible ASCII sign by itself.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let comment = line.find(" #").or_else(|| line.starts_with('#').then_some(0)).unwrap_or(line.len());
        let mut at = 0;
        while at < comment {
            let rest = &line[at..comment];
            let length =
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
            let length = if length == 0 { rest.chars().next().map_or(1, char::len_utf8) } else { length };
            if rest.starts_with(|c: char| c.is_ascii_graphic()) {
                tokens.push((offset + at, offset + at + length));
            }
            at += length;
        }
        offset += line.len();
    }
    tokens
}

fn outline(playbook: &Arc<Playbook>) -> String {
    let bare = Playbook { source: "".into(), hash: ContentHash(String::new()), ..Playbook::clone(playbook) };
    format!("{bare:?}")
}

fn difference(file: &str, original: &str, mutated: &str) -> String {
    let changed =
        original.lines().zip(mutated.lines()).enumerate().find(|(_, (before, after))| before != after);
    match changed {
        Some((line, (before, after))) => format!("{file}:{}: {before:?} -> {after:?}", line + 1),
        None => format!("{file}: the last line"),
    }
}
