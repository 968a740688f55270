//! Runs that no alert starts: by hand, with inputs that are held against what the playbook wants, and by the clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_action::Failure;
use quell_playbook::model::{Mode, Playbook};
use quell_run::{Certainty, Finish, Given, LaneId, Occasion, Origin, Plan, Start};
use quell_tests::run::{AD, ENTRA, Fault, House, Person, in_time};
use serde_json::{Value, json};

const BY_HAND: &str = r#"
language: 1
playbook: by-hand
title: By hand
mode: act
when:
  manual: true
inputs:
  target: account
  reason: text
  how: { kind: text, one_of: [fast, slow], or: fast }
  tries: { kind: integer, or: 3 }
  share: { kind: number, or: 0.5 }
  sure: { kind: boolean, or: false }
for_each: account
steps:
  - do: account.disable
    at: [active_directory]
  - if:
      all:
        - inputs.how: { is: fast }
        - inputs.tries: { more_than: 2 }
    do: desk.tell
    with: { text: "{{ account.upn }}: {{ inputs.reason }}" }
"#;

const NIGHTLY: &str = r#"
language: 1
playbook: nightly
title: Nightly
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: high }
  schedule: { cron: "0 3 * * *", timezone: UTC }
steps:
  - if:
      all:
        - alert.title: { exists: true }
    do: desk.ring
    with: { text: "{{ alert.title }}" }
  - do: desk.tell
    with: { text: "run {{ run.id }}" }
"#;

fn inputs(of: Value) -> BTreeMap<String, Value> {
    of.as_object().unwrap().clone().into_iter().collect()
}

fn given(playbook: &Playbook, of: Value) -> Given {
    Given::read(playbook, &inputs(of)).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

fn wrong(playbook: &Playbook, of: Value) -> String {
    let wrong = Given::read(playbook, &inputs(of)).expect_err("refused");
    wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn started(house: &House, playbook: &Playbook, target: &str) -> Plan {
    let given = given(playbook, json!({ "target": target, "reason": "he called" }));
    Plan::manual(playbook, given, "op", "ticket-1", house.clock_now())
}

#[tokio::test(start_paused = true)]
async fn somebody_named_by_hand_is_acted_on_once() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let house = House::new().with([&alice, &bob]);
    let playbook = house.playbook(BY_HAND);
    let plan = started(&house, &playbook, "alice@contoso.example");
    assert_eq!(plan.occasion, Occasion::Manual { by: "op".into() });
    let engine = house.engine();
    assert_eq!(engine.start(plan.clone(), Arc::clone(&playbook)).await.unwrap(), Start::Created);
    assert_eq!(
        engine.start(plan.clone(), Arc::clone(&playbook)).await.unwrap(),
        Start::Exists,
        "the same ticket"
    );
    in_time(engine.idle()).await;
    assert!(house.vendor.is_disabled(AD, &alice) && !house.vendor.is_disabled(AD, &bob));
    assert_eq!(house.vendor.told().keys().collect::<Vec<_>>().len(), 1);
    let state = house.state(&plan.run).await;
    assert_eq!(state.finish(), Some(Finish::Contained), "{}", house.story(&plan.run).await);
    assert_eq!(state.summary().occasion, plan.occasion, "who started it stands in the record");
    assert_eq!(state.plan().inputs["reason"], "he called");
}

#[tokio::test(start_paused = true)]
async fn an_excluded_person_is_left_alone_by_hand_too() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.exclude(&[alice.sid()]);
    let playbook = house.playbook(BY_HAND);
    let plan = started(&house, &playbook, "alice@contoso.example");
    house.carry_through(&[(plan.clone(), playbook)]).await;
    assert!(house.vendor.disabled().is_empty());
    assert_eq!(house.state(&plan.run).await.finish(), Some(Finish::Excluded));
}

