//! Tokens of people, as they use them in a terminal: with an engine that runs, and without one.

use crate::place::{Place, Said};
use crate::service::Engine;

const ASK_FIRST: &str = "language: 1
playbook: ask-first
title: Ask before somebody is cut off
mode: act
when:
  manual: true
inputs:
  target: account
approval: { ask: [soc], expires: 30m, quorum: 2 }
for_each: account
steps:
  - id: cut_off
    do: account.disable
    approval: ask
";

const ANNS: &str = "anns-token-0123456789abcdef01234";
const BOBS: &str = "bobs-token-0123456789abcdef01234";
const STRANGE: &str = "eves-token-0123456789abcdef01234";

fn site() -> Place {
    let place = Place::with_site();
    place.write("playbooks/ask-first.yaml", ASK_FIRST);
    place.write("tokens/ann", ANNS);
    place.write("tokens/bob", format!("{BOBS}\n"));
    let people = "\n  people:\n    - { name: ann, token: { file: tokens/ann } }\n    - { name: bob, token: { file: tokens/bob } }";
    let listen = "  listen: \"127.0.0.1:0\"";
    assert!(place.read("quell.yaml").contains(listen), "{}", place.read("quell.yaml"));
    place.change("quell.yaml", listen, &format!("{listen}{people}"));
    let teams = "\nteams:\n  soc: [ann, bob, operator]\n";
    place.write("quell.yaml", place.read("quell.yaml") + teams);
    place.quell(&["check"]).well();
    place
}

/// A command of somebody who has this token.
fn with(place: &Place, token: &str, command: &str) -> Said {
    place.shell(&format!("QUELL_TOKEN={token} quell {command}"))
}

/// Starts the playbook; gives back the question.
fn asked(place: &Place) -> String {
    place.quell(&["start", "ask-first", "--input", "target=alice@contoso.example", "--yes"]).well();
    let list = place.quell(&["approvals", "list", "--json"]).well().json();
    format!("{}/{}", list[0]["run"].as_str().unwrap(), list[0]["question"]["id"].as_str().unwrap())
}

/// Two people meet a quorum of two; one does not, neither with the engine's token nor with their own.
fn a_quorum_takes_two_people(place: &Place) {
    let approve = format!("approvals approve {}", asked(place));
    let words: Vec<&str> = approve.split(' ').collect();
    let refused = place.quell(&words).with_code(3);
    assert!(refused.err.contains("nobody has shown to be operator"), "{}", refused.err);
    assert!(refused.err.contains("QUELL_TOKEN"), "it says how: {}", refused.err);
    with(place, STRANGE, &approve).with_code(3);
    assert!(with(place, "short", &approve).with_code(3).err.contains("shorter than 32 characters"));

    with(place, ANNS, &approve).well();
    let again = with(place, ANNS, &approve).with_code(3);
    assert!(again.err.contains("answered"), "{}", again.err);
    let as_bob = place.shell(&format!("USER=bob SUDO_USER=bob QUELL_TOKEN={ANNS} quell {approve}"));
    assert!(as_bob.with_code(3).err.contains("answered"), "the token says who it is, and nothing else");
    let list = place.quell(&["approvals", "list", "--json"]).well().json();
    assert_eq!(list[0]["replies"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list[0]["replies"][0]["by"], "ann");
    with(place, BOBS, &approve).well();
    assert_eq!(place.quell(&["approvals", "list", "--json"]).well().json().as_array().unwrap().len(), 0);
    let run = &words[2].split('/').next().unwrap();
    let shown = place.quell(&["runs", "show", run]).well().out;
    assert!(shown.contains("by ann") && shown.contains("by bob"), "{shown}");
    assert!(!shown.contains("by operator: approve"), "{shown}");

    for (command, name) in [("pause --json", "ann"), ("resume --json", "ann")] {
        let said = with(place, ANNS, command).well();
        assert_eq!(said.json()["by"], name, "{command}: {}", said.out);
    }
    let audit = place.quell(&["audit", "export"]).well().out;
    assert_eq!(audit.matches("answer_refused").count(), 3, "{audit}");
}

#[test]
fn a_quorum_takes_two_people_at_a_running_engine() {
    let place = site();
    let (engine, _pipe) = Engine::that_waits(&place);
    a_quorum_takes_two_people(&place);
    let said = with(&place, STRANGE, "runs list").with_code(3);
    assert!(said.err.contains("QUELL_TOKEN"), "{}", said.err);
    engine.signal("TERM");
    let (_, log) = engine.ended();
    for secret in [ANNS, BOBS, STRANGE] {
        assert!(!log.contains(secret) && !place.holds("state", secret), "{secret} is kept or said");
    }
}

#[test]
fn a_quorum_takes_two_people_where_no_engine_runs() {
    let place = site();
    a_quorum_takes_two_people(&place);
    let said = with(&place, STRANGE, "runs list").with_code(3);
    assert!(said.err.contains("the token of nobody"), "{}", said.err);
}

#[test]
fn an_engine_does_not_start_on_a_token_that_is_none() {
    for (bobs, words) in [(ANNS, "the same token as that of ann"), ("short", "shorter than 32 characters")] {
        let place = site();
        place.write("tokens/bob", bobs);
        let said = place.quell(&["run"]).with_code(3);
        assert!(said.err.contains(words) && said.err.contains("quell.yaml:"), "{}", said.err);
        assert!(!said.err.contains(&ANNS[..12]), "{}", said.err);
        assert!(!place.path("state").exists(), "nothing was opened");
    }
}

#[test]
fn somebody_without_a_team_is_a_warning() {
    let place = site();
    place.change("quell.yaml", "soc: [ann, bob, operator]", "soc: [ann, operator]");
    let said = place.quell(&["check"]).well();
    assert!(said.err.contains("\"bob\" is in no team"), "{}", said.err);
}
