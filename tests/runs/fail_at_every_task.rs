//! Every task of a run fails, in every way in which a call can fail.

use std::time::Duration;

use quell_action::Failure;
use quell_run::{Finish, Phase};
use quell_tests::run::{AD, CallKind, Fault, House, Person, alert_about};

use crate::playbooks::CONTAIN;

const FAILURES: [Failure; 8] = [
    Failure::NotFound,
    Failure::Ambiguous,
    Failure::Forbidden,
    Failure::Credentials,
    Failure::Rejected,
    Failure::Throttled { retry_after: Some(Duration::from_secs(7)) },
    Failure::Unavailable { retry_after: None },
    Failure::Uncertain,
];

struct Run {
    house: House,
    state: quell_run::RunState,
}

async fn run(fails: impl Fn(&quell_tests::run::Call) -> Option<Fault> + Send + Sync + 'static) -> Run {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.vendor.script(fails);
    let playbook = house.playbook(CONTAIN);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    let state = house.state(&plan.run).await;
    Run { house, state }
}

#[tokio::test(start_paused = true)]
async fn once() {
    let tasks: Vec<(&str, String)> = run(|_| None)
        .await
        .house
        .vendor
        .writes()
        .into_iter()
        .map(|call| (call.action, call.provider))
        .collect();
    assert_eq!(tasks.len(), 5);
    for (action, provider) in tasks {
        for failure in FAILURES {
            let first = std::sync::atomic::AtomicBool::new(true);
            let at = (action, provider.clone());
            let Run { house, state } = run(move |call| {
                let hit = call.kind == CallKind::Execute && (call.action, call.provider.clone()) == at;
                (hit && first.swap(false, std::sync::atomic::Ordering::SeqCst))
                    .then_some(Fault::Fails(failure))
            })
            .await;
            let what = format!("{action} at {provider}: {failure:?}\n{state:#?}");
            let may_be_repeated = failure.is_transient() || failure == Failure::Uncertain;
            let failed = state.tasks().filter(|task| task.phase == Phase::Failed).count();
            assert_eq!(failed, usize::from(!may_be_repeated), "{what}");
            assert!(house.vendor.changes().values().all(|changes| *changes == 1), "{what}");
            assert!(state.finish().is_some(), "{what}");
            let told = house.vendor.told().len();
            let telling_failed = action == "desk.tell" && !may_be_repeated;
            assert_eq!(told, usize::from(!telling_failed), "always is always done: {what}");
            let stopped = action == "account.disable" && !may_be_repeated;
            let revoked = house.vendor.writes().iter().any(|call| call.action == "account.revoke_sessions");
            assert_eq!(revoked, !stopped, "a step that fails stops its lane: {what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn for_ever() {
    for failure in FAILURES {
        let Run { house, state } = run(move |call| {
            let hit =
                call.kind == CallKind::Execute && call.action == "account.disable" && call.provider == AD;
            hit.then_some(Fault::Fails(failure))
        })
        .await;
        let what = format!("{failure:?}: {state:#?}");
        let task = state.tasks().find(|task| task.task.provider.as_str() == AD).expect("a task");
        assert_eq!(task.phase, Phase::Failed, "{what}");
        let attempts = if failure.is_transient() || failure == Failure::Uncertain { 3 } else { 1 };
        assert_eq!(task.attempts, attempts, "{what}");
        assert_eq!(state.finish(), Some(Finish::Partly), "{what}");
        let keys: std::collections::BTreeSet<String> = house
            .vendor
            .writes()
            .into_iter()
            .filter(|call| call.provider == AD)
            .map(|call| call.key)
            .collect();
        assert_eq!(keys.len(), 1, "one key for all attempts: {what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_prior_state_that_cannot_be_read_means_no_call() {
    for failure in FAILURES {
        let Run { house, state } = run(move |call| {
            (call.kind == CallKind::Observe && call.provider == AD).then_some(Fault::Fails(failure))
        })
        .await;
        let touched = house.vendor.writes().iter().any(|call| call.provider == AD);
        assert!(!touched, "{failure:?}: {state:#?}");
        let task = state.tasks().find(|task| task.task.provider.as_str() == AD).expect("a task");
        assert_eq!(task.phase, Phase::Failed, "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_lies_is_found_out() {
    let Run { house, state } =
        run(|call| (call.kind == CallKind::Execute && call.provider == AD).then_some(Fault::Lies)).await;
    let task = state.tasks().find(|task| task.task.provider.as_str() == AD).expect("a task");
    assert_eq!(task.phase, Phase::Attention, "accepted, and not seen when read back");
    assert_eq!(state.finish(), Some(Finish::NeedsAttention));
    assert_eq!(house.vendor.disabled().len(), 2);
}
