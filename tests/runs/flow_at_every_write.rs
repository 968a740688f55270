//! The process dies at every write and at every call of a run that waits, branches and goes side by side: the same end,
//! and each change made exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quell_run::Finish;
use quell_tests::run::{Breakage, Fault, House, in_time, settle_down};

use crate::flow::{HEAD, alert_with, person};

const STEPS: &str = r#"steps:
  - wait: { for: 10m }
  - id: kept
    set: { why: "{{ alert.title }}" }
  - parallel:
      - do: account.disable
        at: [active_directory]
      - choose:
          - if: { all: [ kept.why: { contains: theft } ] }
            steps:
              - do: account.disable
                at: [entra_id]
          - otherwise:
              - stop: { outcome: nothing }
  - id: machines
    for_each: { device: { at_most: 5 } }
    steps:
      - wait: { for: 5m }
      - do: device.isolate
  - if: { all: [ machines.failed_count: { is: 0 } ] }
    stop: { outcome: "{{ kept.why }}: done" }
always:
  - do: desk.tell
    with: { text: "{{ lane.outcome }}" }
"#;

#[derive(Debug, PartialEq)]
struct Ending {
    finish: Option<Finish>,
    disabled: BTreeSet<String>,
    changes: BTreeMap<String, u32>,
    told: usize,
    lanes: usize,
}

/// Runs it to its end, through whatever breaks; returns also how many writes and calls there were.
async fn ending(prepare: impl Fn(&House)) -> (Ending, usize, usize) {
    let people = [person("alice"), person("bob")];
    let house = House::new().with(&people);
    ["d1", "d2"].iter().for_each(|machine| house.vendor.enrol(machine));
    prepare(&house);
    let playbook = house.playbook(&format!("{HEAD}{STEPS}"));
    let plan = house.plan(&alert_with(&people.iter().collect::<Vec<_>>(), &["d1", "d2"]), &playbook);
    let mut engine = house.engine();
    let mut begun = false;
    loop {
        let going = async {
            engine.start(plan.clone(), playbook.clone()).await.unwrap();
            while house.state(&plan.run).await.finish().is_none() {
                tokio::time::sleep(Duration::from_secs(60)).await;
                engine.idle().await;
            }
        };
        let crashed = tokio::select! {
            () = house.crashed() => true,
            () = in_time(going) => false,
        };
        if !crashed {
            break;
        }
        assert!(!std::mem::replace(&mut begun, true), "it broke once");
        engine.stop_now();
        settle_down().await;
        house.restart();
        engine = house.engine();
        engine.recover().await.unwrap();
    }
    let state = house.state(&plan.run).await;
    let ending = Ending {
        finish: state.finish(),
        disabled: house.vendor.disabled(),
        changes: house.vendor.changes(),
        told: house.vendor.told().len(),
        lanes: state.lanes().len(),
    };
    (ending, house.journal.writes(), house.vendor.calls().len())
}

#[tokio::test(start_paused = true)]
async fn at_every_write_to_the_journal() {
    let (expected, writes, _) = ending(|_| {}).await;
    assert_eq!((expected.finish, expected.disabled.len(), expected.lanes), (Some(Finish::Contained), 6, 6));
    assert!(expected.changes.values().all(|changes| *changes == 1), "{expected:?}");
    for write in 1..writes {
        for how in [Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses, Breakage::RefusesAndKeeps] {
            let (found, ..) = ending(|house| house.journal.break_at(write, how)).await;
            assert_eq!(found, expected, "write {write}, {how:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn at_every_call_outside() {
    let (expected, _, calls) = ending(|_| {}).await;
    for number in 0..calls {
        for fault in [Fault::DiesBefore, Fault::DiesAfter] {
            let break_it = |house: &House| {
                let at = fault.clone();
                house.vendor.script(move |call| (call.number == number).then(|| at.clone()));
            };
            let (found, ..) = ending(break_it).await;
            assert_eq!(found, expected, "call {number}, {fault:?}");
        }
    }
}

const PEOPLE_OF_MACHINES: &str = r#"language: 1
playbook: people-of-machines
title: From the machine to its people
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: medium }
for_each: device
steps:
  - do: device.isolate
  - for_each: { account: { at_most: 5 } }
    steps:
      - do: account.disable
        at: [active_directory]
"#;

const MACHINES_OF_PEOPLE: &str = r#"steps:
  - do: account.disable
    at: [entra_id]
  - parallel:
      - do: account.revoke_sessions
      - for_each: { device: { at_most: 5 } }
        steps:
          - do: device.isolate
          - do: account.disable
            at: [active_directory]
"#;

/// Lanes within lanes take places in both orders, and nobody waits in a circle.
#[tokio::test(start_paused = true)]
async fn lanes_within_lanes_never_wait_for_one_another_in_a_circle() {
    let people = [person("alice"), person("bob")];
    let house = House::new().with(&people);
    ["d1", "d2"].iter().for_each(|machine| house.vendor.enrol(machine));
    let one = house.playbook(PEOPLE_OF_MACHINES);
    let other = house.playbook(&format!("{HEAD}{MACHINES_OF_PEOPLE}"));
    let mut plans = Vec::new();
    for number in 0..6 {
        let mut alert = alert_with(&people.iter().collect::<Vec<_>>(), &["d1", "d2"]);
        std::sync::Arc::make_mut(&mut alert).id = quell_alert::AlertId(format!("a-{number}"));
        let playbook = if number % 2 == 0 { &one } else { &other };
        plans.push((house.plan(&alert, playbook), playbook.clone()));
    }
    house.carry_through(&plans).await;
    for (plan, _) in &plans {
        let state = house.state(&plan.run).await;
        assert!(
            matches!(state.finish(), Some(Finish::Contained | Finish::NothingToDo)),
            "{:?}",
            state.finish()
        );
    }
    assert_eq!(house.vendor.disabled().len(), 6, "two people at two systems, and two machines");
    assert!(house.vendor.changes().values().all(|changes| *changes == 1));
}
