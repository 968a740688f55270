//! Named lists as an operator meets them: named in the site file, filled by hand and from a file, asked by a playbook.

use crate::place::Place;

/// A site with two lists, one of them with a file.
fn place() -> Place {
    let place = Place::with_acting_site();
    let site = place.read("quell.yaml");
    let lists = "\nlists:\n  vip-users:\n    about: Whom a person decides about\n  known-addresses: { file: known.csv }\n";
    place.write("quell.yaml", site + lists);
    place.write("known.csv", "value,because\n10.1.0.0/16,the office\n");
    place
}

#[test]
fn values_are_added_imported_shown_and_taken_out_again() {
    let place = place();
    let add = ["lists", "add", "vip-users", "CEO@contoso.example", "--because", "decides", "--json"];
    let added = place.quell(&add).well().json();
    assert_eq!((&added[0]["value"], &added[0]["by"]), (&"CEO@contoso.example".into(), &"operator".into()));
    place.write("more.csv", "value,until\nbob,2099-12-31\n\"cfo, the\",\n");
    place.quell(&["lists", "import", "vip-users", "more.csv"]).well();
    let shown = place.quell(&["lists", "show", "vip-users", "--json"]).well().json();
    assert_eq!((&shown["entries"], &shown["content"][1]["value"]), (&3.into(), &"bob".into()), "{shown}");
    place.quell(&["lists", "remove", "vip-users", "ceo@CONTOSO.example"]).well();
    let all = place.quell(&["lists", "list"]).well().out;
    assert!(all.contains("vip-users") && all.contains("Whom a person decides about"), "{all}");
    let all = place.quell(&["lists", "list", "--json"]).well().json();
    assert_eq!((&all[0]["entries"], &all[1]["entries"]), (&1.into(), &2.into()), "{all}");
}

#[test]
fn what_cannot_be_done_is_said_with_what_to_do() {
    let place = place();
    for (args, says) in [
        (&["lists", "add", "vip-user", "x"][..], "there is no list vip-user"),
        (&["lists", "remove", "vip-users", "x"], "x is not in the list vip-users"),
        (&["lists", "remove", "known-addresses", "10.1.0.0/16"], "it is changed there"),
        (&["lists", "add", "vip-users", "x", "--until", "tomorrow"], "is no day"),
        (&["lists", "add", "vip-users", "x", "--until", "2020-01-01"], "over already"),
        (&["lists", "add", "vip-users", ""], "an empty text"),
    ] {
        let said = place.quell(args).with_code(3);
        assert!(said.err.contains(says), "{args:?}: {}", said.err);
    }
    place.write("bad.csv", "a\nb,c\n");
    let said = place.quell(&["lists", "import", "vip-users", "bad.csv"]).with_code(3);
    assert!(said.err.contains("line 2"), "{}", said.err);
    let shown = place.quell(&["lists", "show", "vip-users", "--json"]).well().json();
    assert_eq!(shown["entries"], 0, "all of a file or none of it");
}

#[test]
fn a_playbook_that_names_another_list_is_refused_and_a_file_that_is_gone_is_found() {
    let place = place();
    place.change(
        "playbooks/disable-on-dcsync.yaml",
        "for_each: account",
        "for_each: account\nunless:\n  any:\n    - account: { in_list: vip-user }",
    );
    let said = place.quell(&["check"]).with_code(1);
    assert!(said.err.contains("PB0320") && said.err.contains("vip-users"), "{}", said.err);
    place.change("playbooks/disable-on-dcsync.yaml", "vip-user }", "vip-users }");
    place.quell(&["check"]).well();
    std::fs::remove_file(place.path("known.csv")).unwrap();
    let said = place.quell(&["check"]).with_code(1);
    assert!(said.err.contains("known.csv could not be read"), "{}", said.err);
    let shown = place.quell(&["lists", "list"]).well().out;
    assert!(shown.contains("unreadable"), "{shown}");
}

#[test]
fn whoever_is_in_the_list_is_spared_and_the_record_says_by_which_list() {
    let place = place();
    place.change(
        "playbooks/disable-on-dcsync.yaml",
        "for_each: account",
        "for_each: account\nunless:\n  any:\n    - account: { in_list: vip-users }",
    );
    place.quell(&["lists", "add", "vip-users", "00u00000000000daveXX", "--because", "on a plane"]).well();
    place.quell(&["run"]).well();
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    assert_eq!(runs[0]["counts"]["changed"], 0, "{runs}");
    let id = runs[0]["id"].as_str().unwrap();
    let shown = place.quell(&["runs", "show", id, "--json"]).well().out;
    assert!(shown.contains("\"entries\"") && shown.contains("00u00000000000daveXX"), "{shown}");
}

#[test]
fn what_a_list_says_is_seen_before_anything_is_done() {
    let place = place();
    place.change(
        "playbooks/disable-on-dcsync.yaml",
        "when:\n  alert:\n    all:\n",
        "when:\n  alert:\n    all:\n      - alert.title: { not_in_list: vip-users }\n",
    );
    place.quell(&["check"]).well();
    let alert = "alerts/dcsync.json";
    let explain = || place.quell(&["explain", alert, "--playbook", "disable-on-dcsync", "--json"]);
    let explained = explain().well().json();
    assert_eq!(explained[0]["playbooks"][0]["matched"], true, "{explained}");
    let title = explained[0]["title"].as_str().unwrap();
    place.quell(&["lists", "add", "vip-users", title]).well();
    let explained = explain().with_code(1).json();
    assert_eq!(explained[0]["playbooks"][0]["matched"], false, "{explained}");
    let held = place.quell(&["check", "--against", alert, "--json"]).well().json();
    let ours = held["against"]["playbooks"].as_array().unwrap();
    let ours = ours.iter().find(|one| one["playbook"] == "disable-on-dcsync").unwrap();
    assert_eq!(ours["starts"], 0, "{held}");
}
