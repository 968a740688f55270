//! Calls whose answer is missing or strange: what is asked again, what is told to the other side, and when nobody but a
//! person can say what happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quell_action::{Failure, InEffect, State};
use quell_run::{Entry, Finish, Phase, RunState, TaskState};
use quell_tests::run::{AD, Call, CallKind, Fault, House, Person, alert_about, in_time};
use serde_json::json;

use crate::playbooks::{CONTAIN, CUT_OFF};

const REVOKE: &str = "language: 1\nplaybook: revoke\ntitle: Revoke\nmode: act\nwhen:\n  alert:\n    all:\n      - alert.severity: { at_least: medium }\nfor_each: account\nsteps:\n  - do: account.revoke_sessions\n";

fn enabled() -> State {
    State(json!({ "disabled": false }))
}

fn disabled() -> State {
    State(json!({ "disabled": true }))
}

/// The first of these calls goes wrong like this, those after it like that.
fn first_and_then(
    kind: CallKind,
    first: Fault,
    then: Option<Fault>,
) -> impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static {
    let seen = AtomicUsize::new(0);
    move |call| match call.kind == kind {
        true if seen.fetch_add(1, Ordering::SeqCst) == 0 => Some(first.clone()),
        true => then.clone(),
        false => None,
    }
}

/// What became of the run of a playbook about alice.
async fn carried_through(house: &House, alice: &Person, yaml: &str) -> RunState {
    let playbook = house.playbook(yaml);
    let plan = house.plan(&alert_about("a-1", &[alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    house.state(&plan.run).await
}

fn only_task(state: &RunState) -> &TaskState {
    let mut tasks = state.tasks();
    let task = tasks.next().expect("a task");
    assert!(tasks.next().is_none(), "one task");
    task
}

#[tokio::test(start_paused = true)]
async fn a_silent_system_is_waited_for_as_long_as_the_step_may_take() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.vendor.script(first_and_then(CallKind::Execute, Fault::SilentAfter, None));
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    let limit = only_task(&house.state(&plan.run).await).task.time_limit;
    let lines = house.lines(&plan.run).await;
    let at = |fits: fn(&Entry) -> bool| lines.iter().find(|line| fits(&line.entry)).expect("the line").at;
    let waited = at(|entry| matches!(entry, Entry::Unsettled { .. }))
        - at(|entry| matches!(entry, Entry::Started { .. }));
    let waited = waited.to_std().unwrap();
    assert!(limit <= waited && waited < limit + Duration::from_secs(1), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_under_way_than_may_be() {
    let people: Vec<Person> = ["alice", "bob", "carol"].map(Person::new).into();
    for at_once in [1, 2] {
        let mut house = House::new().with(&people);
        house.settings.calls_at_once = at_once;
        house.vendor.script(|_| Some(Fault::Slow(Duration::from_secs(1))));
        let playbook = house.playbook(CONTAIN);
        let alert = alert_about("a-1", &people.iter().collect::<Vec<_>>());
        house.carry_through(&[(house.plan(&alert, &playbook), playbook)]).await;
        let calls: Vec<Call> =
            house.vendor.calls().into_iter().filter(|call| call.kind != CallKind::LookUp).collect();
        let during = |one: &Call| {
            let others = calls.iter().filter(|other| other.span.0 <= one.span.0 && one.span.0 < other.span.1);
            others.count()
        };
        assert_eq!(calls.iter().map(during).max(), Some(at_once));
    }
}

/// To read changes nothing: not to know how it went is only not to have read.
#[tokio::test(start_paused = true)]
async fn a_look_that_got_lost_is_made_again() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.vendor.script(first_and_then(CallKind::Observe, Fault::Fails(Failure::Uncertain), None));
    let state = carried_through(&house, &alice, CUT_OFF).await;
    assert_eq!(only_task(&state).phase, Phase::Succeeded);
    assert!(house.vendor.is_disabled(AD, &alice));
}

/// The answer was lost. That it will be so soon, or is so and has no effect, is an answer too, and no reason to call again.
#[tokio::test(start_paused = true)]
async fn what_seems_to_be_on_its_way_or_without_effect_is_not_called_again() {
    for (seems, without_effect) in
        [(InEffect::Pending, false), (InEffect::Ineffective("a rule".into()), true)]
    {
        let alice = Person::new("alice");
        let house = House::new().with([&alice]);
        let vendor = house.vendor.clone();
        house.vendor.script(move |call| {
            (call.kind == CallKind::Execute).then(|| {
                vendor.seems(seems.clone());
                Fault::SilentAfter
            })
        });
        let state = carried_through(&house, &alice, CUT_OFF).await;
        let task = only_task(&state);
        assert_eq!(task.phase, Phase::Succeeded);
        assert_eq!(task.is_ineffective(), without_effect);
        assert_eq!(house.vendor.writes().len(), 1);
    }
}

/// The call may have happened, and the system does not let us look any more.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_back_is_for_a_person() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    let called = Arc::new(AtomicUsize::new(0));
    house.vendor.script(move |call| match call.kind {
        CallKind::Execute => {
            called.fetch_add(1, Ordering::SeqCst);
            Some(Fault::UncertainAfter)
        }
        CallKind::Observe if called.load(Ordering::SeqCst) > 0 => Some(Fault::Fails(Failure::Forbidden)),
        _ => None,
    });
    let state = carried_through(&house, &alice, CUT_OFF).await;
    assert_eq!(only_task(&state).phase, Phase::Attention);
    assert_eq!(state.finish(), Some(Finish::NeedsAttention));
}

/// The same key and the same state from before our first call, however often it is made; and the undo is another call.
#[tokio::test(start_paused = true)]
async fn every_attempt_is_the_same_call_and_its_undo_is_another() {
    let alice = Person::new("alice");
    let house = House::new().with([&alice]);
    house.vendor.script(first_and_then(CallKind::Execute, Fault::SilentBefore, None));
    let playbook = house.playbook(CUT_OFF);
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    let lines = house.lines(&plan.run).await;
    let before = lines.iter().filter_map(|line| match &line.entry {
        Entry::Started { before, .. } => Some(before.clone()),
        _ => None,
    });
    assert_eq!(before.collect::<Vec<_>>(), [Some(enabled()), Some(enabled())]);
    let calls = house.vendor.writes();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].key, calls[1].key);
    assert!(calls.iter().all(|call| call.expected == Some(enabled())), "{calls:?}");

    let engine = house.engine();
    engine.undo(&plan.run, None, "operator").await.unwrap();
    in_time(engine.idle()).await;
    let all = house.vendor.calls();
    let undo = all.iter().find(|call| call.kind == CallKind::Restore).expect("it was taken back");
    assert_ne!(undo.key, calls[0].key, "the other side would take it for the call itself");
    assert_eq!(undo.expected, Some(disabled()), "what else stands there, somebody has put there");
    assert!(!house.vendor.is_disabled(AD, &alice));
}

