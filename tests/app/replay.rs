//! A replay is dry unless told otherwise, and leaves nothing behind.

use std::collections::BTreeMap;
use std::path::Path;

use crate::place::Place;

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn a_dry_replay_changes_no_file_of_the_site() {
    let place = Place::with_acting_site();
    // The lab writes its tenant on first use; that is not the replay's doing.
    place.quell(&["connectors", "probe"]).well();
    let before = files(place.as_ref());
    let said = place.quell(&["replay", "alerts"]).well();
    assert!(said.out.contains("would be called"), "{}", said.out);
    assert!(said.err.contains("nothing was touched"), "{}", said.err);
    assert_eq!(files(place.as_ref()), before);
    assert!(!place.path("state").exists());
}

#[test]
fn the_same_alerts_give_the_same_report() {
    let place = Place::new();
    place.quell(&["demo"]).well();
    let replay =
        || place.quell(&["replay", "-c", ".quell-demo/quell.yaml", ".quell-demo/alerts"]).with_code(1);
    let first = replay();
    assert!(first.out.contains("left alone"), "{}", first.out);
    for _ in 0..3 {
        assert_eq!(replay().out, first.out);
    }
}

#[test]
fn acting_off_a_terminal_needs_the_word() {
    let place = Place::with_acting_site();
    place.quell(&["connectors", "probe"]).well();
    let before = files(place.as_ref());
    let said = place.quell(&["replay", "alerts", "--live"]).with_code(3);
    assert!(said.err.contains("--yes"), "{}", said.err);
    assert_eq!(files(place.as_ref()), before);
    let said = place.quell(&["replay", "alerts", "--live", "--yes"]).well();
    assert!(said.out.contains("done"), "{}", said.out);
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    assert_eq!(runs.as_array().unwrap().len(), 1);
    assert!(runs[0]["origin"]["replay"].is_object() || runs[0]["origin"].get("replay").is_some(), "{runs}");
}

#[test]
fn a_dry_replay_works_beside_a_store_that_is_in_use() {
    let place = Place::with_acting_site();
    let (engine, _pipe) = crate::service::Engine::that_waits(&place);
    place.quell(&["replay", "alerts"]).well();
    let said = place.quell(&["replay", "alerts", "--live", "--yes"]).with_code(3);
    assert!(said.err.contains("stop the running engine"), "{}", said.err);
    engine.end();
}
