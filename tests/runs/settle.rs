//! What cannot be read back and must not be repeated is for a person to settle.

use quell_action::Failure;
use quell_run::{Finish, Phase, Refusal, RunStatus, TaskId};
use quell_tests::run::{CallKind, Fault, House, Person, alert_about, in_time};

use crate::playbooks::{CUT_OFF, RING};

#[tokio::test(start_paused = true)]
async fn a_call_that_must_not_be_repeated_is_not() {
    let alice = Person::new("alice");
    for fault in [Fault::DiesBefore, Fault::DiesAfter, Fault::SilentBefore, Fault::SilentAfter, Fault::Panics]
    {
        let house = House::new().with([&alice]);
        let first = fault.clone();
        house.vendor.script(move |call| (call.kind == CallKind::Execute).then(|| first.clone()));
        let playbook = house.playbook(RING);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        house.carry_through(&[(plan.clone(), playbook)]).await;
        assert_eq!(house.vendor.writes().len(), 1, "{fault:?}");
        let state = house.state(&plan.run).await;
        assert_eq!(state.finish(), Some(Finish::NeedsAttention), "{fault:?}");
        assert_eq!(state.summary().status, RunStatus::NeedsAttention);
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_says_what_happened() {
    let alice = Person::new("alice");
    for happened in [true, false] {
        let house = House::new().with([&alice]);
        house.vendor.script(|call| (call.kind == CallKind::Execute).then_some(Fault::SilentAfter));
        let playbook = house.playbook(RING);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        house.carry_through(&[(plan.clone(), playbook)]).await;
        let engine = house.engine();
        let task = house.state(&plan.run).await.tasks().next().unwrap().task.id.clone();
        engine.settle(&plan.run, task.clone(), happened, "operator").await.unwrap();
        in_time(engine.idle()).await;
        let state = house.state(&plan.run).await;
        let expected = if happened { Phase::Succeeded } else { Phase::Failed };
        assert_eq!(state.task(&task).unwrap().phase, expected);
        assert_eq!(state.summary().status, RunStatus::Finished);
        let again = engine.settle(&plan.run, task.clone(), happened, "operator").await.unwrap_err();
        assert_eq!(again.to_string(), Refusal::NotInQuestion(task).to_string());
    }
}

/// What could not be taken back is tried again for whoever asks again, or settled by a person's word.
#[tokio::test(start_paused = true)]
async fn a_person_says_what_became_of_an_undo_that_failed() {
    let alice = Person::new("alice");
    for undone in [true, false] {
        let house = House::new().with([&alice]);
        house
            .vendor
            .script(|call| (call.kind == CallKind::Restore).then_some(Fault::Fails(Failure::Forbidden)));
        let playbook = house.playbook(CUT_OFF);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        house.carry_through(&[(plan.clone(), playbook)]).await;
        let engine = house.engine();
        let task: TaskId = house.state(&plan.run).await.tasks().next().unwrap().task.id.clone();
        for _ in 0..2 {
            engine.undo(&plan.run, None, "operator").await.unwrap();
            in_time(engine.idle()).await;
            let state = house.state(&plan.run).await;
            assert_eq!(state.task(&task).unwrap().phase, Phase::Stuck);
            assert_eq!(state.summary().status, RunStatus::NeedsAttention);
        }
        let calls = house.vendor.writes().len();
        engine.settle(&plan.run, task.clone(), undone, "operator").await.unwrap();
        in_time(engine.idle()).await;
        let state = house.state(&plan.run).await;
        let expected = if undone { Phase::Undone } else { Phase::Released };
        assert_eq!(state.task(&task).unwrap().phase, expected);
        assert_eq!(state.summary().status, RunStatus::Finished);
        assert_eq!(house.vendor.writes().len(), calls, "a word calls nothing");
        assert!(engine.settle(&plan.run, task.clone(), undone, "operator").await.is_err());

        // Nobody holds it any more, so that a later run takes back what it does itself.
        house.vendor.behave();
        house.vendor.set_disabled(quell_tests::run::AD, &alice, false);
        let playbook = house.playbook(CUT_OFF);
        let later = house.plan(&alert_about("a-2", &[&alice]), &playbook);
        house.carry_through(&[(later.clone(), playbook)]).await;
        assert!(house.vendor.is_disabled(quell_tests::run::AD, &alice));
        let engine = house.engine();
        engine.undo(&later.run, None, "operator").await.unwrap();
        in_time(engine.idle()).await;
        assert!(!house.vendor.is_disabled(quell_tests::run::AD, &alice));
    }
}

/// A change of which a person says that it happened can be taken back like any other.
#[tokio::test(start_paused = true)]
async fn what_a_person_says_is_held() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.vendor.script(|call| (call.kind == CallKind::Execute).then_some(Fault::Lies));
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    house.vendor.behave();
    house.vendor.set_disabled(quell_tests::run::AD, &alice, true);
    let engine = house.engine();
    let task: TaskId = house.state(&plan.run).await.tasks().next().unwrap().task.id.clone();
    engine.settle(&plan.run, task, true, "operator").await.unwrap();
    engine.undo(&plan.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    assert!(!house.vendor.is_disabled(quell_tests::run::AD, &alice));
}
