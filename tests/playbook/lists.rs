//! Named lists in a playbook: what each question comes to, what the trace says of the list, and what steps write.

use std::sync::Arc;

use quell_action::lists::{ListEntry, Lists, NamedList};
use quell_playbook::condition::Truth;
use quell_playbook::model::{AlertState, Playbook};
use quell_playbook::{Matcher, Moment, SourceFile, Surroundings, load};
use quell_run::rehearsal::read;

use crate::fixtures::{alert, now};
use crate::shipped::known;

fn playbook(text: &str) -> Arc<Playbook> {
    let file = SourceFile { name: "lists.yaml".into(), bytes: text.as_bytes().to_vec() };
    let loaded = load(&[file], &known(), &Surroundings::default());
    assert!(loaded.is_usable(), "{:#?}", loaded.diagnostics);
    Arc::clone(&loaded.playbooks[0])
}

fn moment(lists: &[(&str, Option<&[&str]>)]) -> Moment {
    let list = |values: Option<&[&str]>| match values {
        Some(values) => NamedList::new(values.iter().map(|value| ListEntry::new(value).unwrap())),
        None => NamedList::unreadable("the disk is gone"),
    };
    let lists = lists.iter().map(|(name, values)| ((*name).to_owned(), list(*values)));
    Moment { now: now(), lists: Arc::new(Lists::new(lists)), kept: Arc::default() }
}

/// What a condition on the sample alert comes to, and its trace in words.
fn judged(condition: &str, moment: Moment) -> (Truth, String) {
    let text = format!(
        "language: 1\nplaybook: lists\ntitle: Lists\nwhen:\n  alert:\n    all:\n      - {condition}\nsteps:\n  - stop: {{ outcome: x }}\n"
    );
    let explained = Matcher::new(vec![playbook(&text)]).explain(&alert(), AlertState::New, moment);
    (explained[0].truth, explained[0].why.to_string())
}

#[test]
fn each_question_has_its_answer_and_an_unknown_list_has_none() {
    let title = alert().title.to_uppercase();
    let known: &[(&str, Option<&[&str]>)] = &[("yes", Some(&[&title])), ("no", Some(&["x"])), ("gone", None)];
    for (condition, truth) in [
        ("alert.title: { in_list: yes-list }", Truth::Unknown),
        ("alert.title: { in_list: \"yes\" }", Truth::True),
        ("alert.title: { in_list: \"no\" }", Truth::False),
        ("alert.title: { not_in_list: \"yes\" }", Truth::False),
        ("alert.title: { not_in_list: \"no\" }", Truth::True),
        ("alert.title: { in_list: gone }", Truth::Unknown),
        ("alert.title: { not_in_list: gone }", Truth::Unknown),
        ("alert.link: { in_list: \"no\" }", Truth::Unknown),
        ("alert.link: { not_in_list: \"no\" }", Truth::Unknown),
    ] {
        assert_eq!(judged(condition, moment(known)).0, truth, "{condition}");
    }
}

#[test]
fn of_several_values_some_none_or_each_are_in_it() {
    let addresses: Vec<String> = alert().entities.ips.iter().map(|ip| ip.address.clone()).collect();
    assert!(!addresses.is_empty());
    let all: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let none = ["192.0.2.0/24"];
    for (condition, lists, truth) in [
        ("alert.ips: { in_list: a }", &all[..], Truth::True),
        ("alert.ips: { in_list: a }", &none[..], Truth::False),
        ("alert.ips: { not_in_list: a }", &all[..1], Truth::False),
        ("alert.ips: { not_in_list: a }", &none[..], Truth::True),
        ("alert.ips: { all_in_list: a }", &all[..], Truth::True),
        ("alert.ips: { all_in_list: a }", &none[..], Truth::False),
        ("alert.urls: { all_in_list: a }", &all[..], Truth::Unknown),
        ("alert.urls: { in_list: a }", &all[..], Truth::False),
    ] {
        assert_eq!(judged(condition, moment(&[("a", Some(lists))])).0, truth, "{condition} {lists:?}");
    }
}

#[test]
fn the_trace_says_as_of_when_the_list_was_read_and_what_was_found() {
    let title = alert().title;
    let (_, told) = judged("alert.title: { in_list: a }", moment(&[("a", Some(&[&title, "x"]))]));
    let when = now().format("%Y-%m-%d %H:%M:%S UTC").to_string();
    assert!(told.contains(&format!("the list as of {when}: 2 entries, among them {title}")), "{told}");
    let (_, told) = judged("alert.title: { in_list: a }", moment(&[("a", None)]));
    assert!(told.contains("could not be read") && told.contains("the list cannot be read"), "{told}");
}

const WATCH: &str = "language: 1
playbook: lists
title: Watches whom an alert names, and leaves to a person who is on the list
mode: act
when:
  alert:
    all:
      - alert.external_id: { is: \"2006\" }
for_each:
  account:
    from: alert.accounts
    at_most: 3
unless:
  any:
    - account: { in_list: vip-users }
steps:
  - id: watch
    do: list.add
    with: { list: watched, value: \"{{ account.sid }}\", for: 30d }
    undo: { after: 8h }
  - if:
      all:
        - account.sid: { in_list: watched }
    do: account.disable
";

/// What is not as expected of the watching playbook.
fn watched(lines: &str) -> Vec<String> {
    let text = format!(
        "language: 1\ntests:\n  - name: x\n    alert: ../../examples/alerts/01-dcsync.json\n    {lines}\n"
    );
    let test = read("lists.test.yaml", text.as_bytes(), &known()).unwrap().remove(0);
    let played = test.play(crate::rehearsed::alert(&test), &playbook(WATCH), &[], &known()).unwrap();
    played.differences.iter().map(|one| format!("{one:?}")).collect()
}

#[test]
fn a_test_gives_lists_and_a_step_sees_what_a_step_before_it_has_written() {
    let none: Vec<String> = Vec::new();
    let found = watched(
        "lists: { vip-users: [], watched: [] }\n    expect: { actions: [list.add, account.disable of bob, undo list.add], outcome: contained }",
    );
    assert_eq!(found, none);
    let spared = watched(
        "lists: { vip-users: [\"contoso\\\\BOB\"], watched: [] }\n    expect: { actions: none, skipped: [{ who: \"CONTOSO\\\\bob\", because: unless }] }",
    );
    assert_eq!(spared, none);
    let unknown = watched("expect: { actions: none }");
    assert_eq!(unknown, none, "what is not known spares");
}

#[test]
fn what_is_in_the_list_already_is_not_ours_to_take_out() {
    let sid = "S-1-5-21-1004336348-1177238915-682003330-1105";
    let found = watched(&format!(
        "lists: {{ vip-users: [], watched: [{{ value: {sid}, until: \"2099-01-01T00:00:00Z\" }}] }}\n    expect: {{ actions: [account.disable of bob] }}"
    ));
    assert_eq!(found, Vec::<String>::new());
}
