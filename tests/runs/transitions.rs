//! All pairs of where a task stands and what may be said of it, against a golden file. `UPDATE=1` writes it anew.

use std::fmt::Write;

use quell_action::exclusion::Reason;
use quell_action::{ActionError, ActionName, Effect, Excluded, RequestKey, State, Target};
use quell_playbook::model::{Retry, StepId};
use quell_run::{
    CallFailure, Entry, Finish, Fulfilled, LaneEnd, LaneId, Line, Release, Requester, RunState, Skip, Task,
    TaskId, Verdict, Verification,
};
use quell_tests::run::{House, Person, alert_about, dawn, entry_name};
use serde_json::Value;

use crate::playbooks::CONTAIN;

const LANE: LaneId = LaneId(0);

fn step() -> StepId {
    StepId("disable".into())
}

fn id() -> TaskId {
    TaskId { lane: LANE, step: step(), number: 0 }
}

fn task() -> Task {
    Task {
        id: id(),
        action: ActionName::from("account.disable"),
        provider: "active_directory".into(),
        using: None,
        target: Target::None,
        display: "alice".into(),
        params: Value::Null,
        time_limit: std::time::Duration::from_secs(1),
        retry: Retry::default(),
        reversible: true,
        verify_within: None,
        held: None,
        about: Vec::new(),
        must_last: None,
        undo_after: None,
    }
}

fn fulfilled(effect: Effect) -> Fulfilled {
    Fulfilled {
        effect,
        verification: Verification::Seen,
        external_id: None,
        output: Value::Null,
        took_millis: 1,
        excluded_meanwhile: None,
    }
}

fn changed() -> Effect {
    Effect::Changed { before: State::default(), after: State::default() }
}

fn error() -> ActionError {
    ActionError::unavailable("away")
}

/// Every entry that can be about a task, a step, a lane or the run, with a name that tells variants apart.
fn entries() -> Vec<(&'static str, Entry)> {
    let task = id();
    let failure = CallFailure { error: error(), attempts: 1 };
    let excluded = Excluded { display: "alice".into(), reason: Reason::Unknown("?".into()) };
    let again_at = dawn();
    vec![
        ("planned", Entry::Planned { task: id(), verdict: Verdict::WouldCall { now: None } }),
        ("task_excluded", Entry::TaskExcluded { task: id(), excluded }),
        ("task_dropped", Entry::TaskDropped { task: id() }),
        ("started", Entry::Started { task: id(), attempt: 1, key: RequestKey("k".into()), before: None }),
        ("unsettled", Entry::Unsettled { task: id(), error: error(), again_at }),
        ("succeeded (changed)", Entry::Succeeded { task: id(), fulfilled: fulfilled(changed()) }),
        ("succeeded (unchanged)", Entry::Succeeded { task: id(), fulfilled: fulfilled(Effect::Unchanged) }),
        ("delayed", Entry::Delayed { task: id(), error: error(), again_at }),
        ("failed", Entry::Failed { task: id(), failure: failure.clone() }),
        ("needs_attention", Entry::NeedsAttention { task: id(), why: "?".into() }),
        ("settled (happened)", Entry::Settled { task: id(), happened: true, by: "me".into() }),
        ("settled (did not)", Entry::Settled { task: id(), happened: false, by: "me".into() }),
        ("undo_requested", Entry::UndoRequested { tasks: vec![id()], by: Requester::Timer }),
        ("confirmed", Entry::Confirmed { tasks: vec![id()], by: "me".into() }),
        ("extended", Entry::Extended { tasks: vec![id()], until: again_at, by: "me".into() }),
        ("undo_started", Entry::UndoStarted { task: id(), attempt: 1 }),
        (
            "undo_succeeded",
            Entry::UndoSucceeded { task: id(), effect: changed(), verification: Verification::Seen },
        ),
        ("undo_released", Entry::UndoReleased { task: id(), because: Release::NothingOfOurs }),
        ("undo_delayed", Entry::UndoDelayed { task: id(), error: error(), again_at }),
        ("undo_failed", Entry::UndoFailed { task, failure }),
        ("undo_settled (undone)", Entry::UndoSettled { task: id(), undone: true, by: "me".into() }),
        ("undo_settled (stays)", Entry::UndoSettled { task: id(), undone: false, by: "me".into() }),
    ]
}

