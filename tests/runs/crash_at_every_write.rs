//! The process dies at every write to the journal and at every call outside, before it and after it. Another one
//! recovers. However that goes: the same end, and each change made exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use quell_run::{Entry, Finish, Phase};
use quell_tests::run::{Breakage, CallKind, Fault, House, Person, alert_about};

use crate::playbooks::CONTAIN;

/// What must be the same whatever happens on the way.
#[derive(Debug, PartialEq)]
struct Ending {
    finish: Option<Finish>,
    phases: Vec<(String, Phase)>,
    disabled: BTreeSet<String>,
    changes: BTreeMap<String, u32>,
    told: BTreeMap<String, u32>,
}

struct Story {
    house: House,
    people: Vec<Person>,
}

impl Story {
    fn new() -> Self {
        let people = vec![Person::new("alice"), Person::only_at("bob", &[quell_tests::run::AD])];
        Self { house: House::new().with(&people), people }
    }

    async fn ending(&self) -> Ending {
        let Self { house, people } = self;
        let playbook = house.playbook(CONTAIN);
        let plan = house.plan(&alert_about("a-1", &people.iter().collect::<Vec<_>>()), &playbook);
        house.carry_through(&[(plan.clone(), playbook)]).await;
        let state = house.state(&plan.run).await;
        assert!(!state.is_open());
        Ending {
            finish: state.finish(),
            phases: state.tasks().map(|task| (task.task.id.to_string(), task.phase)).collect(),
            disabled: house.vendor.disabled(),
            changes: house.vendor.changes(),
            told: house.vendor.told(),
        }
    }
}

async fn undisturbed() -> (Ending, usize, Vec<CallKind>) {
    let story = Story::new();
    let ending = story.ending().await;
    assert_eq!(ending.finish, Some(Finish::Contained));
    assert_eq!(ending.disabled.len(), 4);
    assert!(ending.changes.values().all(|changes| *changes == 1), "{ending:?}");
    let kinds = story.house.vendor.calls().iter().map(|call| call.kind).collect();
    (ending, story.house.journal.writes(), kinds)
}

#[tokio::test(start_paused = true)]
async fn at_every_write_to_the_journal() {
    let (expected, writes, _) = undisturbed().await;
    assert!(writes >= 5, "{writes} writes");
    for write in 1..writes {
        for how in [Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses, Breakage::RefusesAndKeeps] {
            let story = Story::new();
            story.house.journal.break_at(write, how);
            assert_eq!(story.ending().await, expected, "write {write}, {how:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn at_every_call_outside() {
    let (expected, _, calls) = undisturbed().await;
    for (number, kind) in calls.into_iter().enumerate() {
        for fault in [Fault::DiesBefore, Fault::DiesAfter, Fault::SilentBefore, Fault::SilentAfter] {
            let story = Story::new();
            let at = fault.clone();
            story.house.vendor.script(move |call| (call.number == number).then(|| at.clone()));
            assert_eq!(story.ending().await, expected, "call {number} ({kind:?}), {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn twice_in_a_row_at_every_pair_of_neighbours() {
    let (expected, writes, calls) = undisturbed().await;
    for write in 1..writes {
        for number in 0..calls.len() {
            let story = Story::new();
            story.house.journal.break_at(write, Breakage::DiesAfter);
            story.house.vendor.script(move |call| (call.number == number).then_some(Fault::DiesAfter));
            assert_eq!(story.ending().await, expected, "write {write} and call {number}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_panics_takes_nobody_along() {
    let (expected, _, calls) = undisturbed().await;
    for (number, kind) in calls.into_iter().enumerate() {
        let story = Story::new();
        story.house.vendor.script(move |call| (call.number == number).then_some(Fault::Panics));
        assert_eq!(story.ending().await, expected, "call {number} ({kind:?})");
    }
}

/// A journal is never written in a way that a reader could not follow, and never without its summary.
#[tokio::test(start_paused = true)]
async fn every_batch_fits_its_summary() {
    let story = Story::new();
    story.ending().await;
    let mut lines = Vec::new();
    for batch in story.house.journal.batches() {
        lines.extend(batch.lines);
        let state = quell_run::RunState::replay(&lines).expect("in order");
        assert_eq!(state.summary(), batch.summary);
    }
}

/// What a call led to is on disk before anything else is done for the lane.
#[tokio::test(start_paused = true)]
async fn outcomes_do_not_wait() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let (journal, seen) = (house.journal.clone(), Arc::new(Mutex::new((0, Vec::new()))));
    let noted = Arc::clone(&seen);
    // What panics here would be taken for a defect of the connector: it is noted, and judged afterwards.
    house.vendor.at_each_call(move |call| {
        let (begun, on_disk) = &mut *noted.lock();
        *begun += usize::from(call.kind == CallKind::Execute);
        if call.kind == CallKind::LookUp && *begun == 3 {
            let batches = journal.batches();
            let lines = batches.iter().flat_map(|batch| &batch.lines);
            on_disk.push(lines.filter(|line| matches!(line.entry, Entry::Succeeded { .. })).count());
        }
    });
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan, playbook)]).await;
    let (_, on_disk) = &*seen.lock();
    assert!(!on_disk.is_empty());
    assert!(on_disk.iter().all(|outcomes| *outcomes == 3), "three calls were answered: {on_disk:?}");
}

/// A run that was in the middle of a call is taken up before an older one that has not begun: whether it happened must
/// be known before anybody else looks. One real change, and one run that claims it.
#[tokio::test(start_paused = true)]
async fn what_was_interrupted_goes_first() {
    for fault in [Fault::DiesBefore, Fault::DiesAfter] {
        let alice = Person::only_at("alice", &[quell_tests::run::AD]);
        let house = House::new().with([&alice]);
        let at = fault.clone();
        house.vendor.script(move |call| (call.kind == CallKind::Execute).then(|| at.clone()));
        let playbook = house.playbook(crate::playbooks::CUT_OFF);
        let older = house.plan(&alert_about("older", &[&alice]), &playbook);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let newer = house.plan(&alert_about("newer", &[&alice]), &playbook);
        let engine = house.engine();
        engine.start(newer.clone(), playbook.clone()).await.unwrap();
        engine.start(older.clone(), playbook.clone()).await.unwrap();
        house.crashed().await;
        engine.stop_now();
        quell_tests::run::settle_down().await;
        house.restart();
        house.vendor.behave();
        house.carry_on().await;
        let claims = |state: quell_run::RunState| state.tasks().filter(|task| task.changed()).count();
        assert_eq!(claims(house.state(&newer.run).await), 1, "{fault:?}");
        assert_eq!(claims(house.state(&older.run).await), 0, "{fault:?}");
        assert_eq!(house.vendor.effects().values().sum::<u32>(), 1, "{fault:?}");
    }
}
