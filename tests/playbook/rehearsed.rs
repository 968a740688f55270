//! The tests beside the shipped playbooks pass; each acting playbook is tried with somebody who is excluded and with a
//! call that fails; and a test that should fail does.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use quell_alert::Alert;
use quell_playbook::model::{Mode, Playbook};
use quell_playbook::{SourceFile, Surroundings, load};
use quell_run::rehearsal::{Rehearsal, read};

use crate::fixtures::shipped_folder;
use crate::golden::{file_name, files};
use crate::shipped::{folders, is_disruptive, known, shipped};

fn playbooks() -> BTreeMap<String, Arc<Playbook>> {
    let loaded = load(&shipped(), &known(), &Surroundings::default());
    loaded.playbooks.into_iter().map(|playbook| (playbook.name.0.clone(), playbook)).collect()
}

/// The tests of each playbook, by its name, with their text.
fn tests() -> Vec<(String, String, Vec<Rehearsal>)> {
    let catalogue = known();
    let mut found = Vec::new();
    for folder in folders(&shipped_folder()) {
        for path in files(&shipped_folder().join(&folder), "yaml") {
            let name = file_name(&path);
            let Some(stem) = name.strip_suffix(".test.yaml") else { continue };
            let text = fs::read_to_string(&path).unwrap();
            let tests = read(&name, text.as_bytes(), &catalogue)
                .unwrap_or_else(|wrong| panic!("{name}: {:?}", wrong.diagnostics));
            found.push((stem.to_owned(), text, tests));
        }
    }
    found
}

pub(crate) fn alert(test: &Rehearsal) -> Option<Arc<Alert>> {
    let folder = shipped_folder().join("identity");
    let read = |name: &str| fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"));
    test.alert(read).unwrap_or_else(|why| panic!("{}: {why}", test.name)).map(Arc::new)
}

