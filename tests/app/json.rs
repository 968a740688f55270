//! `--json`: every answer is JSON on standard output, and every failure is JSON on standard error.

use serde_json::Value;

use crate::place::Place;

#[test]
fn every_answer_is_json() {
    let place = Place::with_acting_site();
    place.quell(&["run", "--json"]).well().json();
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    let run = runs[0]["id"].as_str().unwrap().to_owned();
    place.quell(&["exclusions", "add", "--upn", "alice@contoso.example", "--because", "x", "--json"]).well();
    for (args, code) in [
        (vec!["check"], 0),
        (vec!["check", "playbooks"], 0),
        (vec!["runs", "show", &run], 0),
        (vec!["runs", "list", "--status", "needs-attention"], 0),
        (vec!["undo", &run, "--dry-run"], 0),
        (vec!["undo", &run], 0),
        (vec!["replay", "alerts"], 0),
        (vec!["explain", "alerts/dcsync.json"], 0),
        (vec!["explain-code"], 0),
        (vec!["explain-code", "PB0412"], 0),
        (vec!["exclusions", "list"], 0),
        (vec!["exclusions", "test", "alice@contoso.example"], 0),
        (vec!["exclusions", "test", "nobody@contoso.example"], 1),
        (vec!["exclusions", "test", "bob@contoso.example"], 1),
        (vec!["identity", "alice@contoso.example"], 0),
        (vec!["identity", "nobody@contoso.example"], 1),
        (vec!["actions"], 0),
        (vec!["actions", "account.disable"], 0),
        (vec!["connectors", "list"], 0),
        (vec!["connectors", "check"], 0),
        (vec!["connectors", "probe"], 0),
        (vec!["store", "stats"], 0),
        (vec!["store", "verify"], 0),
        (vec!["store", "prune", "--dry-run"], 0),
        (vec!["store", "backup", "copy"], 0),
        (vec!["store", "restore", "copy", "--yes"], 0),
        (vec!["store", "accept-loss", "--yes"], 0),
        (vec!["store", "convert", "--to", "redb"], 0),
        (vec!["init", "another"], 0),
    ] {
        let said = place.quell(&[args.as_slice(), &["--json"]].concat()).with_code(code);
        let answer = said.json();
        assert!(answer.is_object() || answer.is_array(), "{args:?}: {answer}");
        assert_eq!(said.err, "", "{args:?}");
    }
}

#[test]
fn a_demo_and_a_replay_say_what_they_did() {
    let place = Place::new();
    let demo = place.quell(&["demo", "--json"]).well().json();
    assert_eq!(demo["records"]["refused"], 1);
    assert!(demo["acted_on"]["bob@contoso.example"]["account.disable"].is_array(), "{demo}");
    let site = ".quell-demo/quell.yaml";
    let replay = place.quell(&["replay", "--json", "-c", site, ".quell-demo/alerts/01-dcsync.json"]).well();
    assert_eq!(replay.json()["live"], false);
    assert_eq!(replay.json()["records"]["alerts"], 1);
}

#[test]
fn decoding_prints_one_object_a_line() {
    let place = Place::new();
    let said = place.shell("quell decode \"$SAMPLES\" --json").with_code(1);
    let lines = said.json_lines();
    let having = |key: &str| lines.iter().filter(|line| line.get(key).is_some()).count();
    assert_eq!((having("alert"), having("passed"), having("refused")), (16, 4, 1));
    assert!(lines.iter().all(|line| line["origin"].is_string()));
}

#[test]
fn every_failure_is_json() {
    let place = Place::with_site();
    for args in [
        vec!["runs", "show", "0000"],
        vec!["undo", "0000"],
        vec!["actions", "account.disble"],
        vec!["exclusions", "test", "alice"],
        vec!["exclusions", "remove", "nothing"],
        vec!["explain", "nowhere.json"],
        vec!["decode", "nowhere.json"],
        vec!["replay", "nowhere.json"],
        vec!["replay", "alerts", "--live"],
        vec!["store", "restore", "nowhere", "--yes"],
        vec!["connectors", "probe", "nobody"],
        vec!["init", "."],
        vec!["check", "-c", "nowhere.yaml"],
    ] {
        let said = place.quell(&[args.as_slice(), &["--json"]].concat()).with_code(3);
        assert_eq!(said.out, "", "{args:?}");
        let failure: Value =
            serde_json::from_str(&said.err).unwrap_or_else(|_| panic!("{args:?}: {}", said.err));
        assert!(failure["error"].is_string() && failure["because"].is_array(), "{failure}");
    }
}

#[test]
fn mistakes_keep_their_places() {
    let place = Place::with_site();
    place.change("quell.yaml", "retention:", "retentoin:");
    let found = place.quell(&["check", "--json"]).with_code(1).json();
    assert_eq!(found["diagnostics"][0]["nearest"], "retention");
    let failure: Value =
        serde_json::from_str(&place.quell(&["runs", "list", "--json"]).with_code(3).err).unwrap();
    assert_eq!(failure["diagnostics"], found["diagnostics"]);
}
