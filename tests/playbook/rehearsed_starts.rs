//! Tests of playbooks that no alert starts, and of those that call others.

use std::sync::Arc;

use quell_playbook::model::Playbook;
use quell_playbook::{SourceFile, Surroundings, load};
use quell_run::rehearsal::{Played, read};

use crate::shipped::known;

const CALLED: &str = r#"
language: 1
playbook: cut-off
title: Cut off
mode: act
when:
  manual: true
  called: true
inputs:
  target: account
  reason: { kind: text, or: none }
for_each: account
steps:
  - do: account.disable
    at: [okta]
afterwards:
  - id: close
    set: { note: "because of {{ inputs.reason }}" }
outputs:
  note: { from: close.note }
"#;

const CALLER: &str = r#"
language: 1
playbook: caller
title: Caller
mode: act
when:
  schedule: { cron: "0 3 * * *", timezone: UTC }
  manual: true
inputs:
  target: { kind: text, or: nobody }
steps:
  - id: greet
    run: greet
  - if:
      all:
        - greet.words: { is: good morning }
    stop: { outcome: "{{ greet.words }}" }
"#;

const GREET: &str = r#"
language: 1
playbook: greet
title: Greet
when:
  called: true
steps:
  - id: say
    set: { words: good morning }
outputs:
  words: { from: say.words }
"#;

const BOTH: &str = r#"
language: 1
playbook: both
title: Both
mode: act
when:
  manual: true
inputs:
  target: account
for_each: account
steps:
  - do: account.revoke_sessions
    at: [okta]
  - run: cut-off
    inputs: { reason: a test }
  - do: account.unlock
    at: [okta]
"#;

fn playbooks() -> Vec<Arc<Playbook>> {
    let file = |(name, text): (&str, &str)| SourceFile {
        name: format!("{name}.yaml"),
        bytes: text.as_bytes().to_vec(),
    };
    let files = [("cut-off", CALLED), ("caller", CALLER), ("greet", GREET), ("both", BOTH)].map(file);
    let loaded = load(&files, &known(), &Surroundings::default());
    assert!(loaded.is_usable(), "{:#?}", loaded.diagnostics);
    loaded.playbooks
}

fn play(name: &str, test: &str) -> Result<Played, String> {
    let text = format!("language: 1\ntests:\n  - name: x\n{test}");
    let tests = read(&format!("{name}.test.yaml"), text.as_bytes(), &known());
    let test = tests.unwrap_or_else(|wrong| panic!("{:?}", wrong.diagnostics)).remove(0);
    let all = playbooks();
    let playbook = all.iter().find(|playbook| playbook.name.0 == name).unwrap();
    test.play(None, playbook, &all, &known())
}

fn different(name: &str, test: &str) -> Vec<String> {
    let played = play(name, test).unwrap();
    played.differences.iter().map(|difference| difference.what.to_owned()).collect()
}

const ALICE: &str = "    inputs: { target: alice@contoso.example }\n";

#[test]
fn somebody_is_cut_off_by_hand() {
    let done =
        "    expect: { actions: [account.disable of alice@contoso.example at okta], outcome: contained }\n";
    assert_eq!(different("cut-off", &format!("{ALICE}{done}")), Vec::<String>::new());
    let none = "    expect: { actions: none, outcome: contained }\n";
    assert_eq!(different("cut-off", &format!("{ALICE}{none}")), ["actions"], "nobody expected it");
    let excluded = "    exclusions:\n      - { account: { upn: alice@contoso.example }, because: tested }\n    expect: { actions: none, outcome: excluded }\n";
    assert_eq!(different("cut-off", &format!("{ALICE}{excluded}")), Vec::<String>::new());
}

#[test]
fn what_is_called_is_played_where_it_came_back() {
    let order = "    expect:\n      actions:\n        - account.revoke_sessions at okta\n        - account.disable of alice@contoso.example at okta\n        - account.unlock at okta\n      outcome: contained\n";
    assert_eq!(different("both", &format!("{ALICE}{order}")), Vec::<String>::new());
    let failing = "    given: { calls: { account.disable at okta: { error: forbidden } } }\n    expect: { actions: [account.revoke_sessions], failed: [account.disable of alice@contoso.example at okta], outcome: partly }\n";
    assert_eq!(different("both", &format!("{ALICE}{failing}")), Vec::<String>::new());
}

#[test]
fn the_clock_starts_what_has_a_schedule_and_nothing_else() {
    assert_eq!(
        different("caller", "    expect: { actions: none, outcome: nothing_to_do }\n"),
        Vec::<String>::new()
    );
    let played = play("caller", "    expect: { actions: none }\n").unwrap();
    assert_eq!(played.called.len(), 1);
    let said = serde_json::to_string(&played.journal).unwrap();
    assert!(said.contains("good morning"), "{said}");
    assert_eq!(different("greet", "    expect: { matched: false }\n"), Vec::<String>::new());
    assert_eq!(different("greet", "    expect: { outcome: contained }\n"), ["matched"]);
}

#[test]
fn inputs_that_do_not_fit_stop_the_test() {
    let expect = "    expect: { actions: none }\n";
    let wrong = play("cut-off", &format!("    inputs: {{ target: alice }}\n{expect}")).unwrap_err();
    assert!(wrong.contains("input target") && wrong.contains("not enough"), "{wrong}");
    let text = format!("language: 1\ntests:\n  - name: x\n    alert: a.json\n{ALICE}{expect}");
    let wrong = read("cut-off.test.yaml", text.as_bytes(), &known()).unwrap_err();
    assert!(wrong.diagnostics[0].message.contains("an alert gives no inputs"), "{:?}", wrong.diagnostics);
}

#[test]
fn a_test_says_who_gives_the_inputs_and_what_is_given_back() {
    let given_back = |note: &str| format!("    expect: {{ actions: any, outputs: {{ note: {note} }} }}\n");
    for start in ["", "    start: manual\n", "    start: called\n"] {
        let with = |note: &str| different("cut-off", &format!("{ALICE}{start}{}", given_back(note)));
        assert_eq!(with("because of none"), Vec::<String>::new(), "{start}");
        assert_eq!(with("because of it"), ["outputs"], "{start}");
    }
    let expect = "    expect: { actions: any }\n";
    assert_eq!(different("both", &format!("{ALICE}    start: called\n{expect}")), ["matched"]);
    let of_greet = "    inputs: {}\n    start: manual\n    expect: { actions: any }\n";
    assert_eq!(different("greet", of_greet), ["matched"]);
    let text = format!("language: 1\ntests:\n  - name: x\n    start: called\n{expect}");
    let wrong = read("cut-off.test.yaml", text.as_bytes(), &known()).unwrap_err();
    assert!(wrong.diagnostics[0].message.contains("who gives the inputs"), "{:?}", wrong.diagnostics);
}
