//! Whose turn it is at an account: over restarts, while a run is read anew, and when a lane needs more than it has.

use std::sync::Arc;
use std::time::Duration;

use quell_run::{Phase, Plan};
use quell_tests::run::{
    AD, Breakage, Call, CallKind, Fault, House, Person, account, alert, alert_about, in_time, settle_down,
};

use crate::ask::says;
use crate::playbooks::{CONTAIN, CUT_OFF};

/// How often somebody looked at an account while it was being changed there.
fn looked_meanwhile(calls: &[Call], target: &str) -> usize {
    let of = |kind| calls.iter().filter(move |call| call.kind == kind && call.target == target);
    let changed = of(CallKind::Execute).next().expect("it was changed").span;
    of(CallKind::Observe).filter(|look| changed.0 < look.span.0 && look.span.0 < changed.1).count()
}

/// A plan about somebody whom the alert knows by another name.
fn known_otherwise(house: &House, alice: &Person, playbook: &quell_playbook::model::Playbook) -> Plan {
    house.plan(&alert("a-otherwise", vec![account(&[alice.upn()])]), playbook)
}

/// The process dies in the middle of a call, and an older run is just about to act on the same account. What the call did is
/// found out first: otherwise the one would take for its own what the other has done.
#[tokio::test(start_paused = true)]
async fn what_a_call_did_is_known_before_another_run_looks_at_the_same_account() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    house
        .vendor
        .script(|call| (call.kind == CallKind::Execute).then_some(Fault::Slow(Duration::from_secs(600))));
    let engine = house.engine();
    let asking = CUT_OFF
        .replace("mode: act\n", "mode: act\napproval: { ask: [soc], expires: 8h }\n")
        .replace("    at: [active_directory]\n", "    at: [active_directory]\n    approval: ask\n")
        .replace("playbook: cut-off", "playbook: ask-first");
    let playbooks = [house.playbook(&asking), house.playbook(CUT_OFF)];
    let older = known_otherwise(&house, &alice, &playbooks[0]);
    engine.start(older.clone(), Arc::clone(&playbooks[0])).await.unwrap();
    in_time(engine.idle()).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let newer = house.plan(&alert_about("a-1", &[&alice]), &playbooks[1]);
    engine.start(newer.clone(), Arc::clone(&playbooks[1])).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let open = engine.questions().await.unwrap().remove(0).question;
    engine.answer(&older.run, &open.id, &open.bond, says("ann", "approve")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    engine.stop_now();
    settle_down().await;
    assert!(house.vendor.disabled().is_empty(), "the call was cut off before it did anything");
    house.vendor.behave();
    house.carry_on().await;
    let effects = house.vendor.effects();
    assert_eq!(effects.values().sum::<u32>(), 1);
    for plan in [&older, &newer] {
        let state = house.state(&plan.run).await;
        let task = state.tasks().next().unwrap();
        assert_eq!(task.phase, Phase::Succeeded);
        let changed = effects.keys().any(|key| key.starts_with(&plan.run.0));
        assert_eq!(task.changed(), changed, "each says what it did itself: {effects:?}");
    }
}

/// A message has no account that could be waited for; those about one identity go one after the other all the same.
#[tokio::test(start_paused = true)]
async fn messages_about_one_identity_go_one_after_the_other() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    house.vendor.script(|_| Some(Fault::Slow(Duration::from_secs(10))));
    let steps = "steps:\n  - do: desk.tell\n    with: { text: look }\n";
    let playbook = house.playbook(&format!("{}{steps}", CUT_OFF.split("steps:").next().unwrap()));
    let engine = house.engine();
    for number in 0..3 {
        let plan = house.plan(&alert_about(&format!("a-{number}"), &[&alice]), &playbook);
        engine.start(plan, Arc::clone(&playbook)).await.unwrap();
    }
    in_time(engine.idle()).await;
    let calls = house.vendor.writes();
    assert_eq!(calls.len(), 3);
    assert!(calls.windows(2).all(|two| two[0].span.1 < two[1].span.0), "{calls:?}");
}

/// The journal fails while a call of another lane is under way. The run is read anew, and nobody is on the way any more.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_read_anew_has_let_go_of_its_calls() {
    let (alice, bob) = (Person::only_at("alice", &[AD]), Person::only_at("bob", &[AD]));
    let house = House::new().with([&alice, &bob]);
    house.vendor.script(|call| match (call.kind, call.target.ends_with(":bob")) {
        (CallKind::Execute, false) => Some(Fault::Slow(Duration::from_secs(25))),
        (CallKind::Observe, true) => Some(Fault::Slow(Duration::from_secs(5))),
        _ => None,
    });
    let engine = house.engine();
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice, &bob]), &playbook);
    engine.start(plan.clone(), playbook).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    house.journal.break_at(house.journal.writes(), Breakage::Refuses);
    in_time(engine.idle()).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let writes = house.vendor.writes();
    let ended = writes.iter().filter(|call| call.target.ends_with(":alice") && call.span.1 != usize::MAX);
    assert_eq!(ended.count(), 1, "{writes:?}");
    assert_eq!(house.vendor.disabled().len(), 2);
}

/// A run waits for an account that another one is changing, and its journal fails meanwhile: read anew it waits as before.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_read_anew_while_it_waits_for_its_turn_goes_on_waiting() {
    let (alice, bob) = (Person::only_at("alice", &[AD]), Person::only_at("bob", &[AD]));
    let house = House::new().with([&alice, &bob]);
    house.vendor.script(|call| match (call.kind, call.target.ends_with(":bob")) {
        (CallKind::Execute, false) => Some(Fault::Slow(Duration::from_secs(25))),
        (CallKind::Observe, true) => Some(Fault::Slow(Duration::from_secs(5))),
        _ => None,
    });
    let engine = house.engine();
    let playbooks = [house.playbook(CONTAIN), house.playbook(CUT_OFF)];
    let first = house.plan(&alert_about("a-1", &[&alice]), &playbooks[0]);
    engine.start(first.clone(), Arc::clone(&playbooks[0])).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    // Known by another name, she is found to be the same only by her account.
    let both = alert("a-2", vec![account(&[alice.upn()]), account(&[bob.upn()])]);
    let second = house.plan(&both, &playbooks[1]);
    engine.start(second.clone(), Arc::clone(&playbooks[1])).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    house.journal.break_at(house.journal.writes(), Breakage::Refuses);
    in_time(engine.idle()).await;
    assert_eq!(looked_meanwhile(&house.vendor.calls(), "active_directory:alice"), 0);
    assert!(house.vendor.is_disabled(AD, &bob));
    assert!(house.state(&second.run).await.tasks().all(|task| task.phase == Phase::Succeeded));
}