/// A call that nothing can read back may have happened: whatever comes after it, nobody says that it did not.
#[tokio::test(start_paused = true)]
async fn what_may_have_happened_is_never_told_as_not_done() {
    let refused = || Some(Fault::Fails(Failure::Rejected));
    for (what, then) in [("refused", refused()), ("nobody", None), ("excluded", None)] {
        let alice = Person::new("alice");
        let house = House::new().with([&alice]);
        let goes_wrong = first_and_then(CallKind::Execute, Fault::UncertainAfter, then);
        let called = AtomicUsize::new(0);
        let (excluding, name) = (house.clone(), alice.upn());
        house.vendor.script(move |call| {
            if call.kind == CallKind::Execute
                && called.fetch_add(1, Ordering::SeqCst) == 0
                && what == "excluded"
            {
                excluding.exclude(std::slice::from_ref(&name));
            }
            let gone = what == "nobody" && call.kind == CallKind::LookUp && called.load(Ordering::SeqCst) > 0;
            goes_wrong(call).or(gone.then_some(Fault::Fails(Failure::NotFound)))
        });
        let state = carried_through(&house, &alice, REVOKE).await;
        let task = only_task(&state);
        assert_eq!(task.phase, Phase::Attention, "{what}: {:?} {:?}", task.error, task.excluded);
        assert_eq!(house.vendor.writes().len(), if what == "refused" { 2 } else { 1 }, "{what}");
    }
}

/// An undo runs late rather than never.
#[tokio::test(start_paused = true)]
async fn an_undo_that_gets_no_answer_is_repeated() {
    for failure in [Failure::Unavailable { retry_after: None }, Failure::Uncertain] {
        let alice = Person::new("alice");
        let house = House::new().with([&alice]);
        let playbook = house.playbook(CUT_OFF);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        let engine = house.engine();
        engine.start(plan.clone(), playbook).await.unwrap();
        in_time(engine.idle()).await;
        house.vendor.script(first_and_then(CallKind::Restore, Fault::Fails(failure), None));
        engine.undo(&plan.run, None, "operator").await.unwrap();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        in_time(engine.idle()).await;
        assert_eq!(only_task(&house.state(&plan.run).await).phase, Phase::Undone, "{failure:?}");
        assert!(!house.vendor.is_disabled(AD, &alice));
    }
}
