//! Tokens of people, as they use them in a terminal: with an engine that runs, and without one.

use std::io::Write as _;

use crate::asked::BY_HAND;
use crate::place::{Place, Said};
use crate::service::Engine;

const ANNS: &str = "anns-token-0123456789abcdef01234";
const BOBS: &str = "bobs-token-0123456789abcdef01234";
const STRANGE: &str = "eves-token-0123456789abcdef01234";

fn site() -> Place {
    let place = Place::with_site();
    let of_two = BY_HAND.replace("through: soc-channel, expires: 30m", "expires: 30m, quorum: 2");
    place.write("playbooks/ask-first.yaml", of_two);
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

/// The engine refuses another name than that of the token: no command gives one, whoever is at the keyboard.
#[test]
fn whatever_a_command_does_it_does_in_the_name_of_the_token() {
    let place = site();
    place.change("quell.yaml", "\nteams:", "\nlists:\n  vip-users:\nteams:");
    place.write("table.csv", "kind,name,because\nupn,carol@contoso.example,tested\n");
    place.write("values.txt", "a\nb\n");
    let (engine, mut pipe) = Engine::that_waits(&place);
    writeln!(pipe, "no alert").unwrap();
    let letter = loop {
        let letters = place.quell(&["deadletters", "list", "--json"]).well().json();
        if let Some(id) = letters[0]["id"].as_str() {
            break id.to_owned();
        }
    };
    let add = "exclusions add --upn alice@contoso.example --because tested --json";
    let entry = with(&place, ANNS, add).well().json();
    let entry = entry[0]["id"].as_str().unwrap().to_owned();
    for (command, code) in [
        ("exclusions import table.csv".to_owned(), 0),
        (format!("exclusions remove {entry}"), 0),
        ("lists add vip-users a --because tested".into(), 0),
        ("lists import vip-users values.txt".into(), 0),
        ("lists remove vip-users a".into(), 0),
        ("start ask-first --input target=bob@contoso.example --yes".into(), 0),
        ("undo --since 2h".into(), 0),
        (format!("deadletters retry {letter} --yes"), 1),
        // There is no such run, and that is all that is wrong.
        ("undo ffff".into(), 3),
        ("undo confirm ffff".into(), 3),
        ("undo extend ffff --until 2099-01-01T00:00:00Z".into(), 3),
        ("runs cancel ffff".into(), 3),
        ("attention settle ffff 0/a/0 happened".into(), 3),
    ] {
        let said = with(&place, ANNS, &command).with_code(code);
        assert!(code != 3 || said.err.contains("there is no run ffff"), "{command}: {}", said.err);
    }
    let audit = place.quell(&["audit", "export"]).well().out;
    let by = |name: &str| audit.contains(&format!("\"by\":\"{name}\""));
    assert!(by("ann") && !by("operator"), "{audit}");
    engine.end();
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
