//! `quell new` writes what passes, and nothing else; `quell check` and `quell test` beyond the plain word.

use crate::place::Place;

#[test]
fn what_it_writes_passes_check_and_test_and_is_covered() {
    let place = Place::new();
    for (name, each, actions) in [
        ("cut-off", "account", &["account.disable", "account.revoke_sessions"][..]),
        ("isolate", "device", &["device.isolate"]),
        ("release", "device", &["device.release"]),
        ("cut-off-and-tell", "account", &["entra_id.get_user", "account.disable", "list.add", "slack.post"]),
        ("isolate-and-tell", "device", &["device.isolate", "slack.post", "script.run"]),
        ("call-first", "account", &["http.call", "account.disable", "account.enable"]),
    ] {
        for act in [true, false] {
            let name = format!("{name}-{act}");
            let mut args = vec!["new", &name, "--technique", "T1550.003", "--each", each];
            actions.iter().for_each(|action| args.extend(["--do", action]));
            if act {
                args.push("--act");
            }
            let said = place.quell(&args).well();
            assert!(said.err.contains(&format!("{name}.test.yaml")), "{}", said.err);
        }
    }
    place.quell(&["check", "playbooks", "--require-tests"]).well();
    place.quell(&["test", "playbooks"]).well();
    let before = place.read("playbooks/cut-off-true.yaml");
    let said =
        place.quell(&["new", "cut-off-true", "--each", "account", "--do", "account.disable"]).with_code(3);
    assert!(said.err.contains("is there already"), "{}", said.err);
    assert_eq!(place.read("playbooks/cut-off-true.yaml"), before);
}

/// What is done to somebody is for the author to say: the sender of an alert chooses nothing.
#[test]
fn nothing_of_the_alert_decides_what_is_done_to_somebody() {
    let place = Place::new();
    place.quell(&["new", "quarantine", "--each", "account", "--do", "account.add_to_group", "--act"]).well();
    let written = place.read("playbooks/quarantine.yaml");
    assert!(written.contains("group: \"the group that you mean\""), "{written}");
    place.quell(&["test", "playbooks"]).well();
}

#[test]
fn what_cannot_be_is_said_and_nothing_is_written() {
    let place = Place::new();
    for (args, says) in [
        (&["new"][..], "say it with NAME"),
        (&["new", "x", "--each", "account"], "say it with --do"),
        (&["new", "x", "--each", "account", "--do", "account.disabel"], "the nearest is account.disable"),
        (&["new", "x", "--each", "account", "--do", "device.isolate"], "another kind of target"),
        (&["new", "x.test", "--each", "account", "--do", "account.disable"], "PB0206"),
        (&["new", "X y", "--each", "account", "--do", "account.disable"], "PB0206"),
        (&["new", "x", "--each", "account", "--do", "account.disable", "--technique", "T155"], "PB0412"),
    ] {
        let said = place.quell(args).with_code(3);
        assert!(said.err.contains(says), "{args:?}: {}", said.err);
    }
    assert!(!place.path("playbooks").exists());
}

#[test]
fn a_disruptive_action_without_a_test_is_found() {
    let place = Place::with_site();
    let said = place.quell(&["check", "--require-tests"]).with_code(1);
    assert!(said.err.contains("PB0622") && said.err.contains("do: account.disable"), "{}", said.err);
}

#[test]
fn playbooks_are_held_against_samples() {
    let place = Place::with_site();
    let samples =
        std::fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/alerts")).unwrap();
    let samples = samples.to_str().unwrap();
    let said = place.quell(&["check", "--against", samples]).well();
    assert!(
        said.out.contains("disable-on-dcsync") && !said.err.contains("PB0620"),
        "{}{}",
        said.out,
        said.err
    );
    place.change("playbooks/disable-on-dcsync.yaml", "any_of: [", "any_of: [T1999, ");
    place.quell(&["check", "--against", samples]).well();
    place.change(
        "playbooks/disable-on-dcsync.yaml",
        "for_each:",
        "unless:\n  any:\n    - $.extendedproperties.Nope: { exists: true }\nfor_each:",
    );
    let said = place.quell(&["check", "--against", samples, "--json"]).well().json();
    let codes: Vec<&str> =
        said["diagnostics"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["PB0621"], "{said}");
    assert_eq!(said["diagnostics"][0]["severity"], "warning");
    let held = &said["against"]["playbooks"][0];
    assert!(
        said["against"]["alerts"].as_u64().unwrap() > 10 && held["starts"].as_u64().unwrap() >= 1,
        "{said}"
    );
    place.quell(&["check", "--against", "nowhere"]).with_code(3);
}

