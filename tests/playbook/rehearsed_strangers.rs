//! What a test gives of somebody or something that there is not is told, and not passed over.

use std::sync::Arc;

use quell_playbook::{SourceFile, Surroundings, load};
use quell_run::rehearsal::read;

use crate::rehearsed::alert;
use crate::shipped::known;

const PLAYBOOK: &str = "language: 1
playbook: example
title: x
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: low }
for_each: account
steps:
  - id: ask_soc
    ask:
      question: Cut off?
      of: [soc]
      choices: ['yes', 'no']
      expires: 1h
      if_expired: stop
  - id: cut_off
    if:
      all:
        - ask_soc.answer: { is: 'yes' }
    do: account.disable
    approval: { ask: [soc], expires: 1h }
";

#[test]
fn a_name_that_fits_nothing_is_told_with_the_one_that_does() {
    let file = SourceFile { name: "example.yaml".into(), bytes: PLAYBOOK.into() };
    let loaded = load(&[file], &known(), &Surroundings::default());
    assert!(loaded.is_usable(), "{:#?}", loaded.diagnostics);
    for (gives, told) in [
        ("answers: { ask_soc: 'yes', cut_off/approval: approve }", None),
        ("answers: { 0/ask_soc: 'no', limits: approve, plan: approve }", None),
        ("answers: { ask_sco: 'yes' }", Some("answers.ask_sco: nothing asks this; did you mean ask_soc?")),
        ("answers: { cut_off: 'yes' }", Some("answers.cut_off: nothing asks this")),
        ("given: { accounts: [{ name: bob, privileged: true }] }", None),
        (
            "given: { accounts: [{ name: rob, privileged: true }] }",
            Some("given.accounts: the alert names no account rob; it names"),
        ),
        (
            "given: { devices: [{ name: rob, tags: [x] }] }",
            Some("given.devices: the alert names no device rob"),
        ),
        ("given: { away: [okta] }", None),
        ("given: { away: [octa] }", Some("given.away: there is no system octa here; did you mean okta?")),
        ("given: { accounts: [{ name: bob, at: [octa] }] }", Some("given: at: there is no system octa here")),
        ("given: { calls: { account.disable of bob: { error: forbidden } } }", None),
        (
            "given: { calls: { account.disable of rob: { error: forbidden } } }",
            Some("given.calls: the alert names no account or device rob"),
        ),
        (
            "given: { drifts: [account.disable of rob at okta] }",
            Some("given.drifts: the alert names no account or device rob"),
        ),
    ] {
        let text = format!(
            "tests:\n  - name: x\n    alert: ../../examples/alerts/01-dcsync.json\n    {gives}\n    expect: {{}}\n"
        );
        let test = read("example.test.yaml", text.as_bytes(), &known()).unwrap().remove(0);
        let played = test.play(alert(&test), &Arc::clone(&loaded.playbooks[0]), &[], &known());
        match (played, told) {
            (Ok(_), None) => {}
            (Err(why), Some(told)) => assert!(why.starts_with(told), "{gives}: {why}"),
            (played, _) => panic!("{gives}: {:?}", played.map(|played| played.differences)),
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_when_it_is_read() {
    for (says, told) in [
        ("given: { calls: { entra_id.get_manager: { manger: carol } } }", "did you mean manager?"),
        ("given: { calls: { entra_id.get_manager: { errors: forbidden } } }", "gives no `errors`"),
        ("given: { calls: { entra_id.get_manager: { manager: 7 } } }", "is text, and this is 7"),
        ("given: { http.call: { status: soon } }", "is a whole number, and this is"),
        ("crowd: { accounts: 100000 }", "1000 at most"),
        ("expect: { matched: false, actions: [account.disable] }", "starts nothing does nothing"),
        ("expect: { matched: false, outcome: contained }", "starts nothing does nothing"),
        ("expect: { matched: false, asks: [soc] }", "starts nothing does nothing"),
    ] {
        let expect = if says.starts_with("expect") { "" } else { "    expect: {}\n" };
        let text = format!("tests:\n  - name: x\n    alert: {{ AlertName: x }}\n    {says}\n{expect}");
        let wrong = read("example.test.yaml", text.as_bytes(), &known()).unwrap_err();
        let message = &wrong.diagnostics[0].message;
        assert!(wrong.diagnostics.len() == 1 && message.contains(told), "{says}: {message}");
    }
    for says in [
        "given: { entra_id.get_manager: { manager: carol, manager_mail: c@x.example } }",
        "given: { http.call: [{ error: throttled }, { status: 200, values: { anything: 1 } }] }",
        "expect: { matched: false, actions: none }",
    ] {
        let expect = if says.starts_with("expect") { "" } else { "    expect: {}\n" };
        let text = format!("tests:\n  - name: x\n    alert: {{ AlertName: x }}\n    {says}\n{expect}");
        let read = read("example.test.yaml", text.as_bytes(), &known());
        assert!(read.is_ok(), "{says}: {:?}", read.err().map(|wrong| wrong.diagnostics));
    }
}
