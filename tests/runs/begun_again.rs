//! A call that was begun and did not happen is begun again, unless something speaks against it by now: then it waits, and is
//! not forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quell_action::{Failure, InEffect, Registry};
use quell_run::{Finish, Hands, LaneEnd, Phase, RunId};
use quell_tests::run::{AD, CallKind, Fault, House, Person, alert_about, in_time, settle_down};

use crate::playbooks::CUT_OFF;

/// A run whose engine was let go of in the middle of a call that did nothing.
async fn cut_off_in_the_middle(house: &House, alice: &Person) -> RunId {
    house.vendor.script(|call| (call.kind == CallKind::Execute).then_some(Fault::SilentBefore));
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.stop_now();
    settle_down().await;
    plan.run
}

fn slow_look(house: &House) {
    house
        .vendor
        .script(|call| (call.kind == CallKind::Observe).then_some(Fault::Slow(Duration::from_secs(5))));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_stops_while_it_looks_leaves_it_to_the_next() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let run = cut_off_in_the_middle(&house, &alice).await;
    slow_look(&house);
    let engine = house.engine();
    engine.recover().await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    engine.shut_down(Duration::from_secs(60)).await;
    let task = house.state(&run).await.tasks().next().unwrap().clone();
    assert!(task.is_started() && house.vendor.disabled().is_empty(), "{:?}", task.phase);
    house.carry_on().await;
    assert!(house.vendor.is_disabled(AD, &alice));
    assert_eq!(house.state(&run).await.finish(), Some(Finish::Contained));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_comes_while_it_looks_holds_it_back_and_drops_nothing() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let run = cut_off_in_the_middle(&house, &alice).await;
    slow_look(&house);
    let engine = house.engine();
    engine.recover().await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    house.brake.set(true);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(house.vendor.disabled().is_empty());
    house.brake.set(false);
    in_time(engine.idle()).await;
    assert!(house.vendor.is_disabled(AD, &alice));
    assert_eq!(house.state(&run).await.finish(), Some(Finish::Contained));
}

/// Too little is known to call again: that is no exclusion, and is tried again.
#[tokio::test(start_paused = true)]
async fn a_directory_that_is_away_puts_it_off() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let run = cut_off_in_the_middle(&house, &alice).await;
    let away = Arc::new(AtomicBool::new(true));
    let is_away = Arc::clone(&away);
    house.vendor.script(move |call| {
        let fails = call.kind == CallKind::LookUp && is_away.load(Ordering::SeqCst);
        fails.then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    let engine = house.engine();
    engine.recover().await.unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
    let task = house.state(&run).await.tasks().next().unwrap().clone();
    assert_eq!(task.phase, Phase::Unsettled, "{:?}", task.excluded);
    assert!(house.vendor.disabled().is_empty());
    away.store(false, Ordering::SeqCst);
    in_time(engine.idle()).await;
    assert!(house.vendor.is_disabled(AD, &alice));
}

/// The system did it, and says when it is read back that it has no effect.
#[tokio::test(start_paused = true)]
async fn what_was_done_without_effect_is_not_told_as_done() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    house.vendor.seems(InEffect::Ineffective("a rule lets her in".into()));
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    let state = house.state(&plan.run).await;
    let task = state.tasks().next().unwrap();
    assert!(task.is_ineffective() && task.went_wrong(), "{:?}", task.fulfilled);
    assert_ne!(state.lanes()[0].end(), Some(LaneEnd::Contained));
}

/// Whether it happened cannot be read for a while: nobody has to say so in its place.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_for_a_while_is_read_later() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let run = cut_off_in_the_middle(&house, &alice).await;
    house.vendor.script(|call| {
        (call.kind == CallKind::Observe).then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    let engine = house.engine();
    engine.recover().await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(house.state(&run).await.tasks().next().unwrap().phase, Phase::Unsettled);
    house.vendor.behave();
    in_time(engine.idle()).await;
    assert!(house.vendor.is_disabled(AD, &alice));
}

/// Its connector is not there after a restart: what is still to be done waits for it.
#[tokio::test(start_paused = true)]
async fn what_nobody_offers_any_more_waits_for_somebody_who_does() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let away = || Some(Fault::Fails(Failure::Unavailable { retry_after: None }));
    house.vendor.script(move |call| if call.kind == CallKind::Observe { away() } else { None });
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.stop_now();
    settle_down().await;
    house.vendor.behave();
    let mut connection = house.vendor.connection();
    connection.actions.clear();
    let engine = house.engine_with(Hands::acting(Registry::new(&[connection]).unwrap()));
    engine.recover().await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(house.state(&plan.run).await.tasks().next().unwrap().phase, Phase::Waiting);
    engine.stop_now();
    settle_down().await;
    house.carry_on().await;
    assert!(house.vendor.is_disabled(AD, &alice));
}

/// The run is stopped while nobody knows whether a call happened: that is found out all the same.
#[tokio::test(start_paused = true)]
async fn a_stop_drops_nothing_that_may_have_happened() {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let called = Arc::new(AtomicBool::new(false));
    let is_called = Arc::clone(&called);
    house.vendor.script(move |call| match call.kind {
        CallKind::Execute => {
            is_called.store(true, Ordering::SeqCst);
            Some(Fault::UncertainAfter)
        }
        CallKind::Observe if is_called.load(Ordering::SeqCst) => {
            Some(Fault::Fails(Failure::Unavailable { retry_after: None }))
        }
        _ => None,
    });
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    engine.cancel(&plan.run, "ann").await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    house.vendor.behave();
    in_time(engine.idle()).await;
    let state = house.state(&plan.run).await;
    let task = state.tasks().next().unwrap();
    assert_eq!((task.phase, task.changed()), (Phase::Succeeded, true));
    assert_eq!(state.finish(), Some(Finish::Cancelled));
}