#[test]
fn a_condition_that_no_sample_meets_is_told_at_its_place() {
    let place = Place::with_site();
    place.write("one.json", place.read("alerts/dcsync.json"));
    place.change(
        "playbooks/disable-on-dcsync.yaml",
        "    all:\n",
        "    all:\n      - alert.title: { contains: DCSink }\n",
    );
    let said = place.quell(&["check", "--against", "one.json"]).well();
    assert!(said.err.contains("PB0620") && said.err.contains("DCSink"), "{}", said.err);
    assert!(said.err.contains("holds for none of 1 alerts"), "{}", said.err);
}

#[test]
fn a_report_for_code_scanning_is_written() {
    let place = Place::with_site();
    place.change("playbooks/disable-on-dcsync.yaml", "any_of", "anyof");
    place.quell(&["check", "--sarif", "report.sarif"]).with_code(1);
    let report: serde_json::Value = serde_json::from_str(&place.read("report.sarif")).unwrap();
    let result = &report["runs"][0]["results"][0];
    assert_eq!(
        (&report["version"], &result["ruleId"], &result["level"]),
        (&"2.1.0".into(), &"PB0404".into(), &"error".into())
    );
    assert!(result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap() > 1);
}

#[test]
fn the_tests_of_one_playbook_are_played() {
    let place = Place::new();
    for name in ["one", "two"] {
        place.quell(&["new", name, "--each", "account", "--do", "account.disable"]).well();
    }
    let all = place.quell(&["test"]).well().out;
    assert!(all.contains("passed  one") && all.contains("passed  two"), "{all}");
    for path in ["playbooks/one.yaml", "playbooks/one.test.yaml"] {
        let said = place.quell(&["test", path]).well().out;
        assert!(said.contains("passed  one") && !said.contains("two"), "{path}: {said}");
    }
    for name in ["one", "two"] {
        place.change(&format!("playbooks/{name}.test.yaml"), "tests:", "testz:");
    }
    let said = place.quell(&["test"]).with_code(1);
    for file in ["playbooks/one.test.yaml:", "playbooks/two.test.yaml:"] {
        assert!(
            said.err.contains(file) && said.out.is_empty(),
            "all mistakes, and nothing played: {}",
            said.err
        );
    }
    std::fs::remove_file(place.path("playbooks/one.test.yaml")).unwrap();
    let said = place.quell(&["test", "playbooks/one.yaml"]).with_code(3);
    assert!(said.err.contains("tests of one.yaml stand in one.test.yaml"), "{}", said.err);
}

