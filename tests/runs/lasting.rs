//! What must last (`verify: { hold }`) is looked at until it has; what a playbook repeats, and how fast (`retry.on`,
//! `rate`).

use std::sync::Arc;
use std::time::Duration;

use quell_action::{Failure, InEffect};
use quell_playbook::model::Playbook;
use quell_run::{Engine, Entry, Finish, LaneEnd, Plan};
use quell_tests::run::{AD, CallKind, Fault, House, Person, alert_about, in_time};

use crate::playbooks::CUT_OFF;

/// CUT_OFF with one more line on its step.
fn cut_off_with(line: &str) -> String {
    format!("{CUT_OFF}    {line}\n")
}

struct Case {
    house: House,
    alice: Person,
    engine: Engine,
    plan: Plan,
}

impl Case {
    async fn of(yaml: &str) -> Self {
        let alice = Person::only_at("alice", &[AD]);
        let house = House::new().with([&alice]);
        let playbook = house.playbook(yaml);
        let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
        let engine = house.engine();
        let case = Self { house, alice, engine, plan };
        case.begin(&playbook).await;
        case
    }

    async fn begin(&self, playbook: &Arc<Playbook>) {
        self.engine.start(self.plan.clone(), Arc::clone(playbook)).await.unwrap();
        in_time(self.engine.idle()).await;
    }

    async fn time_passes(&self, minutes: u64) {
        tokio::time::sleep(Duration::from_secs(minutes * 60)).await;
        in_time(self.engine.idle()).await;
    }

    async fn end(&self) -> (Option<Finish>, Option<LaneEnd>) {
        let state = self.house.state(&self.plan.run).await;
        (state.finish(), state.lanes()[0].end())
    }

    async fn looks(&self) -> usize {
        let lines = self.house.lines(&self.plan.run).await;
        lines.iter().filter(|line| matches!(line.entry, Entry::Watched { .. })).count()
    }
}

const HOLD: &str = "verify: { within: 10s, hold: 40m }";

