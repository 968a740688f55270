//! Stopping a run, at every position: what is started is finished, nothing more is begun.

use quell_run::{Finish, Phase};
use quell_tests::run::{Fault, House, Person, alert_about, in_time};

use crate::playbooks::CONTAIN;

#[tokio::test(start_paused = true)]
async fn at_every_call() {
    let alice = Person::new("alice");
    let calls = {
        let house = House::new().with([&alice]);
        let playbook = house.playbook(CONTAIN);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        house.carry_through(&[(plan, playbook)]).await;
        house.vendor.calls().len()
    };
    for moment in 0..calls {
        for undo in [false, true] {
            stopped_at(&alice, moment, undo).await;
        }
    }
}

/// A person stops the run while this call is under way, or takes it back as a whole.
async fn stopped_at(alice: &Person, moment: usize, undo: bool) {
    let house = House::new().with([alice]);
    let (reached, mut heard) = tokio::sync::mpsc::unbounded_channel();
    house.vendor.script(move |call| {
        (call.number == moment).then(|| {
            let _ = reached.send(());
            Fault::Slow(std::time::Duration::from_secs(5))
        })
    });
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[alice]), &playbook);
    let engine = house.engine();
    engine.start(plan.clone(), playbook).await.unwrap();
    in_time(heard.recv()).await.expect("reached");
    match undo {
        true => drop(in_time(engine.undo(&plan.run, None, "operator")).await.unwrap()),
        false => in_time(engine.cancel(&plan.run, "operator")).await.unwrap(),
    }
    in_time(engine.idle()).await;
    let what = format!("at call {moment}, undo {undo}: {}", house.story(&plan.run).await);
    // An intent that went to disk before the wish did is started; its call is made.
    let story = house.story(&plan.run).await;
    let started = story.split(" cancelled").next().expect("cancelled").matches(" started").count();
    assert_eq!(story.matches(" started").count(), started, "nothing is begun afterwards: {what}");
    assert_eq!(house.vendor.writes().len(), started, "{what}");
    let state = house.state(&plan.run).await;
    assert_eq!(state.finish(), Some(Finish::Cancelled), "{what}");
    assert!(!state.is_open(), "{what}");
    assert!(state.tasks().all(|task| task.is_settled()), "{what}");
    if undo {
        assert!(house.vendor.disabled().is_empty(), "{what}");
        let done = |phase| matches!(phase, Phase::Undone | Phase::Dropped);
        assert!(state.tasks().filter(|task| task.task.reversible).all(|task| done(task.phase)), "{what}");
    }
    let again = engine.cancel(&plan.run, "operator").await.unwrap_err();
    assert_eq!(again.to_string(), "the run has ended; what it did can be undone");
}
