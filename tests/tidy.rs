//! The house rules, as tests: what a reader may rely on without looking.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the tree should say so")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const MOST_LINES: usize = 400;

/// What may stand at the top of the tree. Dotted names are hidden and free.
const TOP: [&str; 8] =
    ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "connectors", "engine", "examples", "playbooks"];

/// Words that say nothing of what is in a file.
const EMPTY_NAMES: [&str; 8] = ["util", "utils", "common", "helpers", "helper", "misc", "base", "manager"];

/// Which rooms each crate may use; `ARCHITECTURE.md` explains the table.
const ARROWS: [(&str, &[&str]); 11] = [
    ("quell-alert", &[]),
    ("quell-action", &["quell-alert"]),
    ("quell-playbook", &["quell-alert", "quell-action"]),
    ("quell-crash", &[]),
    ("quell-run", &["quell-alert", "quell-action", "quell-playbook", "quell-crash"]),
    ("quell-store", &["quell-alert", "quell-action", "quell-playbook", "quell-run", "quell-crash"]),
    ("quell-ingest", &["quell-alert", "quell-crash"]),
    ("quell-api", &["quell-alert", "quell-action", "quell-playbook", "quell-run"]),
    ("quell-kit", &["quell-alert", "quell-action"]),
    ("quell-connectors", &["quell-action"]),
    ("quell-custom-connector", &["quell-alert", "quell-action", "quell-kit"]),
];

/// The one crate that may name a thing.
const FENCES: [(&str, &str); 4] = [
    ("sled", "engine/store"),
    ("redb", "engine/store"),
    ("rdkafka", "engine/ingest"),
    ("axum", "engine/api"),
];

#[test]
fn the_top_of_the_tree_is_fixed() {
    let mut allowed: BTreeSet<String> = TOP.iter().map(ToString::to_string).collect();
    allowed.insert("tests".into());
    let found: BTreeSet<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && name != "target")
        .collect();
    assert_eq!(found, allowed);
}

#[test]
fn no_rust_file_is_too_long() {
    let long: Vec<String> = rust_files()
        .into_iter()
        .map(|path| (lines_of(&path), path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, path)| format!("{}: {lines} lines", shown(&path)))
        .collect();
    assert!(long.is_empty(), "files over {MOST_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn names_say_what_is_inside() {
    let empty: Vec<String> = files(&root())
        .into_iter()
        .filter(|path| {
            path.strip_prefix(root()).unwrap().iter().any(|part| {
                let stem = Path::new(part).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                EMPTY_NAMES.contains(&stem)
            })
        })
        .map(|path| shown(&path))
        .collect();
    assert!(empty.is_empty(), "names that say nothing: {empty:?}");
}

#[test]
fn every_room_opens_with_its_description() {
    for path in rust_files().into_iter().filter(|path| path.ends_with("src/lib.rs")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} does not say what the room is", shown(&path));
        let code = text.lines().filter(|line| line.contains("fn ") || line.contains("struct ")).count();
        let list = shown(&path) == "connectors/all/src/lib.rs" || !shown(&path).starts_with("engine");
        assert!(list || code == 0, "{} holds code: move it to a file of its own", shown(&path));
    }
}

#[test]
fn arrows_point_the_way_the_design_says() {
    let table: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    for manifest in manifests() {
        let text = fs::read_to_string(&manifest).unwrap();
        let Some(package) = value_of(&text, "name") else { continue };
        let shown = shown(&manifest);
        let allowed: Vec<&str> = match table.get(package.as_str()) {
            Some(allowed) => allowed.to_vec(),
            None if shown.starts_with("connectors/") => vec!["quell-alert", "quell-action", "quell-kit"],
            None => continue,
        };
        let used = dependencies(&text).into_iter().filter(|name| name.starts_with("quell-"));
        for name in used {
            let listed = package == "quell-connectors" && name != "quell-app";
            assert!(listed || allowed.contains(&name.as_str()), "{shown}: {package} may not use {name}");
        }
    }
}

#[test]
fn only_one_room_names_each_outside_engine() {
    for (crate_name, room) in FENCES {
        for manifest in manifests() {
            let shown = shown(&manifest);
            let free =
                shown.starts_with("tests/") || shown == format!("{room}/Cargo.toml") || shown == "Cargo.toml";
            let names = dependencies(&fs::read_to_string(&manifest).unwrap());
            assert!(
                free || !names.contains(&crate_name.to_owned()),
                "{shown} names {crate_name}, the affair of {room}"
            );
        }
    }
}

#[test]
fn nothing_is_left_unfinished() {
    let marks =
        [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("FIX", "ME"), concat!("db", "g!(")];
    for path in rust_files() {
        let text = fs::read_to_string(&path).unwrap();
        for mark in marks {
            assert!(!text.contains(mark), "{} has {mark}", shown(&path));
        }
    }
}

#[test]
fn every_connector_is_in_the_list() {
    let list = fs::read_to_string(root().join("connectors/all/Cargo.toml")).unwrap();
    for entry in fs::read_dir(root().join("connectors")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && !["all", "kit"].contains(&name.as_str()) {
            assert!(
                dependencies(&list).contains(&format!("quell-{name}")),
                "connectors/all does not list {name}"
            );
        }
    }
}

#[test]
fn paths_of_one_machine_stay_out() {
    for path in files(&root()).into_iter().filter(|path| is_text(path)) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for place in [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/fa", "rm/")] {
            assert!(!text.contains(place), "{} names {place}", shown(&path));
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

fn lines_of(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().lines().count()
}

fn rust_files() -> Vec<PathBuf> {
    files(&root()).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}

fn manifests() -> Vec<PathBuf> {
    files(&root()).into_iter().filter(|path| path.ends_with("Cargo.toml")).collect()
}

fn is_text(path: &Path) -> bool {
    let endings = ["rs", "toml", "md", "yaml", "json", "sh", "run"];
    path.extension().is_none_or(|end| endings.iter().any(|known| end == *known))
        && !path.ends_with("Cargo.lock")
}

/// Every file below a folder, hidden folders and build output apart.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// The names under `[dependencies]`, development ones apart.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if inside && !line.trim().is_empty() && !line.starts_with('#') {
            let end = line.find(['.', ' ', '=']).unwrap_or(line.len());
            names.push(line[..end].to_owned());
        }
    }
    names
}

fn value_of(manifest: &str, key: &str) -> Option<String> {
    let line = manifest.lines().find(|line| line.starts_with(&format!("{key} = ")))?;
    Some(line.split('"').nth(1)?.to_owned())
}
