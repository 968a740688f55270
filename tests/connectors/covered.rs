//! No action is left out of the suite: every connector's tests hold what the suite was played for against everything
//! that the connector could ever offer, and this holds the tests to it.

use std::fs;
use std::path::{Path, PathBuf};

use quell_connectors::all;
use quell_custom_connector::BadgeOffice;
use quell_kit::conformance::{Report, not_met_by_mishaps, not_played};

/// Those whose calls go to no network: a program has one, and the lab writes to a file.
const WITHOUT_CALLS: [&str; 2] = ["lab", "script"];

#[test]
fn every_connector_says_that_the_suite_was_played_for_all_of_its_actions() {
    let connectors = listed();
    assert_eq!(connectors.len(), all().len(), "{connectors:?}");
    let mut missing = Vec::new();
    for (folder, connector) in &connectors {
        let tests = tests_of(folder);
        let mut wanted = vec![format!("assert_eq!(not_played::<{connector}>(")];
        if !WITHOUT_CALLS.contains(&folder.as_str()) {
            wanted.push(format!("assert_eq!(not_met_by_mishaps::<{connector}>("));
        }
        missing.extend(
            wanted.into_iter().filter(|line| !tests.contains(line)).map(|line| format!("{folder}: {line}")),
        );
    }
    assert_eq!(missing, [""; 0], "no test of the connector says so");
}

/// What was never played is named, whatever settings it takes for it to be offered.
#[test]
fn an_action_that_no_bench_brings_is_named() {
    let nothing = [Report::default()];
    let both = ["account.disable at badge_office", "account.enable at badge_office"];
    assert_eq!(not_played::<BadgeOffice>(&nothing), both);
    assert_eq!(not_met_by_mishaps::<BadgeOffice>(&nothing), both);
}

/// The folder and the type of every connector on the list.
fn listed() -> Vec<(String, String)> {
    let list = fs::read_to_string(root().join("connectors/all/src/lib.rs")).unwrap();
    let named = list.lines().filter_map(|line| line.trim().strip_prefix("Kind::of::<quell_"));
    let parts = named.filter_map(|line| line.trim_end_matches(">(),").split_once("::"));
    parts.map(|(name, connector)| (name.replace('_', "-"), connector.to_owned())).collect()
}

/// The tests in the connector's own folder, and those here, without what only stands in comments.
fn tests_of(folder: &str) -> String {
    let mut text = String::new();
    collect(&root().join("connectors").join(folder).join("tests"), &mut text);
    collect(&root().join("tests"), &mut text);
    text
}

fn collect(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, text);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            text.extend(source.lines().filter(|line| !line.trim_start().starts_with("//")));
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
