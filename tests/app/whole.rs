//! One playbook with nearly every word of the language, as a newcomer who has read about all of them would write it: it
//! needs no site to be checked and to be played.

use crate::place::{Place, tests};

#[test]
fn a_playbook_with_every_word_is_checked_and_played_without_a_site() {
    let folder = tests().join("app/whole");
    let folder = folder.to_str().unwrap();
    let place = Place::new();
    let said = place.quell(&["check", folder]).well();
    assert!(said.err.contains("no mistakes"), "{said:?}");
    let said = place.quell(&["test", folder, "--json"]).well();
    assert_eq!(said.json().as_array().unwrap().len(), 3, "{said:?}");
}

/// Without a site every action is known; with one, those that it can do.
#[test]
fn a_single_playbook_is_held_against_the_site_that_is_named() {
    let place = Place::with_site();
    let text = "language: 1\nplaybook: look\ntitle: Look\nwhen: { alert: { all: [{ alert.severity: { is: high } }] } }\n\
        steps:\n  - id: seen\n    do: script.run\n    with: { program: look, values: { country: $.country } }\n\
        \x20 - if: { all: [{ seen.values.country: { is: SE } }] }\n    stop: { outcome: seen }\n";
    place.write("look.yaml", text);
    place.quell(&["check", "look.yaml"]).well();
    let said = place.quell(&["check", "-c", "quell.yaml", "look.yaml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("no configured connector offers `script.run`"), "{said:?}");
    assert!(said.err.contains("1 error"), "nothing follows from it: {said:?}");
    let said = place.quell(&["check", "-c", "other.yaml", "look.yaml"]);
    assert_eq!(said.code, 3, "a site that is named and not there: {said:?}");
}

/// An editor is set up before there is a site: it then knows every action.
#[test]
fn without_a_site_the_schema_and_the_reference_know_every_action() {
    let place = Place::new();
    let schema = place.quell(&["schema"]).well().out;
    assert_eq!(schema, place.quell(&["schema", "--all"]).well().out);
    assert!(schema.contains("entra_id.get_user") && schema.contains("thehive.open_alert"));
    let page = place.quell(&["reference", "--actions"]).well().out;
    assert!(page.contains("active_directory.get_user"));
    // A site that is named and not there is a mistake all the same.
    assert_eq!(place.quell(&["schema", "--config", "other.yaml"]).code, 3);
}