#[tokio::test(start_paused = true)]
async fn what_lasts_is_contained_when_it_has_lasted() {
    let case = Case::of(&cut_off_with(HOLD)).await;
    assert_eq!((case.end().await, case.engine.active()), ((None, None), 0), "it waits on disk");
    case.time_passes(39).await;
    assert_eq!((case.end().await, case.looks().await), ((None, None), 3));
    case.time_passes(2).await;
    assert_eq!(case.end().await, (Some(Finish::Contained), Some(LaneEnd::Contained)));
    assert_eq!(case.looks().await, 4);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_takes_back_meanwhile_is_without_effect() {
    for (minute, found_by) in [(5, 11), (15, 21), (35, 41)] {
        let case = Case::of(&cut_off_with(HOLD)).await;
        case.time_passes(minute).await;
        case.house.vendor.set_disabled(AD, &case.alice, false);
        case.time_passes(found_by - minute).await;
        assert_eq!(case.end().await, (Some(Finish::Failed), Some(LaneEnd::Failed)), "minute {minute}");
        let state = case.house.state(&case.plan.run).await;
        let task = state.tasks().next().unwrap();
        assert!(task.is_ineffective() && task.changed());
        assert!(task.drifted.as_deref().is_some_and(|why| why.contains("somebody has taken it back")));
        assert!(!case.house.vendor.is_disabled(AD, &case.alice), "it is told, and not fought over");
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_looking_and_looks_late_rather_than_never() {
    let case = Case::of(&cut_off_with(HOLD)).await;
    case.engine.shut_down(Duration::from_secs(1)).await;
    tokio::time::sleep(Duration::from_secs(3 * 3_600)).await;
    case.house.vendor.set_disabled(AD, &case.alice, false);
    let engine = case.house.engine();
    engine.recover().await.unwrap();
    in_time(engine.idle()).await;
    assert_eq!(case.end().await.0, Some(Finish::Failed));
}

#[tokio::test(start_paused = true)]
async fn nobody_looks_at_what_was_taken_back_on_purpose() {
    let case = Case::of(&cut_off_with(HOLD)).await;
    case.engine.undo(&case.plan.run, None, "ann").await.unwrap();
    in_time(case.engine.idle()).await;
    assert_eq!(case.end().await.0, Some(Finish::Cancelled));
    case.time_passes(60).await;
    assert_eq!(case.looks().await, 0);
    let state = case.house.state(&case.plan.run).await;
    assert!(state.tasks().all(|task| task.drifted.is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_system_that_is_away_for_a_while_is_asked_again() {
    let case = Case::of(&cut_off_with(HOLD)).await;
    let away = |call: &quell_tests::run::Call| {
        let read = call.kind == CallKind::Observe;
        read.then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    };
    case.house.vendor.script(away);
    case.time_passes(35).await;
    case.house.vendor.behave();
    case.time_passes(30).await;
    assert_eq!(case.end().await.0, Some(Finish::Contained));
    let case = Case::of(&cut_off_with(HOLD)).await;
    case.house.vendor.script(away);
    case.time_passes(180).await;
    assert_eq!(case.end().await.0, Some(Finish::Contained), "what nobody could see is no drift");
    let lines = case.house.lines(&case.plan.run).await;
    let given_up = |entry: &Entry| matches!(entry, Entry::Watched { again_at: None, error: Some(_), .. });
    assert!(lines.iter().any(|line| given_up(&line.entry)), "and is told");
}

#[tokio::test(start_paused = true)]
async fn others_of_the_same_identity_pass_meanwhile() {
    let case = Case::of(&cut_off_with(HOLD)).await;
    let other = case.house.playbook(&CUT_OFF.replace("cut-off", "other"));
    let plan = case.house.plan(&alert_about("a-2", &[&case.alice]), &other);
    case.engine.start(plan.clone(), other).await.unwrap();
    in_time(case.engine.idle()).await;
    assert_eq!(case.house.state(&plan.run).await.finish(), Some(Finish::NothingToDo));
}

/// How many calls are made when every call goes wrong so.
async fn calls(line: &str, fault: Fault) -> usize {
    let alice = Person::only_at("alice", &[AD]);
    let house = House::new().with([&alice]);
    house.vendor.script(move |call| (call.kind == CallKind::Execute).then(|| fault.clone()));
    let playbook = house.playbook(&cut_off_with(line));
    let plan = house.plan(&alert_about("a-1", &[&alice]), &playbook);
    house.carry_through(&[(plan.clone(), playbook)]).await;
    assert_eq!(house.state(&plan.run).await.finish(), Some(Finish::Failed));
    let calls = house.vendor.calls();
    calls.iter().filter(|call| call.kind == CallKind::Execute).count()
}

#[tokio::test(start_paused = true)]
async fn only_what_the_playbook_names_is_repeated() {
    let throttled = || Fault::Fails(Failure::Throttled { retry_after: None });
    let unavailable = || Fault::Fails(Failure::Unavailable { retry_after: None });
    for (on, expected) in [
        ("throttled, unavailable, timeout", [3, 3, 3]),
        ("throttled", [3, 1, 1]),
        ("unavailable", [1, 3, 1]),
        ("timeout", [1, 1, 3]),
    ] {
        let line = format!("retry: {{ on: [{on}] }}");
        let found = [
            calls(&line, throttled()).await,
            calls(&line, unavailable()).await,
            calls(&line, Fault::SilentBefore).await,
        ];
        assert_eq!(found, expected, "{on}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_begins_no_more_calls_in_a_minute_than_it_may() {
    let people: Vec<Person> = (0..7).map(|one| Person::only_at(&format!("user{one}"), &[AD])).collect();
    let house = House::new().with(&people);
    let playbook = house.playbook(&cut_off_with("rate: { per_minute: 3 }"));
    let engine = house.engine();
    for (number, person) in people.iter().enumerate() {
        let plan = house.plan(&alert_about(&format!("a-{number}"), &[person]), &playbook);
        engine.start(plan, Arc::clone(&playbook)).await.unwrap();
    }
    for expected in [3, 6, 7] {
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(house.vendor.disabled().len(), expected);
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    in_time(engine.idle()).await;
}

/// Just when it should have lasted the system cannot be asked; what it says later counts.
#[tokio::test(start_paused = true)]
async fn a_system_that_is_away_at_the_end_has_the_last_word_later() {
    let case = Case::of(&cut_off_with(HOLD)).await;
    case.time_passes(35).await;
    case.house.vendor.set_disabled(AD, &case.alice, false);
    case.house.vendor.script(|call| {
        (call.kind == CallKind::Observe).then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
    });
    tokio::time::sleep(Duration::from_secs(10 * 60)).await;
    assert_eq!(case.end().await, (None, None), "nobody says that it has lasted");
    case.house.vendor.behave();
    case.time_passes(60).await;
    assert_eq!(case.end().await.0, Some(Finish::Failed));
}

/// It still stands, and something makes it useless by now.
#[tokio::test(start_paused = true)]
async fn what_loses_its_effect_meanwhile_has_not_lasted() {
    let case = Case::of(&cut_off_with(HOLD)).await;
    case.time_passes(5).await;
    case.house.vendor.seems(InEffect::Ineffective("a rule lets her in".into()));
    case.time_passes(60).await;
    let state = case.house.state(&case.plan.run).await;
    let drifted = state.tasks().next().unwrap().drifted.clone();
    assert!(drifted.is_some_and(|why| why.contains("a rule")));
    assert_eq!(case.end().await.0, Some(Finish::Failed));
}
