//! Values kept for an alert: kept once, seen by the next version's run, and by nobody else's.

use std::sync::Arc;

use quell_alert::Alert;
use quell_playbook::model::AlertState;
use quell_run::{Entry, Journal as _, Origin, Plan};
use quell_tests::run::{Breakage, House, Person, alert_about};

const TICKET: &str = "language: 1
playbook: ticket
title: One ticket for an alert
mode: act
when: { alert: { states: [new, updated], all: [{ alert.title: { exists: true } }] } }
steps:
  - if: { all: [{ alert.kept.ticket: { exists: true } }] }
    stop: { outcome: \"known as {{ alert.kept.ticket }}\" }
  - keep: { ticket: \"T-{{ run.id }}\" }
  - if: { all: [{ alert.kept.ticket: { exists: true } }] }
    stop: { outcome: opened }
";

/// A newer version of an alert.
fn newer(alert: &Arc<Alert>, minute: u32) -> Arc<Alert> {
    let mut newer = Alert::clone(alert);
    newer.times.updated = Some(format!("2026-03-01T09:{minute:02}:00Z").parse().unwrap());
    Arc::new(newer.since(alert))
}

fn plan(
    house: &House,
    alert: &Arc<Alert>,
    state: AlertState,
    playbook: &quell_playbook::model::Playbook,
) -> Plan {
    Plan::new(Arc::clone(alert), playbook, Origin::Live, state, house.clock_now())
}

/// How each run said that it ended.
async fn outcomes(house: &House, plans: &[Plan]) -> Vec<String> {
    let mut found = Vec::new();
    for plan in plans {
        for line in house.lines(&plan.run).await {
            if let Entry::Stopped { outcome, .. } = line.entry {
                found.push(outcome);
            }
        }
    }
    found
}

#[tokio::test(start_paused = true)]
async fn the_value_is_kept_once_and_the_next_version_reads_it() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    story(&house, &alert_about("a-1", &[&alice])).await;
}

/// Both runs to their ends; tells at which writes they were accepted.
async fn story(house: &House, alert: &Arc<Alert>) -> Vec<usize> {
    let playbook = house.playbook(TICKET);
    let first = plan(house, alert, AlertState::New, &playbook);
    let second = plan(house, &newer(alert, 1), AlertState::Updated, &playbook);
    let plans = [first.clone(), second];
    // One after the other: who comes first when they go side by side is nobody's promise.
    let mut accepted = Vec::new();
    for plan in &plans {
        accepted.push(house.journal.writes());
        house.carry_through(&[(plan.clone(), Arc::clone(&playbook))]).await;
    }
    let kept = house.journal.kept(&alert.same_detection_key()).await.unwrap();
    let ticket = format!("T-{}", first.run);
    assert_eq!(kept.get("ticket"), Some(&ticket));
    assert_eq!(outcomes(house, &plans).await, ["opened".to_owned(), format!("known as {ticket}")]);
    accepted
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_write_changes_nothing() {
    let alice = Person::new("alice");
    let alert = alert_about("a-1", &[&alice]);
    let undisturbed = House::new().with([&alice]);
    let accepted = story(&undisturbed, &alert).await;
    let writes = undisturbed.journal.writes();
    assert!(writes >= 4, "{writes} writes");
    // A run that was never accepted has not begun: nobody was promised anything.
    for write in (0..writes).filter(|write| !accepted.contains(write)) {
        for how in [Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses, Breakage::RefusesAndKeeps] {
            let house = House::new().with([&alice]);
            house.journal.break_at(write, how);
            story(&house, &alert).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_alert_sees_nothing_of_it() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let playbook = house.playbook(TICKET);
    let plans = ["a-1", "a-2"].map(|id| house.plan(&alert_about(id, &[&alice]), &playbook));
    let both: Vec<_> = plans.iter().map(|plan| (plan.clone(), Arc::clone(&playbook))).collect();
    house.carry_through(&both).await;
    assert_eq!(outcomes(&house, &plans).await, ["opened", "opened"]);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_too_long_fails_the_step() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let long = TICKET.replace("T-{{ run.id }}", &"x".repeat(3_000));
    let playbook = house.playbook(&long);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    assert!(house.story(&plan.run).await.contains("step_failed"), "{}", house.story(&plan.run).await);
}