/// Shortest ways to every standing of a task.
fn standings() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("pending", vec![]),
        ("pending, undo wanted", vec!["undo_requested"]),
        ("waiting", vec!["delayed"]),
        ("started", vec!["started"]),
        ("started, undo wanted", vec!["started", "undo_requested"]),
        ("unsettled", vec!["started", "unsettled"]),
        ("succeeded", vec!["started", "succeeded (changed)"]),
        ("succeeded, undo wanted", vec!["started", "succeeded (changed)", "undo_requested"]),
        ("failed", vec!["failed"]),
        ("excluded", vec!["task_excluded"]),
        ("planned", vec!["planned"]),
        ("dropped", vec!["task_dropped"]),
        ("attention", vec!["started", "needs_attention"]),
        ("undoing", vec!["started", "succeeded (changed)", "undo_requested", "undo_started"]),
        (
            "undone",
            vec!["started", "succeeded (changed)", "undo_requested", "undo_started", "undo_succeeded"],
        ),
        ("released", vec!["started", "succeeded (changed)", "undo_requested", "undo_released"]),
        ("stuck", vec!["started", "succeeded (changed)", "undo_requested", "undo_failed"]),
    ]
}

struct Book {
    state: RunState,
}

impl Book {
    fn new() -> Self {
        let house = House::new();
        let playbook = house.playbook(CONTAIN);
        let plan = house.plan(&alert_about("a-1", &[&Person::new("alice")]), &playbook);
        let created = Line { number: 0, at: dawn(), entry: Entry::Created { plan: Box::new(plan) } };
        Self { state: RunState::create(&created).expect("created") }
    }

    fn expanded() -> Self {
        let mut book = Self::new();
        book.takes(expand()).expect("expanded");
        book
    }

    fn takes(&mut self, entry: Entry) -> Result<(), String> {
        let line = Line { number: self.state.lines(), at: dawn(), entry };
        self.state.apply(&line).map_err(|refused| refused.why)
    }
}