#[tokio::test(start_paused = true)]
async fn inputs_that_do_not_fit_are_refused_at_their_names_all_at_once() {
    let house = House::new();
    let playbook = house.playbook(BY_HAND);
    let said = wrong(
        &playbook,
        json!({ "targe": "x", "how": "quick", "tries": "many", "share": true, "sure": "yes" }),
    );
    for part in [
        "input targe: by-hand has no such input; did you mean target?",
        "input how: \"quick\" is none of fast, slow",
        "input tries: \"many\" is no integer",
        "input share: true is no number",
        "input sure: \"yes\" is neither true nor false",
        "input target: it must be given (account)",
        "input reason: it must be given (text)",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for (target, part) in [
        (json!("alice"), "not enough"),
        (json!("CONTOSO\\WKS1$"), "computer"),
        (json!("9f86d081-884c-4d63-a1b2-000000000001"), ""),
        (json!(5), "takes the name"),
        (json!([]), "takes the name"),
        (json!(["alice@contoso.example", 5]), "takes the name"),
        (json!(""), ""),
    ] {
        let said = wrong(&playbook, json!({ "target": target, "reason": "x" }));
        assert!(said.contains("input target") && said.contains(part), "{target}: {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn numbers_may_be_written_as_text_and_nobody_counts_twice() {
    let house = House::new();
    let playbook = house.playbook(BY_HAND);
    let of = json!({
        "target": ["alice@contoso.example", "ALICE@contoso.example", "CONTOSO\\bob"],
        "reason": "x", "tries": "7", "share": "0.25", "sure": "true", "how": "slow",
    });
    let read = given(&playbook, of);
    assert_eq!(read.entities.accounts.len(), 2);
    assert_eq!((&read.values["tries"], &read.values["share"]), (&json!(7), &json!(0.25)));
    assert_eq!((&read.values["sure"], &read.values["how"]), (&json!(true), &json!("slow")));
    let sparse = given(&playbook, json!({ "target": "alice@contoso.example", "reason": "x" }));
    assert_eq!((&sparse.values["tries"], &sparse.values["how"]), (&json!(3), &json!("fast")));
}

#[tokio::test(start_paused = true)]
async fn a_moment_of_a_schedule_is_one_run_and_has_no_alert() {
    let house = House::new();
    let playbook = house.playbook(NIGHTLY);
    let due = house.clock_now();
    let plan = Plan::scheduled(&playbook, due, house.clock_now());
    let again = Plan::scheduled(&playbook, due, house.clock_now() + chrono::Duration::minutes(1));
    let next = Plan::scheduled(&playbook, due + chrono::Duration::days(1), house.clock_now());
    assert_eq!(plan.run, again.run);
    assert_ne!(plan.run, next.run);
    assert_eq!(plan.mode, Mode::Act);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    // There is nothing that is called so: `exists` is false, and the step is left out.
    assert_eq!(house.vendor.told().len(), 1, "{:?}", house.vendor.told());
    let state = house.state(&plan.run).await;
    assert_eq!(state.summary().occasion, Occasion::Schedule { due });
}

const OF_ALL_KINDS: &str = r#"
language: 1
playbook: of-all-kinds
title: Of all kinds
mode: act
when:
  manual: true
inputs:
  machine: device
  mailbox: mailbox
  hash: hash
  domain: domain
steps:
  - do: desk.tell
    with: { text: "{{ inputs.hash }}" }
"#;

/// Names that may be anybody's, and text that is nothing of the kind, are refused before anything begins.
#[tokio::test(start_paused = true)]
async fn things_are_named_so_that_nothing_else_is_meant() {
    let house = House::new();
    let playbook = house.playbook(OF_ALL_KINDS);
    let good = json!({
        "machine": "wks-1.contoso.example", "mailbox": "alice@contoso.example",
        "hash": "d41d8cd98f00b204e9800998ecf8427e", "domain": "contoso.example",
    });
    assert!(Given::read(&playbook, &inputs(good.clone())).is_ok());
    for (name, value, part) in [
        ("machine", "wks-1", "not enough"),
        ("mailbox", "alice", "no mail address"),
        ("hash", "d41d8cd98f00b204e9800998ecf8427z", "no MD5"),
        ("domain", "contoso", "no DNS domain"),
    ] {
        let mut of = good.clone();
        of[name] = json!(value);
        let said = wrong(&playbook, of);
        assert!(said.contains(&format!("input {name}")) && said.contains(part), "{said}");
    }
}

/// What a replay calls is of that replay.
#[tokio::test(start_paused = true)]
async fn what_is_called_comes_from_where_its_caller_comes_from() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(BY_HAND);
    let origin = Origin::Replay { id: "r-1".into() };
    let caller = Plan { origin: origin.clone(), ..started(&house, &playbook, "alice@contoso.example") };
    let step = quell_playbook::model::StepId("s".into());
    let called = caller.called(&playbook, Given::default(), LaneId(0), &step, house.clock_now().into());
    assert_eq!(called.origin, origin);
}

/// What the directories say of a name that is typed in, and how certain that is.
#[tokio::test(start_paused = true)]
async fn whoever_types_a_name_is_told_how_certain_it_is_who_is_meant() {
    let (alice, namesake) = (Person::only_at("alice", &[AD]), Person::only_at("alice", &[AD]));
    let house = House::new().with([&alice]);
    let engine = house.engine();
    let certainty = async || engine.identify_account(vec![alice.upn()]).await.certainty;
    assert_eq!(certainty().await, Certainty::Known);
    house.vendor.script(|call| {
        let away = call.provider == ENTRA;
        away.then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    assert_eq!(certainty().await, Certainty::Partly, "another directory might know more of her");
    house.vendor.script(|call| (call.provider == ENTRA).then_some(Fault::Fails(Failure::Ambiguous)));
    assert_eq!(certainty().await, Certainty::Ambiguous, "a directory that says so in an error says so");
    house.vendor.behave();
    house.vendor.hire(namesake);
    assert_eq!(certainty().await, Certainty::Ambiguous);
}
