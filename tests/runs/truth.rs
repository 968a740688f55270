//! What the record says was seen was seen; what could not be read is not acted on; what was there before is not lost.

use std::sync::atomic::{AtomicBool, Ordering};

use quell_action::{Effect, Failure, InEffect, State};
use quell_run::{Engine, Entry, Phase, Plan, TaskState, Verification};
use quell_tests::run::{AD, CallKind, Fault, House, Person, alert_about, in_time};

use crate::playbooks::{CONTAIN, CUT_OFF};

struct Case {
    house: House,
    alice: Person,
}

impl Case {
    fn new() -> Self {
        let alice = Person::only_at("alice", &[AD]);
        Self { house: House::new().with([&alice]), alice }
    }

    /// A playbook for her comes to its end.
    async fn through(&self, yaml: &str) -> (Engine, Plan) {
        let playbook = self.house.playbook(yaml);
        let plan = self.house.plan(&alert_about("a-1", &[&self.alice]), &playbook);
        let engine = self.house.engine();
        engine.start(plan.clone(), playbook).await.unwrap();
        in_time(engine.idle()).await;
        (engine, plan)
    }

    async fn undo(&self, (engine, plan): &(Engine, Plan)) {
        engine.undo(&plan.run, None, "ann").await.unwrap();
        in_time(engine.idle()).await;
    }

    async fn task(&self, plan: &Plan) -> TaskState {
        self.house.state(&plan.run).await.tasks().next().expect("a task").clone()
    }

    /// From the first call of this kind on nothing can be read any more.
    fn blind_after(&self, kind: CallKind) {
        let is_blind = AtomicBool::new(false);
        self.house.vendor.script(move |call| {
            let was_blind = is_blind.fetch_or(call.kind == kind, Ordering::SeqCst);
            (was_blind && call.kind == CallKind::Observe)
                .then_some(Fault::Fails(Failure::Unavailable { retry_after: None }))
        });
    }

    async fn how_the_undo_ended(&self, plan: &Plan) -> Option<Verification> {
        let lines = self.house.lines(&plan.run).await;
        lines.into_iter().find_map(|line| match line.entry {
            Entry::UndoSucceeded { verification, .. } => Some(verification),
            _ => None,
        })
    }
}

fn verification(task: &TaskState) -> Verification {
    task.fulfilled.as_ref().expect("it succeeded").verification
}

#[tokio::test(start_paused = true)]
async fn what_nobody_could_read_back_was_not_seen() {
    let case = Case::new();
    case.blind_after(CallKind::Execute);
    let (_, plan) = case.through(CUT_OFF).await;
    assert_eq!(verification(&case.task(&plan).await), Verification::Pending);

    let case = Case::new();
    let begun = case.through(CUT_OFF).await;
    assert_eq!(verification(&case.task(&begun.1).await), Verification::Seen);
    case.blind_after(CallKind::Restore);
    case.undo(&begun).await;
    assert_eq!(case.how_the_undo_ended(&begun.1).await, Some(Verification::Pending));
}

/// A system that says "soon" has not said "so": after the call, after a crash in the middle of it, and after the undo.
#[tokio::test(start_paused = true)]
async fn what_is_pending_was_not_seen() {
    for fault in [None, Some(Fault::SilentAfter)] {
        let case = Case::new();
        case.house.vendor.script(move |call| fault.clone().filter(|_| call.kind == CallKind::Execute));
        let vendor = case.house.vendor.clone();
        case.house.vendor.at_each_call(move |call| {
            if call.kind == CallKind::Execute {
                vendor.seems(InEffect::Pending);
            }
        });
        let begun = case.through(CUT_OFF).await;
        assert_eq!(verification(&case.task(&begun.1).await), Verification::Pending);
        case.undo(&begun).await;
        assert_eq!(case.how_the_undo_ended(&begun.1).await, Some(Verification::Pending));
    }
}

/// Who cannot say what stands there cannot put it back.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_not_changed() {
    let case = Case::new();
    case.house
        .vendor
        .script(|call| (call.kind == CallKind::Observe).then_some(Fault::Fails(Failure::Forbidden)));
    let (_, plan) = case.through(CUT_OFF).await;
    assert_eq!(case.house.vendor.writes(), []);
    assert_eq!(case.task(&plan).await.phase, Phase::Failed);
}

/// The answer got lost, and the call was found to have happened: what stood there before it is what the intent says.
#[tokio::test(start_paused = true)]
async fn what_stood_there_before_a_lost_answer_is_kept() {
    let case = Case::new();
    case.house.vendor.script(|call| (call.kind == CallKind::Execute).then_some(Fault::SilentAfter));
    let (_, plan) = case.through(CUT_OFF).await;
    let task = case.task(&plan).await;
    let Some(Effect::Changed { before, .. }) = task.fulfilled.as_ref().map(|fulfilled| &fulfilled.effect)
    else {
        panic!("{task:#?}")
    };
    assert_eq!((Some(before), task.before.is_some()), (task.before.as_ref(), true));
    assert_ne!(*before, State::default());
}

/// The process dies when the undo has happened: it is found so, and not done a second time.
#[tokio::test(start_paused = true)]
async fn an_undo_that_has_happened_is_not_repeated() {
    let case = Case::new();
    let (engine, plan) = case.through(CUT_OFF).await;
    case.house.vendor.script(|call| (call.kind == CallKind::Restore).then_some(Fault::DiesAfter));
    tokio::select! {
        () = case.house.crashed() => {}
        _ = async { engine.undo(&plan.run, None, "ann").await.unwrap(); in_time(engine.idle()).await } => panic!(),
    }
    engine.stop_now();
    quell_tests::run::settle_down().await;
    case.house.restart();
    case.house.vendor.behave();
    case.house.carry_on().await;
    let restored = case.house.vendor.calls().iter().filter(|call| call.kind == CallKind::Restore).count();
    assert_eq!((restored, case.task(&plan).await.phase), (1, Phase::Undone));
    assert_eq!(case.how_the_undo_ended(&plan).await, Some(Verification::SeenAfterwards));
}

/// To take back that somebody was let in shuts them out: the list is asked once more when the intent of that is on disk.
#[tokio::test(start_paused = true)]
async fn an_entry_that_comes_while_the_intent_of_an_undo_is_written_counts() {
    let case = Case::new();
    case.house.vendor.set_disabled(AD, &case.alice, true);
    let begun = case.through(&CUT_OFF.replace("account.disable", "account.enable")).await;
    let (exclude, name) = (case.house.clone(), case.alice.upn());
    let written = case.house.journal.writes();
    case.house.journal.at_each_write(move |write| {
        // The first line is the request, the second the intent.
        if write == written + 1 {
            exclude.exclude(std::slice::from_ref(&name));
        }
    });
    case.undo(&begun).await;
    assert!(!case.house.vendor.is_disabled(AD, &case.alice));
    let story = case.house.story(&begun.1.run).await;
    assert!(story.contains("undo_started"), "it came too early: {story}");
}

/// What cannot be taken back is held by nobody, and keeps no run from being forgotten.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_back_holds_nothing() {
    let case = Case::new();
    let (_, plan) = case.through(CONTAIN).await;
    let state = case.house.state(&plan.run).await;
    for task in state.tasks() {
        assert_eq!(task.hold_key().is_some(), task.task.reversible, "{}", task.task.action);
    }
    let reversible = state.tasks().filter(|task| task.task.reversible).count();
    assert_eq!((reversible, state.tasks().count()), (1, 2), "the message cannot be taken back");
}