fn expand() -> Entry {
    Entry::Expanded {
        lane: LANE,
        step: step(),
        tasks: vec![task()],
        nobody: None,
        meant: None,
        trace: Value::Null,
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_task() {
    let entries = entries();
    let named = |name: &str| {
        entries.iter().find(|(other, _)| *other == name).map(|(_, entry)| entry.clone()).expect("an entry")
    };
    let mut table = String::new();
    for (standing, way) in standings() {
        writeln!(table, "{standing}").unwrap();
        for (name, entry) in &entries {
            let mut book = Book::expanded();
            for earlier in &way {
                book.takes(named(earlier)).unwrap_or_else(|why| panic!("{standing}: {why}"));
            }
            let before = format!("{:?}", book.state);
            let to = match book.takes(entry.clone()) {
                Ok(()) => {
                    let task = book.state.task(&id()).expect("a task");
                    let undo = if task.undo.wanted { ", undo wanted" } else { "" };
                    let confirmed = if task.undo.confirmed { ", confirmed" } else { "" };
                    format!("{:?}{undo}{confirmed}", task.phase).to_lowercase()
                }
                Err(_) => {
                    assert_eq!(format!("{:?}", book.state), before, "a line that is refused changes nothing");
                    "-".into()
                }
            };
            writeln!(table, "    {name:<24} {to}").unwrap();
        }
    }
    golden(&table);
}

fn golden(table: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/runs/transitions.txt");
    if std::env::vars().any(|(name, _)| name == "UPDATE") {
        std::fs::write(path, table).expect("written");
    }
    let expected = std::fs::read_to_string(path).expect("the golden file; UPDATE=1 writes it");
    assert_eq!(table, expected, "the transitions have changed; UPDATE=1 writes them anew");
}

#[tokio::test(start_paused = true)]
async fn of_steps_lanes_and_runs() {
    let skip =
        || Entry::StepSkipped { lane: LANE, step: step(), because: Skip::Condition { trace: Value::Null } };
    let delay = || Entry::StepDelayed { lane: LANE, step: Some(step()), error: error(), again_at: dawn() };
    let fail = || Entry::StepFailed { lane: LANE, step: step(), error: error() };
    let end = || Entry::LaneEnded { lane: LANE, end: LaneEnd::Contained };
    let finish = || Entry::Finished { finish: Finish::Contained };
    let cancel = || Entry::Cancelled { by: "me".into() };
    let drop_it = || Entry::TaskDropped { task: id() };
    let trace = Value::Null;
    let begin_wait = || Entry::WaitBegun { lane: LANE, step: step(), until: dawn(), trace: trace.clone() };
    let still = || Entry::StillWaiting { lane: LANE, step: step(), again_at: dawn() };
    let over = || Entry::WaitOver { lane: LANE, step: step(), met: true, trace: trace.clone() };
    let branch = |number: u32| {
        let parent = Some(quell_run::Parent { lane: LANE, step: step() });
        let lane =
            quell_run::Lane { id: LaneId(number), parent, ..Book::new().state.plan().lanes[0].clone() };
        Entry::Branched { lane: LANE, step: step(), lanes: vec![lane], trace: trace.clone() }
    };
    let ways: Vec<(Vec<Entry>, bool)> = vec![
        (vec![delay(), delay(), expand()], true),
        (vec![delay(), skip()], true),
        (vec![delay(), fail()], true),
        (vec![expand(), expand()], false),
        (vec![skip(), expand()], false),
        (vec![fail(), skip()], false),
        (vec![expand(), delay()], false),
        (vec![expand(), end()], false),
        (vec![expand(), drop_it(), end(), finish()], true),
        (vec![end(), expand()], false),
        (vec![end(), end()], false),
        (vec![finish()], false),
        (vec![end(), finish(), finish()], false),
        (vec![end(), finish(), cancel()], false),
        (vec![cancel(), cancel()], false),
        (vec![cancel(), end(), finish()], true),
        (vec![expand(), drop_it(), end(), finish(), drop_it()], false),
        (vec![Entry::LaneEnded { lane: LaneId(7), end: LaneEnd::Contained }], false),
        (vec![Entry::TaskDropped { task: id() }], false),
        (vec![begin_wait(), still(), still(), over()], true),
        (vec![begin_wait(), over(), still()], false),
        (vec![begin_wait(), over(), over()], false),
        (vec![over()], false),
        (vec![begin_wait(), begin_wait()], false),
        (vec![branch(1)], true),
        (vec![branch(0)], false),
        (vec![branch(2)], false),
        (vec![branch(1), branch(2)], false),
        (vec![branch(1), end(), finish()], false),
        (
            vec![branch(1), end(), Entry::LaneEnded { lane: LaneId(1), end: LaneEnd::Contained }, finish()],
            true,
        ),
        (vec![Entry::Overdue, Entry::Overdue], false),
        (vec![Entry::Overdue, expand(), drop_it(), end(), finish()], true),
        (vec![end(), finish(), Entry::Overdue], false),
        (vec![expand(), begin_wait()], false),
    ];
    for (way, goes) in ways {
        let mut book = Book::new();
        let names: Vec<String> = way.iter().map(entry_name).collect();
        let last = way.len() - 1;
        for (at, entry) in way.into_iter().enumerate() {
            let taken = book.takes(entry);
            assert_eq!(taken.is_ok(), goes || at < last, "{names:?} at {at}: {taken:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_lines_without_a_gap() {
    let mut book = Book::new();
    let line = Line { number: 5, at: dawn(), entry: expand() };
    assert!(book.state.apply(&line).is_err());
    let created_again =
        Line { number: 1, at: dawn(), entry: Entry::Created { plan: Box::new(book.state.plan().clone()) } };
    assert!(book.state.apply(&created_again).is_err());
    assert!(RunState::replay(&[]).is_err());
    assert!(RunState::replay(&[line]).is_err());
}
