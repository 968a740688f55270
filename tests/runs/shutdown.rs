//! Shutting the engine down, at every position, gently and at once. The next one ends what was begun.

use std::time::Duration;

use quell_run::{Entry, Finish};
use quell_tests::run::{Fault, House, Person, alert_about, in_time, settle_down};

use crate::playbooks::CONTAIN;

async fn at_every_call(gently: bool) {
    let alice = Person::new("alice");
    let calls = {
        let house = House::new().with([&alice]);
        let playbook = house.playbook(CONTAIN);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        house.carry_through(&[(plan, playbook)]).await;
        house.vendor.calls().len()
    };
    for moment in 0..calls {
        let house = House::new().with([&alice]);
        let (reached, mut heard) = tokio::sync::mpsc::unbounded_channel();
        house.vendor.script(move |call| {
            (call.number == moment).then(|| {
                let _ = reached.send(());
                Fault::Slow(Duration::from_secs(5))
            })
        });
        let playbook = house.playbook(CONTAIN);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        let engine = house.engine();
        engine.start(plan.clone(), playbook.clone()).await.unwrap();
        in_time(heard.recv()).await.expect("reached");
        let flushes = house.journal.writes();
        if gently {
            engine.shut_down(Duration::from_secs(30)).await;
            let state = house.state(&plan.run).await;
            assert!(
                !state.tasks().any(|task| task.is_started()),
                "what was started was finished: call {moment}"
            );
        } else {
            engine.stop_now();
        }
        settle_down().await;
        assert_eq!(engine.active(), 0);
        // An intent that was on its way to disk at the signal is started; gently, its call is made and finished.
        let intents = intents(&house, flushes);
        assert!(house.vendor.writes().len() <= intents, "nothing was begun after the signal: call {moment}");
        assert!(
            !gently || house.vendor.writes().len() == intents,
            "what was started was finished: call {moment}"
        );
        assert!(engine.start(plan.clone(), playbook).await.is_err());

        house.carry_on().await;
        let state = house.state(&plan.run).await;
        assert_eq!(state.finish(), Some(Finish::Contained), "{}", house.story(&plan.run).await);
        assert!(house.vendor.changes().values().all(|changes| *changes == 1), "call {moment}");
        assert!(house.vendor.told().values().all(|told| *told == 1), "call {moment}");
    }
}

/// The intents among the first so many writes.
fn intents(house: &House, flushes: usize) -> usize {
    let batches = house.journal.batches();
    let lines = batches.iter().take(flushes).flat_map(|batch| &batch.lines);
    lines.filter(|line| matches!(line.entry, Entry::Started { .. })).count()
}

#[tokio::test(start_paused = true)]
async fn gently() {
    at_every_call(true).await;
}

#[tokio::test(start_paused = true)]
async fn at_once() {
    at_every_call(false).await;
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_kept() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.vendor.script(|call| (!call.key.is_empty()).then_some(Fault::SilentAfter));
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = house.clock_now();
    engine.shut_down(Duration::from_secs(3)).await;
    assert_eq!((house.clock_now() - before).num_seconds(), 3);
    settle_down().await;
    assert_eq!(engine.active(), 0);
    house.vendor.behave();
    house.carry_on().await;
    assert_eq!(house.state(&plan.run).await.finish(), Some(Finish::Contained));
}
