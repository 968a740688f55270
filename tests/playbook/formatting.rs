//! Laying playbooks out changes nothing of what they say, keeps every comment, and is done after one time.

use std::fs;
use std::sync::Arc;

use quell_playbook::model::{ContentHash, Playbook};
use quell_playbook::{Layout, SourceFile, Surroundings, format, load};
use quell_tests::called::called_by;

use crate::fixtures::{catalogue, folder, shipped_folder, surroundings};
use crate::golden::{file_name, files};
use crate::shipped::{folders, known, shipped};

/// What a text loads as, apart from the text itself.
type Model = Box<dyn Fn(&str) -> Option<String>>;

fn playbooks() -> Vec<(String, String, Model)> {
    let mut found: Vec<(String, String, Model)> = Vec::new();
    let offered = Arc::new(known());
    for file in shipped() {
        let (name, offered) = (file.name.clone(), Arc::clone(&offered));
        let model = move |text: &str| {
            let file = SourceFile { name: name.clone(), bytes: text.as_bytes().to_vec() };
            let folder = shipped_folder().join(&name);
            let mut files = called_by(text, folder.parent()?);
            files.push(file);
            outline(load(&files, &offered, &Surroundings::default()), text)
        };
        found.push((file.name, String::from_utf8(file.bytes).unwrap(), Box::new(model)));
    }
    let (offered, site) = (Arc::new(catalogue()), surroundings());
    for path in files(&folder().join("valid"), "yaml") {
        let name = file_name(&path);
        let text = fs::read_to_string(&path).unwrap();
        let (file, offered, site) = (name.clone(), Arc::clone(&offered), site.clone());
        let model = move |text: &str| {
            let file = SourceFile { name: file.clone(), bytes: text.as_bytes().to_vec() };
            outline(load(&[file], &offered, &site), text)
        };
        found.push((name, text, Box::new(model)));
    }
    found
}

fn outline(loaded: quell_playbook::Loaded, text: &str) -> Option<String> {
    let playbook =
        loaded.is_usable().then(|| loaded.playbooks.into_iter().find(|one| *one.source == *text))??;
    let bare = Playbook { source: "".into(), hash: ContentHash(String::new()), ..Playbook::clone(&playbook) };
    Some(format!("{bare:?}"))
}

fn comments(text: &str) -> Vec<String> {
    let mut found: Vec<String> = text
        .lines()
        .filter_map(|line| {
            let at = line.find(" #").map(|at| at + 1).or_else(|| line.starts_with('#').then_some(0))?;
            Some(line[at..].trim_end().to_owned())
        })
        .collect();
    found.sort();
    found
}

fn laid_out(name: &str, text: &str) -> String {
    match format(name, text.as_bytes()).unwrap() {
        Layout::Settled(text) => text,
        Layout::Unusual => panic!("{name} was left alone:\n{text}"),
    }
}

/// The same file, spaced in other ways. None of them changes what it says.
fn mutations(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let all = |change: &dyn Fn(&str) -> String| -> String {
        lines.iter().map(|line| format!("{}\n", change(line))).collect()
    };
    let margin = |line: &str| line.len() - line.trim_start().len();
    let mut mutated = vec![
        // What is below the top moves to the right as a whole.
        all(&|line| format!("{}{line}", " ".repeat(if margin(line) > 0 { 2 } else { 0 }))),
        all(&|line| format!("{}{line}", " ".repeat(if margin(line) > 0 { 5 } else { 0 }))),
        text.replace('\n', "\r\n"),
        text.replace('\n', "\n\n"),
        format!("\u{feff}\n\n# first\n\n{text}\n\n# last\n\n"),
        text.replace("{ ", "{").replace(" }", "}"),
        all(&|line| broken_open(line, margin(line))),
    ];
    for number in 0..lines.len() {
        let with = |line: &str| {
            let mut changed = lines.clone();
            changed[number] = line;
            changed.iter().map(|line| format!("{line}\n")).collect::<String>()
        };
        let line = lines[number];
        // One of seven ways for each line, another one for its neighbours.
        mutated.push(match number % 7 {
            0 => with(&format!("{line}   ")),
            1 => with(&line.replacen(": ", ":    ", 1)),
            2 => with(&line.replacen("- ", "-  ", 1)),
            3 => with(&format!("\n\n\n{line}")),
            4 => with(&format!("{}# a remark\n{line}", " ".repeat(margin(line)))),
            5 => with(&format!("      # a remark\n{line}")),
            _ => with(&format!("{line}\n\n# a remark")),
        });
    }
    mutated
}

/// What stands in braces behind a key, over several lines.
fn broken_open(line: &str, margin: usize) -> String {
    match (line.find(": { "), line.strip_suffix(" }")) {
        (Some(at), Some(_)) if !line.contains('#') => {
            let inner = &line[at + 4..line.len() - 2];
            format!("{}: {{\n{}{inner}\n{}}}", &line[..at], " ".repeat(margin + 7), " ".repeat(margin + 3))
        }
        _ => line.to_owned(),
    }
}

/// So many ways of writing each playbook otherwise.
const SAMPLE: usize = 12;

#[test]
fn nothing_changes_its_meaning_and_no_comment_is_lost() {
    let (mut tried, mut changed, mut left) = (0, 0, 0);
    for (name, text, model) in playbooks() {
        let good = model(&text).unwrap_or_else(|| panic!("{name} does not load"));
        let all = mutations(&text);
        let stride = (all.len() / SAMPLE).max(1);
        for mutated in all.iter().skip(text.len() % stride).step_by(stride).chain([&all[6], &text]) {
            // A remark in the middle of a text, or a dash pushed away from what hangs below it, says something else.
            let Some(before) = model(mutated) else { continue };
            tried += 1;
            // A text that begins with an empty line is one of the few that are left alone.
            let formatted = match format(&name, mutated.as_bytes()).unwrap() {
                Layout::Settled(formatted) => formatted,
                Layout::Unusual => {
                    left += 1;
                    continue;
                }
            };
            assert_eq!(model(&formatted).as_ref(), Some(&before), "{name}:\n{mutated}\n---\n{formatted}");
            assert_eq!(comments(&formatted), comments(mutated), "{name}:\n{mutated}\n---\n{formatted}");
            let again = laid_out(&name, &formatted);
            assert_eq!(again, formatted, "{name}:\n{mutated}");
            changed += usize::from(formatted != *mutated && before == good);
        }
    }
    assert!(left * 10 < tried, "{left} of {tried} were left alone");
    assert!(tried > 150 && changed > 100, "{changed} of {tried} were laid out anew");
}

#[test]
fn mere_spacing_is_settled_and_not_handed_back() {
    for (name, text, _) in playbooks() {
        let settled = laid_out(&name, &text);
        for mutated in &mutations(&settled)[..3] {
            assert_eq!(laid_out(&name, mutated), settled, "{name}:\n{mutated}");
        }
    }
}

#[test]
fn the_shipped_playbooks_and_their_tests_are_laid_out_so() {
    for path in
        folders(&shipped_folder()).into_iter().flat_map(|name| files(&shipped_folder().join(name), "yaml"))
    {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(laid_out(&file_name(&path), &text), text, "{}", path.display());
    }
}
