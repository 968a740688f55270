//! What the documents tell their readers to type is there: commands, their options, and the tests that show a promise.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::place::{Place, tests};

/// Folders whose documents are held to this.
const FOLDERS: [&str; 6] = [".", "connectors", "engine", "examples", "playbooks", "tests"];

#[test]
fn every_command_of_the_documents_is_there() {
    let place = Place::new();
    let mut helps = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (document, line) in typed() {
        let Some(words) = line.strip_prefix("quell ") else { continue };
        let words: Vec<&str> = words.split('#').next().unwrap().split_whitespace().collect();
        seen += 1;
        let (command, rest) = command_of(&place, &mut helps, &words);
        let help = &helps[&command];
        if command.is_empty() || (takes_commands(help) && rest.first().is_some_and(|word| is_command(word))) {
            wrong.push(format!("{document}: `{line}`: there is no such command"));
        }
        for option in rest.iter().filter(|word| word.starts_with("--")) {
            let option = option.split('=').next().unwrap().trim_end_matches([',', ';']);
            if !help.contains(option) {
                wrong.push(format!("{document}: `{line}`: there is no {option}"));
            }
        }
    }
    assert!(seen > 100, "only {seen} commands were found: are the documents read?");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The command that these words begin with, and what comes behind it; its help is read.
fn command_of<'a>(
    place: &Place,
    helps: &mut BTreeMap<String, String>,
    words: &'a [&'a str],
) -> (String, &'a [&'a str]) {
    let mut command = Vec::new();
    loop {
        let name = command.join(" ");
        let help = helps.entry(name.clone()).or_insert_with(|| {
            let words: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
            place.quell(&words).well().out
        });
        let rest = &words[command.len()..];
        match rest.first().filter(|word| commands_of(help).any(|known| known == **word)) {
            Some(word) => command.push(*word),
            None => return (name, rest),
        }
    }
}

/// The names under `Commands:`.
fn commands_of(help: &str) -> impl Iterator<Item = &str> {
    let lines =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_whitespace().next())
}

fn takes_commands(help: &str) -> bool {
    commands_of(help).next().is_some()
}

/// A word in small letters: anything else stands for a value.
fn is_command(word: &str) -> bool {
    word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-') && !word.starts_with('-')
}

#[test]
fn every_test_of_the_documents_is_there() {
    let program =
        Regex::new(r"(?:-p (quell-[a-z-]+) )?(?:--features \S+ )?--test ([a-z_-]+)((?: [a-z_:]+)*)").unwrap();
    let unit = Regex::new(r"-p (quell-[a-z-]+)(?: --(?:lib|bin quell))?((?: [a-z_:]+)+)$").unwrap();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (document, line) in typed() {
        let mut look = |folder: Option<PathBuf>, filters: &str| {
            seen += 1;
            let Some(folder) = folder else {
                wrong.push(format!("{document}: `{line}`: there is no such program"));
                return;
            };
            for filter in filters.split_whitespace().filter(|filter| !names_in(&folder, filter)) {
                wrong.push(format!("{document}: `{line}`: no test is called {filter}"));
            }
        };
        for found in program.captures_iter(&line) {
            let package = found.get(1).map_or("quell-tests", |package| package.as_str());
            look(test_folder(package, &found[2]), &found[3]);
        }
        if let Some(found) = unit.captures(&line).filter(|_| !line.contains("--test")) {
            look(package_folder(&found[1]), &found[2]);
        }
    }
    assert!(seen > 15, "only {seen} tests were found: are the documents read?");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What stands in the documents between marks of code, with the document that says it.
fn typed() -> Vec<(String, String)> {
    let fence = Regex::new(r"(?s)```(\w*)\n(.*?)```").unwrap();
    let marked = Regex::new(r"`([^`\n]+)`").unwrap();
    let mut typed = Vec::new();
    for path in FOLDERS.iter().flat_map(|folder| files(&root().join(folder), *folder != ".", "md")) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        for block in fence.captures_iter(&text).filter(|block| ["sh", "bash"].contains(&&block[1])) {
            let lines = block[2].replace("\\\n", " ");
            typed.extend(lines.lines().map(|line| (name.clone(), line.trim().to_owned())));
        }
        let prose = fence.replace_all(&text, "");
        typed.extend(marked.captures_iter(&prose).map(|found| (name.clone(), found[1].to_owned())));
    }
    typed
}

/// The manifest of a package: it stands in the folder after which it is called.
fn manifest(package: &str) -> Option<PathBuf> {
    let named = format!("name = \"{package}\"");
    let holds = |path: &PathBuf| fs::read_to_string(path).unwrap().contains(&named);
    FOLDERS[1..].iter().flat_map(|folder| files(&root().join(folder), true, "toml")).find(holds)
}

fn package_folder(package: &str) -> Option<PathBuf> {
    Some(manifest(package)?.parent()?.to_owned())
}

/// Where the sources of a test program are.
fn test_folder(package: &str, test: &str) -> Option<PathBuf> {
    let manifest = manifest(package)?;
    let folder = manifest.parent()?.to_owned();
    let declared = fs::read_to_string(&manifest).unwrap();
    let path = Regex::new(&format!(r#"name = "{test}"\npath = "([^"]+)""#)).unwrap();
    if let Some(path) = path.captures(&declared) {
        return Some(folder.join(&path[1]).parent()?.to_owned());
    }
    [folder.join("tests").join(test), folder.join(test)]
        .into_iter()
        .find(|folder| folder.join("main.rs").is_file())
}

/// Whether a module or a test below a folder has a name with this part.
fn names_in(folder: &Path, filter: &str) -> bool {
    filter.split("::").all(|part| {
        let function = Regex::new(&format!(r"\bfn \w*{part}")).unwrap();
        files(folder, true, "rs").iter().any(|path| {
            path.file_stem().unwrap().to_string_lossy().contains(part)
                || function.is_match(&fs::read_to_string(path).unwrap())
        })
    })
}

fn files(folder: &Path, below: bool, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && below && !path.is_symlink() && !path.ends_with("target") {
            found.extend(files(&path, true, ending));
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found
}

fn root() -> PathBuf {
    tests().parent().unwrap().to_owned()
}
