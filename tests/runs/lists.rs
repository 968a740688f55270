//! Steps that write named lists: exactly once however the process dies, taken back only when nobody needs it any more,
//! and seen by the step after.

use std::sync::Arc;

use quell_action::Effect;
use quell_action::lists::{ListEntry, Lists, NamedList};
use quell_run::{Clock as _, Finish, Phase};
use quell_tests::run::{Breakage, House, Person, alert_about};

const WATCH: &str = "language: 1
playbook: watch
title: Watches whom an alert names
mode: act
when: { alert: { all: [{ alert.title: { exists: true } }] } }
for_each: account
steps:
  - id: watch
    do: list.add
    with: { list: watched, value: \"{{ account.sid }}\", for: 30d }
  - id: tell
    if: { all: [{ account.sid: { in_list: watched } }] }
    do: account.disable
";

fn lists(values: &[&str]) -> Lists {
    let list = NamedList::new(values.iter().map(|value| ListEntry::new(value).unwrap()));
    Lists::new([("watched".to_owned(), list)])
}

fn watched(house: &House) -> Vec<String> {
    let lists = house.lists.now();
    let list = lists.get("watched").unwrap();
    list.in_force(house.clock.now()).into_iter().map(|entry| entry.value.clone()).collect()
}

fn story() -> (House, Person) {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.lists.replace(lists(&[]));
    (house, alice)
}

/// Plays it, and says how it ended: the run, the phases, who is disabled, what is in the list.
async fn ending((house, alice): (House, Person)) -> (Option<Finish>, Vec<Phase>, usize, Vec<String>) {
    let playbook = house.playbook(WATCH);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    let state = house.state(&plan.run).await;
    let phases = state.tasks().map(|task| task.phase).collect();
    (state.finish(), phases, house.vendor.disabled().len(), watched(&house))
}

#[tokio::test(start_paused = true)]
async fn at_every_write_to_the_journal_the_value_is_in_once_and_the_next_step_sees_it() {
    let (house, alice) = story();
    let writes = house.journal.clone();
    let expected = ending((house, alice.clone())).await;
    assert_eq!(expected.0, Some(Finish::Contained));
    assert_eq!(expected.3, [alice.sid().to_string().trim_start_matches("sid:")]);
    for write in 1..writes.writes() {
        for how in [Breakage::DiesBefore, Breakage::DiesAfter, Breakage::Refuses, Breakage::RefusesAndKeeps] {
            let (house, alice) = story();
            house.journal.break_at(write, how);
            assert_eq!(ending((house, alice)).await, expected, "write {write}, {how:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_value_goes_when_the_last_run_that_needs_it_is_taken_back() {
    let (house, alice) = story();
    let playbook = house.playbook(WATCH);
    let first = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let second = house.plan(&alert_about("a-2", &[&alice]), &playbook);
    let engine = house.engine();
    for plan in [&first, &second] {
        engine.start(plan.clone(), Arc::clone(&playbook)).await.unwrap();
        engine.idle().await;
    }
    assert_eq!(watched(&house).len(), 1);
    for (run, left) in [(&first.run, 1), (&second.run, 0)] {
        engine.undo(run, None, "somebody").await.unwrap();
        engine.idle().await;
        assert_eq!(watched(&house).len(), left, "{run}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_person_has_put_in_is_not_taken_out_by_an_undo() {
    let (house, alice) = story();
    house.lists.replace(lists(&[alice.sid().to_string().trim_start_matches("sid:")]));
    let playbook = house.playbook(WATCH);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    engine.idle().await;
    let state = house.state(&plan.run).await;
    let effect = state.tasks().next().and_then(|task| task.fulfilled.clone()).map(|done| done.effect);
    assert_eq!(effect, Some(Effect::Unchanged));
    engine.undo(&plan.run, None, "somebody").await.unwrap();
    engine.idle().await;
    assert_eq!(watched(&house).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_nobody_knows_stops_the_lane() {
    let (house, alice) = story();
    house.lists.replace(Lists::default());
    let unknown = WATCH.replace("  - id: watch\n    do: list.add\n    with: { list: watched, value: \"{{ account.sid }}\", for: 30d }\n", "");
    let playbook = house.playbook(&unknown);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    assert!(house.vendor.disabled().is_empty());
    assert!(house.story(&plan.run).await.contains("step_skipped"), "{}", house.story(&plan.run).await);
}

/// Two runs about two people put the same value in. Nothing but the value itself says that they are about one thing.
#[tokio::test(start_paused = true)]
async fn two_runs_that_are_taken_back_at_once_leave_nothing_behind() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let house = House::new().with([&alice, &bob]);
    house.lists.replace(lists(&[]));
    let playbook = house.playbook(&WATCH.replace("{{ account.sid }}", "the same for all"));
    let engine = house.engine();
    let plans =
        [("a-1", &alice), ("a-2", &bob)].map(|(id, who)| house.plan(&alert_about(id, &[who]), &playbook));
    for plan in &plans {
        engine.start(plan.clone(), Arc::clone(&playbook)).await.unwrap();
    }
    engine.idle().await;
    assert_eq!(watched(&house).len(), 1);
    let (one, other) = tokio::join!(
        engine.undo(&plans[0].run, None, "somebody"),
        engine.undo(&plans[1].run, None, "somebody")
    );
    assert!(one.is_ok() && other.is_ok());
    engine.idle().await;
    assert_eq!(watched(&house), Vec::<String>::new(), "each took the other for one who still needs it");
}
