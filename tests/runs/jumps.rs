//! Clocks that are set, both ways, while somebody waits: late rather than never, once, and nobody is freed early.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use quell_run::{Engine, Journal, Plan, RunState};
use quell_tests::run::{AD, House, Person, alert_about, in_time, settle_down};

use crate::playbooks::{ASKING, FOR_A_WHILE};

const HOUR: Duration = Duration::from_secs(3600);

/// How soon a clock that was set ahead is noticed.
const SOON: Duration = Duration::from_secs(61);

async fn begun(playbook: &str) -> (House, Engine, Plan, Person) {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    let playbook = house.playbook(playbook);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), Arc::clone(&playbook)).await.unwrap();
    in_time(engine.idle()).await;
    (house, engine, plan, alice)
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
    settle_down().await;
}

fn undone(house: &House) -> u32 {
    house.vendor.changes().get(&format!("undo account.disable {AD}:alice")).copied().unwrap_or_default()
}

/// The machine slept, or its clock was wrong: the timer of eight hours has run out meanwhile, and somebody's account
/// is not kept from them for another eight.
#[tokio::test(start_paused = true)]
async fn a_timer_notices_that_the_clock_was_set_ahead() {
    let (house, _engine, _, alice) = begun(FOR_A_WHILE).await;
    pass(HOUR).await;
    house.clock.jump(TimeDelta::hours(6));
    pass(SOON).await;
    assert!(house.vendor.is_disabled(AD, &alice), "an hour is left");
    house.clock.jump(TimeDelta::hours(2));
    pass(SOON).await;
    assert_eq!(undone(&house), 1);
    pass(30 * HOUR).await;
    assert_eq!(undone(&house), 1, "and once");
    assert!(house.journal.unfinished().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_timer_waits_longer_where_the_clock_was_set_back_and_runs_once() {
    for restarts in [false, true] {
        let (house, mut engine, _, alice) = begun(FOR_A_WHILE).await;
        pass(4 * HOUR).await;
        house.clock.jump(TimeDelta::days(-1));
        if restarts {
            engine.shut_down(Duration::from_secs(1)).await;
            engine = house.engine();
            assert_eq!(engine.recover().await.unwrap().refused.len(), 0);
        }
        pass(27 * HOUR).await;
        assert!(house.vendor.is_disabled(AD, &alice), "by this clock it is not yet over");
        pass(2 * HOUR).await;
        assert_eq!(undone(&house), 1);
        pass(48 * HOUR).await;
        assert_eq!(undone(&house), 1);
        drop(engine);
    }
}

/// Whatever the clock does, the times in a journal never go back, so that it can be followed.
#[tokio::test(start_paused = true)]
async fn the_times_of_a_journal_never_go_back() {
    let (house, engine, plan, _) = begun(FOR_A_WHILE).await;
    house.clock.jump(TimeDelta::days(-400));
    engine.confirm(&plan.run, None, "olivia").await.unwrap();
    engine.undo(&plan.run, None, "olivia").await.unwrap();
    in_time(engine.idle()).await;
    let lines = house.lines(&plan.run).await;
    assert!(lines.is_sorted_by_key(|line| line.at), "{lines:#?}");
    assert!(!RunState::replay(&lines).unwrap().is_open());
    assert_eq!(undone(&house), 1);
}

/// A question that nobody has answered ends when the clock says so, be it by a jump; nobody is touched.
#[tokio::test(start_paused = true)]
async fn a_question_runs_out_where_the_clock_was_set_ahead() {
    let (house, engine, plan, alice) = begun(ASKING).await;
    assert_eq!(engine.questions().await.unwrap().len(), 1);
    house.clock.jump(TimeDelta::days(30));
    pass(SOON).await;
    assert!(engine.questions().await.unwrap().is_empty());
    assert!(!house.vendor.is_disabled(AD, &alice));
    assert!(house.state(&plan.run).await.finish().is_some());
}
