//! Undoing while something stands in the way: what may pass is waited for, and what somebody else has done is left to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quell_action::exclusion::Entry as Exclusion;
use quell_action::{ActionName, Failure, InEffect, Registry};
use quell_run::{Entry, Hands, Phase, Plan};
use quell_tests::run::{AD, CallKind, Fault, House, Person, alert_about, entry, in_time, list, settle_down};

use crate::playbooks::CUT_OFF;

/// A house in which a playbook has done its work.
async fn done(yaml: &str, alice: &Person) -> (House, Plan) {
    let house = House::new().with([alice]);
    house.vendor.set_disabled(AD, alice, yaml.contains("account.enable"));
    let playbook = house.playbook(yaml);
    let plan = house.plan(&alert_about("a-1", &[alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    (house, plan)
}

async fn phase(house: &House, plan: &Plan) -> Phase {
    house.state(&plan.run).await.tasks().next().unwrap().phase
}

fn enabling() -> String {
    CUT_OFF.replace("account.disable", "account.enable")
}

#[tokio::test(start_paused = true)]
async fn without_its_connector_it_waits_until_there_is_one_again() {
    let alice = Person::only_at("alice", &[AD]);
    let (house, plan) = done(CUT_OFF, &alice).await;
    let mut connection = house.vendor.connection();
    connection.actions.clear();
    let engine = house.engine_with(Hands::acting(Registry::new(&[connection]).unwrap()));
    engine.undo(&plan.run, None, "ann").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(phase(&house, &plan).await, Phase::Succeeded, "nobody is asked to see to it by hand");
    engine.stop_now();
    settle_down().await;
    let engine = house.engine();
    engine.recover().await.unwrap();
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert_eq!(phase(&house, &plan).await, Phase::Undone);
    assert!(!house.vendor.is_disabled(AD, &alice));
}

/// The engine was let go of in the middle of an undo, and whether it happened cannot be read for a while.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_for_a_while_is_read_later() {
    let alice = Person::only_at("alice", &[AD]);
    let (house, plan) = done(CUT_OFF, &alice).await;
    house.vendor.script(|call| (call.kind == CallKind::Restore).then_some(Fault::SilentBefore));
    let engine = house.engine();
    engine.undo(&plan.run, None, "ann").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.stop_now();
    settle_down().await;
    assert_eq!(phase(&house, &plan).await, Phase::Undoing);
    house.vendor.script(|call| {
        (call.kind == CallKind::Observe).then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    let engine = house.engine();
    engine.recover().await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(phase(&house, &plan).await, Phase::Undoing);
    house.vendor.behave();
    in_time(engine.idle()).await;
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert_eq!(phase(&house, &plan).await, Phase::Undone);
    assert!(!house.vendor.is_disabled(AD, &alice));
}

/// Somebody has given it back and, as the system says, somebody has taken it again: that is not ours to take back.
#[tokio::test(start_paused = true)]
async fn what_the_system_leaves_to_somebody_else_is_taken_back_as_far_as_it_is_ours() {
    let alice = Person::only_at("alice", &[AD]);
    let (house, plan) = done(CUT_OFF, &alice).await;
    house.vendor.set_disabled(AD, &alice, false);
    house.vendor.seems(InEffect::Yes);
    let engine = house.engine();
    engine.undo(&plan.run, None, "ann").await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!(phase(&house, &plan).await, Phase::Undone);
}

#[tokio::test(start_paused = true)]
async fn a_system_that_stays_away_is_asked_less_and_less_often() {
    let alice = Person::only_at("alice", &[AD]);
    let (house, plan) = done(CUT_OFF, &alice).await;
    house.vendor.script(|call| {
        (call.kind == CallKind::Restore).then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    let engine = house.engine();
    engine.undo(&plan.run, None, "ann").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let lines = house.lines(&plan.run).await;
    let waits: Vec<i64> = lines
        .iter()
        .filter_map(|line| match &line.entry {
            Entry::UndoDelayed { again_at, .. } => Some((*again_at - line.at).num_milliseconds()),
            _ => None,
        })
        .take(4)
        .collect();
    assert!(waits.len() == 4 && waits.is_sorted_by(|one, next| one < next), "{waits:?}");
}

/// To take back that somebody was let in shuts them out: with a directory away nobody knows whether they are excluded.
#[tokio::test(start_paused = true)]
async fn shutting_somebody_out_again_waits_until_it_is_known_who_they_are() {
    let alice = Person::only_at("alice", &[AD]);
    let (house, plan) = done(&enabling(), &alice).await;
    let away = Arc::new(AtomicBool::new(true));
    let is_away = Arc::clone(&away);
    house.vendor.script(move |call| {
        let fails = call.kind == CallKind::LookUp && call.provider != AD && is_away.load(Ordering::SeqCst);
        fails.then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    let engine = house.engine();
    engine.undo(&plan.run, None, "ann").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(phase(&house, &plan).await, Phase::Succeeded);
    assert!(!house.vendor.is_disabled(AD, &alice));
    away.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    in_time(engine.idle()).await;
    assert_eq!(phase(&house, &plan).await, Phase::Undone);
    assert!(house.vendor.is_disabled(AD, &alice));
}

/// An entry that names what must not be done to somebody stops the undo that does just that.
#[tokio::test(start_paused = true)]
async fn an_undo_is_held_against_the_list_as_what_it_does() {
    for (named, is_shut_out) in [("account.disable", false), ("account.require_password_change", true)] {
        let alice = Person::only_at("alice", &[AD]);
        let (house, plan) = done(&enabling(), &alice).await;
        let excluded = Exclusion { actions: vec![ActionName(named.into())], ..entry(0, alice.upn()) };
        house.exclusions.replace(list(vec![excluded]));
        let engine = house.engine();
        engine.undo(&plan.run, None, "ann").await.unwrap();
        in_time(engine.idle()).await;
        assert_eq!(house.vendor.is_disabled(AD, &alice), is_shut_out, "{named}");
    }
}
