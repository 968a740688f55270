//! From alert and playbook to plan.

use std::sync::Arc;

use quell_alert::{AccountKind, Alert, AlertId, Part};
use quell_playbook::model::{AlertState, Playbook};
use quell_run::{LeftOut, Origin, Plan, RunId};
use quell_tests::run::{House, Person, account, alert, alert_about, dawn};
use serde_json::json;

use crate::playbooks::{CONTAIN, CUT_OFF};

fn id(alert: &Arc<Alert>, playbook: &Playbook, origin: &Origin, state: AlertState) -> RunId {
    Plan::new(Arc::clone(alert), playbook, origin.clone(), state, dawn()).run
}

#[tokio::test(start_paused = true)]
async fn the_id_is_the_same_for_the_same_and_no_other() {
    let alice = Person::new("alice");
    let house = House::new();
    let (contain, cut_off) = (house.playbook(CONTAIN), house.playbook(CUT_OFF));
    let one = alert_about("a-1", &[&alice]);
    let expected = id(&one, &contain, &Origin::Live, AlertState::New);
    assert_eq!(expected.0.len(), 32);

    let mut redelivered = Alert::clone(&one);
    redelivered.title = "renamed by the vendor".into();
    redelivered.document = json!({ "something": "else" });
    assert_eq!(id(&Arc::new(redelivered), &contain, &Origin::Live, AlertState::New), expected);

    let replay = |name: &str| Origin::Replay { id: name.into() };
    let mut others = vec![
        id(&alert_about("a-2", &[&alice]), &contain, &Origin::Live, AlertState::New),
        id(&one, &cut_off, &Origin::Live, AlertState::New),
        id(&one, &contain, &replay("1"), AlertState::New),
        id(&one, &contain, &replay("2"), AlertState::New),
        id(&one, &contain, &Origin::Live, AlertState::Updated),
    ];
    let mut other_product = Alert::clone(&one);
    other_product.product = quell_alert::Product("Another product".into());
    others.push(id(&Arc::new(other_product), &contain, &Origin::Live, AlertState::New));
    let mut shifted = Alert::clone(&one);
    shifted.id = AlertId("a-1;7:contain".into());
    others.push(id(&Arc::new(shifted), &contain, &Origin::Live, AlertState::New));
    others.push(expected);
    let distinct: std::collections::BTreeSet<&RunId> = others.iter().collect();
    assert_eq!(distinct.len(), others.len());
}

/// Evidence comes in several records under the alert's one id; each names others, and each gets its run.
#[tokio::test(start_paused = true)]
async fn later_evidence_gets_a_run_of_its_own() {
    let house = House::new();
    let playbook = house.playbook(CONTAIN);
    let fragment = |content: &str| {
        let mut alert = Alert::clone(&alert_about("a-1", &[&Person::new(content)]));
        alert.part = Some(Part::Evidence);
        alert.document = json!({ "evidence": content });
        Arc::new(alert)
    };
    let new = |alert| id(&alert, &playbook, &Origin::Live, AlertState::New);
    assert_ne!(new(fragment("alice")), new(fragment("bob")));
    assert_eq!(new(fragment("alice")), new(fragment("alice")));
}

#[tokio::test(start_paused = true)]
async fn machines_and_the_system_are_nobody() {
    let (alice, house) = (Person::new("alice"), House::new());
    let playbook = house.playbook(CONTAIN);
    let mut accounts = vec![account(&[alice.sid()])];
    for kind in [AccountKind::Machine, AccountKind::System, AccountKind::Local, AccountKind::Foreign] {
        let mut other = account(&[Person::new(&format!("{kind:?}")).sid()]);
        other.kind = kind;
        accounts.insert(0, other);
    }
    let plan = house.plan(&alert("a-1", accounts), &playbook);
    assert_eq!(plan.lanes.len(), 1);
    assert_eq!(plan.lanes[0].position, Some(4));
    assert_eq!(plan.lanes[0].left_out, None);
}

#[tokio::test(start_paused = true)]
async fn whom_where_leaves_out_does_not_count_as_too_many() {
    let house = House::new();
    let playbook = house.playbook(
        r#"
language: 1
playbook: few
title: Few
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each:
  account:
    from: alert.accounts
    where:
      all:
        - account.sid: { exists: true }
    at_most: 2
    if_more: stop
steps:
  - do: account.disable
"#,
    );
    let people: Vec<Person> = ["a", "b", "c"].map(Person::new).to_vec();
    let by_sid = |person: &Person| account(&[person.sid()]);
    let by_name = |person: &Person| account(&[person.upn()]);
    let two = house
        .plan(&alert("a-1", vec![by_sid(&people[0]), by_name(&people[1]), by_sid(&people[2])]), &playbook);
    let left_out: Vec<bool> = two.lanes.iter().map(|lane| lane.left_out.is_some()).collect();
    assert_eq!(left_out, [false, true, false]);
    let three = house.plan(&alert("a-2", people.iter().map(by_sid).collect()), &playbook);
    for lane in &three.lanes {
        assert_eq!(lane.left_out, Some(LeftOut::TooMany { found: 3, at_most: 2 }));
    }
}

/// What the alert does not say chooses nobody, and spares nobody from being spared.
#[tokio::test(start_paused = true)]
async fn what_is_unknown_is_left_out() {
    let house = House::new();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let accounts = vec![account(&[alice.sid()]), account(&[bob.sid(), bob.upn()])];
    let only_ours = CUT_OFF.replace(
        "for_each: account",
        "for_each:\n  account:\n    from: alert.accounts\n    where: { all: [ account.upn: { ends_with: contoso.example } ] }",
    );
    let plan = house.plan(&alert("a-1", accounts), &house.playbook(&only_ours));
    assert!(matches!(plan.lanes[0].left_out, Some(LeftOut::Where { .. })), "{:?}", plan.lanes[0]);
    assert_eq!(plan.lanes[1].left_out, None);

    let unless = "language: 1\nplaybook: tell\ntitle: Tell\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: { at_least: low }\nunless:\n  any:\n    - alert.type: { is: A drill }\nsteps:\n  - do: desk.tell\n    with: { text: told }\n";
    let playbook = house.playbook(unless);
    for (alert_type, spared) in [(None, true), (Some("A drill"), true), (Some("DCSync"), false)] {
        let alert_type = alert_type.map(str::to_owned);
        let alert = Alert { alert_type, ..Alert::clone(&alert_about("a-2", &[&alice])) };
        let plan = house.plan(&Arc::new(alert), &playbook);
        assert_eq!(plan.lanes[0].left_out.is_some(), spared, "{:?}", plan.alert.alert_type);
    }
}
