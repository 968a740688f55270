//! Loading, reading back what a run holds, and the forms in which mistakes are told to programs.

use quell_action::Catalogue;
use quell_playbook::render::{self, Style};
use quell_playbook::{SourceFile, Surroundings, load, recover};

use crate::fixtures::{catalogue, folder, load_files, load_one, surroundings};

fn valid(name: &str) -> String {
    std::fs::read_to_string(folder().join("valid").join(format!("{name}.yaml"))).unwrap()
}

#[test]
fn files_of_tests_are_left_out_and_order_does_not_matter() {
    let nine = valid("nine-lines");
    let form = valid("every-form");
    let loaded = load_files(&[
        ("b/nine-lines.yaml", nine.as_bytes()),
        ("b/nine-lines.test.yaml", b"tests: []\n"),
        ("notes.txt", b"not a playbook"),
        ("a/every-form.yml", form.as_bytes()),
    ]);
    assert!(loaded.is_usable(), "{}", render::text(&loaded.diagnostics, &loaded.sources, Style::PLAIN));
    let names: Vec<&str> = loaded.playbooks.iter().map(|playbook| playbook.name.0.as_str()).collect();
    assert_eq!(names, ["every-form", "nine-lines"]);
    assert_eq!(loaded.sources.len(), 2);
}

#[test]
fn one_bad_file_keeps_all_from_being_used_and_the_good_ones_are_still_known() {
    let loaded =
        load_files(&[("nine-lines.yaml", valid("nine-lines").as_bytes()), ("bad.yaml", b"language: 2\n")]);
    assert!(!loaded.is_usable());
    assert_eq!(loaded.playbooks.len(), 1);
}

#[test]
fn a_run_finds_its_version_again() {
    for name in ["nine-lines", "every-form", "every-operator"] {
        let loaded = load_one(&format!("{name}.yaml"), &valid(name));
        let playbook = &loaded.playbooks[0];
        let again = recover(&playbook.source, &[], &catalogue()).unwrap();
        assert_eq!(again.hash, playbook.hash);
        assert_eq!(format!("{again:?}"), format!("{playbook:?}"));
        assert_eq!(playbook.hash.0.len(), 64);
    }
}

#[test]
fn a_version_whose_action_is_gone_says_so() {
    let diagnostics = recover(&valid("nine-lines"), &[], &Catalogue::default()).unwrap_err();
    assert_eq!(diagnostics[0].code.id, "PB0301");
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    for name in ["nine-lines", "every-form", "every-operator"] {
        let text = valid(name);
        let model = |text: &str| {
            let loaded = load_one(&format!("{name}.yaml"), text);
            assert!(
                loaded.is_usable(),
                "{}",
                render::text(&loaded.diagnostics, &loaded.sources, Style::PLAIN)
            );
            let playbook = &loaded.playbooks[0];
            format!("{:?} {:?} {:?} {:?}", playbook.when, playbook.unless, playbook.steps, playbook.always)
        };
        assert_eq!(model(&text.replace('\n', "\r\n")), model(&text));
        assert_eq!(model(&format!("\u{feff}{text}")), model(&text));
    }
}

#[test]
fn the_hash_is_of_the_bytes() {
    let text = valid("nine-lines");
    let one = load_one("nine-lines.yaml", &text);
    let other = load_one("nine-lines.yaml", &format!("{text}# a comment\n"));
    assert_ne!(one.playbooks[0].hash, other.playbooks[0].hash);
}

#[test]
fn the_site_says_how_many_at_most() {
    let file = SourceFile { name: "nine-lines.yaml".into(), bytes: valid("nine-lines").into_bytes() };
    let site = Surroundings { at_most: quell_playbook::AtMost(3), ..surroundings() };
    let loaded = load(&[file], &catalogue(), &site);
    assert_eq!(loaded.playbooks[0].for_each.as_ref().unwrap().at_most, 3);
}

#[test]
fn programs_get_places_codes_and_names() {
    let loaded = load_files(&[("example.yaml", b"language: 1\nplaybook: example\ntitel: x\n")]);
    let json = render::json(&loaded.diagnostics);
    let first = &json["diagnostics"][0];
    assert_eq!((&first["code"], &first["severity"]), (&"PB0202".into(), &"error".into()));
    let titel =
        json["diagnostics"].as_array().unwrap().iter().find(|found| found["found"] == "titel").unwrap();
    assert_eq!(titel["nearest"], "title");
    assert_eq!(titel["place"]["line"], 3);
    assert_eq!(titel["place"]["column"], 1);
    let sarif = render::sarif(&loaded.diagnostics);
    let run = &sarif["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), loaded.diagnostics.len());
    assert_eq!(
        run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "example.yaml"
    );
    assert!(run["tool"]["driver"]["rules"][0]["help"]["text"].as_str().unwrap().contains("## Why"));
}

#[test]
fn what_a_file_holds_cannot_steer_the_terminal() {
    let loaded = load_files(&[("example.yaml", "titel: \"\u{1b}[31m red \u{202e}\"\n".as_bytes())]);
    let said = render::text(&loaded.diagnostics, &loaded.sources, Style::PLAIN);
    assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'), "{said:?}");
}