#[test]
fn the_tests_of_the_shipped_playbooks_pass() {
    let (catalogue, playbooks) = (known(), playbooks());
    let beside: Vec<Arc<Playbook>> = playbooks.values().map(Arc::clone).collect();
    let mut failed = Vec::new();
    for (name, _, tests) in tests() {
        for test in tests {
            let played = test.play(alert(&test), &playbooks[&name], &beside, &catalogue).unwrap();
            if !played.differences.is_empty() {
                let why = played.not_started.unwrap_or_default();
                failed.push(format!("{name}: {}\n{:#?}\n{why}", test.name, played.differences));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_playbook_is_tried_with_an_exclusion_and_with_a_failure() {
    let tests = tests();
    for (name, playbook) in playbooks() {
        let (_, text, _) =
            tests.iter().find(|(of, _, _)| *of == name).unwrap_or_else(|| panic!("{name}: no test"));
        let mut needed = Vec::new();
        if is_disruptive(&playbook) {
            needed.extend(["exclusions:", "because: excluded"]);
        }
        if playbook.mode != Mode::Observe {
            needed.extend(["error:", "failed:"]);
        }
        for needed in needed {
            assert!(text.contains(needed), "{name}: no test has {needed}");
        }
    }
}

#[test]
fn the_tutorial_shows_tests_that_pass() {
    let text = fs::read_to_string(shipped_folder().join("README.md")).unwrap();
    let mut count = 0;
    for shown in text.split("```yml\n").skip(1) {
        let shown = shown.split("```").next().unwrap();
        for test in read("dcsync.test.yaml", shown.as_bytes(), &known()).unwrap() {
            let played = test.play(alert(&test), &playbooks()["dcsync"], &[], &known()).unwrap();
            assert_eq!(played.differences, [], "{}", test.name);
            count += 1;
        }
    }
    assert_eq!(count, 2 + 5);
}

/// One test about the replication of the directory.
fn play(expect: &str, given: &str) -> Vec<String> {
    let text = format!(
        "language: 1\ntests:\n  - name: x\n    alert: ../../examples/alerts/01-dcsync.json\n{given}    expect: {expect}\n"
    );
    let test = read("dcsync.test.yaml", text.as_bytes(), &known()).unwrap().remove(0);
    let played = test.play(alert(&test), &playbooks()["dcsync"], &[], &known()).unwrap();
    played.differences.iter().map(|difference| difference.what.to_owned()).collect()
}

/// Whom and where may be told in detail, and an answer may stand right under `given`.
#[test]
fn the_longer_way_of_writing_says_the_same() {
    let given = "    given: { account.disable at okta: { error: forbidden } }\n";
    let expect = "{ actions: [{ account.disable: { account: bob, at: active_directory } }, \
                  { account.disable: { account: bob, at: entra_id } }], failed: [account.disable at okta] }";
    assert_eq!(play(expect, given), Vec::<String>::new());
    assert_eq!(play(&expect.replace("at: entra_id", "at: okta"), given), ["actions"]);
    let excluded = "    exclusions: [{ account: { sam: \"CONTOSO\\\\bob\" }, because: x }]\n";
    assert_eq!(
        play("{ actions: none, skipped: [{ account: bob, because: excluded }] }", excluded),
        Vec::<String>::new()
    );
    let twice =
        "given: { account.disable: { error: forbidden }, calls: { account.disable: { error: forbidden } } }";
    let text = format!("tests: [{{ name: x, {twice}, expect: {{ actions: any }} }}]");
    let wrong = read("dcsync.test.yaml", text.as_bytes(), &known()).unwrap_err();
    assert!(wrong.diagnostics[0].message.contains("account.disable"), "{:?}", wrong.diagnostics);
}

#[test]
fn what_is_not_as_expected_fails() {
    assert_eq!(play("{ actions: [account.disable] }", ""), Vec::<String>::new());
    assert_eq!(play("{}", ""), ["actions"], "nobody expected that somebody is disabled");
    assert_eq!(play("{ actions: none }", ""), ["actions"]);
    assert_eq!(play("{ actions: [account.disable of alice] }", ""), ["actions"]);
    assert_eq!(play("{ actions: [account.disable at okta] }", ""), ["actions"], "and at the others");
    assert_eq!(play("{ actions: [account.disable, undo account.disable] }", ""), ["actions"]);
    assert_eq!(play("{ actions: [account.disable], outcome: failed }", ""), ["outcome"]);
    assert_eq!(play("{ actions: [account.disable], failed: [account.disable at okta] }", ""), ["failed"]);
    assert_eq!(play("{ actions: [account.disable], asks: [plan] }", ""), ["asks"]);
    assert_eq!(play("{ matched: false }", ""), ["matched"]);
    let nobody = "{ actions: [account.disable], skipped: [{ who: bob, because: excluded }] }";
    assert_eq!(play(nobody, ""), ["skipped"]);
    let excluded = "    exclusions: [{ account: { sam: \"CONTOSO\\\\bob\" }, because: x }]\n";
    assert_eq!(play("{ actions: [account.disable] }", excluded), ["actions"]);
    assert_eq!(play("{ skipped: [] }", excluded), ["skipped"]);
    assert_eq!(
        play("{ failed: [] }", "    given: { calls: { account.disable: { error: rejected } } }\n"),
        ["failed"]
    );
}

#[test]
fn what_a_test_misspells_is_refused_at_its_place() {
    for (line, says) in [
        ("expect: { action: none }", "action"),
        ("expect: { actions: [account.disabel] }", "there is no action account.disabel"),
        ("expect: { actions: [account.disable at ldap] }", "not offered at ldap"),
        ("expect: { actions: nothing }", "neither a list nor `none`"),
        ("expect: { actions: [{ account.disable: { wiht: {} } }] }", "there is no `wiht`"),
        ("expect: { asks: [{ confirm: { expires: 2 } }] }", "`expires` is a text"),
        ("expect: { ends_after: 8 hours }", "`ends_after`"),
        ("crowd: { people: 3 }\n    expect: {}", "is in a file: write it here to change it"),
        ("expect: { outcome: good }", "no run ends"),
        ("at: noon\n    expect: {}", "no moment"),
        ("given: { calls: { account.disable: { error: bad } } }\n    expect: {}", "there is no error"),
        ("exclusions: [{ account: { upn: a@b.example } }]\n    expect: {}", "because"),
    ] {
        let text = format!("language: 1\ntests:\n  - name: x\n    alert: x.json\n    {line}\n");
        let wrong = read("x.test.yaml", text.as_bytes(), &known()).unwrap_err().diagnostics;
        assert!(
            wrong.iter().any(|one| one.message.contains(says) && one.place.line > 3),
            "{line}: {wrong:?}"
        );
    }
}

/// A playbook that asks, and what people say to it.
fn asked(answers: &str, expect: &str) -> Vec<String> {
    let playbook = "language: 1\nplaybook: asking\ntitle: Asks\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.external_id: { is: \"2006\" }\nfor_each:\n  account:\n    from: alert.accounts\n    at_most: 3\nsteps:\n  - id: confirm\n    ask:\n      question: \"Cut off?\"\n      of: [soc]\n      choices: [\"cut off\", leave]\n      if_answer: { leave: stop }\n      expires: 2h\n  - do: account.disable\n    undo: { after: 8h }\n";
    let file = SourceFile { name: "asking.yaml".into(), bytes: playbook.as_bytes().to_vec() };
    let loaded = load(&[file], &known(), &Surroundings::default());
    assert!(loaded.is_usable(), "{:?}", loaded.diagnostics);
    let text = format!(
        "language: 1\ntests:\n  - name: x\n    alert: ../../examples/alerts/01-dcsync.json\n    answers: {answers}\n    expect: {expect}\n"
    );
    let test = read("asking.test.yaml", text.as_bytes(), &known()).unwrap().remove(0);
    let played = test.play(alert(&test), &loaded.playbooks[0], &[], &known()).unwrap();
    played.differences.iter().map(|one| format!("{one:?}")).collect()
}

#[test]
fn people_answer_or_let_it_expire() {
    let none: Vec<String> = Vec::new();
    let done = "{ asks: [confirm], actions: [account.disable of bob, undo account.disable of bob] }";
    assert_eq!(asked("{ confirm: cut off }", done), none);
    assert_eq!(asked("{ confirm: leave }", "{ asks: [Cut off?], actions: none }"), none);
    assert_eq!(asked("{ confirm: expired }", "{ asks: [confirm], actions: none }"), none);
    assert_eq!(asked("{}", "{ asks: [confirm], actions: none }"), none);
    assert_eq!(asked("{}", done).len(), 1);
}