#[test]
fn coverage_names_what_no_test_reaches() {
    let place = Place::new();
    place.write("playbooks/ask.yaml", "language: 1\nplaybook: ask\ntitle: Asks\nmode: act\nwhen: { alert: { all: [{ alert.title: { exists: true } }] } }\nfor_each: account\nsteps:\n  - id: sure\n    ask: { question: \"Sure?\", of: [soc], choices: [go, leave], if_answer: { leave: stop }, expires: 1h }\n  - id: way\n    choose:\n      - if: { all: [{ account.name: { is: nobody } }] }\n        steps: [{ stop: { outcome: nobody } }]\n      - otherwise:\n          - do: account.disable\n");
    place.write("alert.json", r#"{"SystemAlertId":"1","AlertName":"x","AlertSeverity":"High","ProductName":"x","TimeGenerated":"2026-03-02T12:00:00Z","Entities":[{"Type":"account","Name":"alice","NTDomain":"CONTOSO","Sid":"S-1-5-21-1-2-3-1104"}]}"#);
    place.write("playbooks/ask.test.yaml", "language: 1\ntests:\n  - name: goes\n    alert: ../alert.json\n    answers: { sure: go }\n    expect: { actions: [account.disable of alice] }\n");
    let said = place.quell(&["test", "--coverage"]).well().out;
    for missing in [
        "step stop: never taken",
        "way 1 never taken",
        "never answered with `leave`",
        "never answered with `expired`",
        "no test shows an alert that does not start it",
    ] {
        assert!(said.contains(missing), "{missing}: {said}");
    }
    assert!(!said.contains("`go`") && !said.contains("4 of 4"), "{said}");
    let said = place.quell(&["test", "--coverage", "--json"]).well().json();
    assert_eq!(
        (&said["coverage"][0]["steps"], &said["coverage"][0]["taken"]),
        (&4.into(), &3.into()),
        "{said}"
    );
    assert_eq!(said["tests"][0]["passed"], true);
}

#[test]
fn a_call_is_covered_and_whoever_no_alert_starts_needs_no_alert() {
    let place = Place::new();
    let head = "language: 1\nmode: act\n";
    place.write("playbooks/caller.yaml", format!("{head}playbook: caller\ntitle: Calls\nwhen: {{ manual: true }}\nsteps:\n  - id: greet\n    run: greet\n"));
    place.write("playbooks/greet.yaml", format!("{head}playbook: greet\ntitle: Greets\nwhen: {{ called: true }}\nsteps:\n  - id: say\n    set: {{ words: good morning }}\n"));
    for name in ["caller", "greet"] {
        let test = "language: 1\ntests:\n  - name: it goes\n    inputs: {}\n    expect: { actions: none }\n";
        place.write(&format!("playbooks/{name}.test.yaml"), test);
    }
    let said = place.quell(&["test", "--coverage", "--json"]).well().json();
    for (number, playbook) in ["caller", "greet"].into_iter().enumerate() {
        let reached = &said["coverage"][number];
        assert_eq!(
            (&reached["playbook"], &reached["missing"]),
            (&playbook.into(), &serde_json::json!([])),
            "{said}"
        );
    }
}

/// Whoever misspells a path in CI must not see green.
#[test]
fn where_there_is_no_playbook_nothing_is_without_mistakes() {
    let place = Place::new();
    for name in ["a.txt", "b.YAML", "tests/c.test.yaml"] {
        place.write(name, "garbage: [");
    }
    place.write("good/d.yaml", "language: 1");
    std::fs::create_dir(place.path("empty")).unwrap();
    for path in ["a.txt", "b.YAML", "tests", "tests/c.test.yaml", "empty"] {
        let said = place.quell(&["check", path]).with_code(3);
        assert!(said.err.contains(&format!("there is no playbook at {path}")), "{path}: {}", said.err);
    }
    place.quell(&["check", "good"]).with_code(1);
}

/// A folder may have links to itself, links to nothing, and what is no file.
#[test]
fn links_and_pipes_among_playbooks_hold_nothing_up() {
    let place = Place::with_site();
    let count = |said: crate::place::Said| said.well().json()["diagnostics"].as_array().map(Vec::len);
    std::os::unix::fs::symlink(".", place.path("playbooks/self")).unwrap();
    std::os::unix::fs::symlink("../playbooks", place.path("playbooks/up")).unwrap();
    assert_eq!(count(place.quell(&["check", "playbooks", "--json"])), Some(0));
    place.quell(&["fmt", "playbooks"]).well();
    std::os::unix::fs::symlink("nowhere", place.path("playbooks/gone.yaml")).unwrap();
    let said = place.quell(&["check", "playbooks"]).with_code(3);
    assert!(said.err.contains("playbooks/gone.yaml could not be read"), "{}", said.err);
    std::fs::remove_file(place.path("playbooks/gone.yaml")).unwrap();
    assert!(place.shell("mkfifo playbooks/pipe.yaml").well().err.is_empty());
    let said = place.quell(&["check", "playbooks"]).with_code(3);
    assert!(said.err.contains("pipe.yaml is neither a file nor a folder"), "{}", said.err);
}

/// The names that playbooks use of the site file are held against it.
#[test]
fn what_the_site_file_names_is_known_to_the_checker() {
    let place = Place::with_site();
    place.change(
        "quell.yaml",
        "connectors:",
        "connectors:\n  slack: { webhooks: { soc: { file: hook }, ops: { file: hook } } }\n  script: { programs: { review: { run: /bin/true } } }\n  smtp: { host: mail.example, from: q@x.example, recipients: { soc: [soc@x.example] } }",
    );
    let playbook = |steps: &str| {
        format!(
            "language: 1\nplaybook: told\ntitle: x\nwhen: {{ alert: {{ all: [{{ alert.severity: {{ is: high }} }}] }} }}\nsteps:\n{steps}"
        )
    };
    for (steps, says) in [
        ("  - do: slack.post\n    with: { channel: soc, text: x }\n", None),
        (
            "  - do: slack.post\n    with: { channel: sok, text: \"{{ alert.title }}\" }\n",
            Some("did you mean: `soc`"),
        ),
        ("  - do: slack.post\n    with: { text: x }\n", Some("needs `channel`")),
        ("  - do: slack.post\n    with: { channel: \"{{ alert.title }}\", text: x }\n", None),
        ("  - do: script.run\n    with: { program: reveiw }\n", Some("did you mean: `review`")),
        (
            "  - do: smtp.send\n    with: { to: [sok, boss@x.example], subject: x, text: y }\n",
            Some("names no `sok`"),
        ),
    ] {
        place.write("playbooks/told.yaml", playbook(steps));
        let said = place.quell(&["check"]);
        match says {
            None => drop(said.well()),
            Some(says) => {
                let said = said.with_code(1);
                let all = format!("{}{}", said.out, said.err);
                assert!(all.contains(says), "{steps}: {all}");
            }
        }
    }
}
