//! The operations that take back what runs changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use quell_api::{Refusal, UndoMany, UndoOrder, Undone, UndoneTask};
use quell_run::{EngineError, Entry, LaneId, Line, Phase, Release, RunId, RunState, Runs, TaskId, TaskState};

use super::foresight::Foresight;
use super::{exclusion, refused};
use crate::show;
use crate::wire::App;

/// How long an undo is waited for before it is reported as still waiting.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often the run is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Takes back what a run changed, or one task of it; with the whole run, also what the runs did that it called. A run that
/// still goes on is stopped first: nothing more is begun in order to be taken back.
pub(super) async fn undo(app: &Arc<App>, run: &RunId, order: &UndoOrder) -> Result<Undone, Refusal> {
    let mut concerned = Vec::new();
    let mut open = vec![(run.clone(), order.lane)];
    while let Some((run, lane)) = open.pop() {
        let before = state(app, &run).await?;
        let wanted = wanted(&run, &before, lane, order)?;
        let whole = order.task.is_none() && lane.is_none();
        let begun = match order.dry {
            true => Vec::new(),
            false if whole && before.finish().is_none() => stop(app, &run, &order.by).await?,
            false => begin(app, &run, &before, &wanted, &order.by).await?,
        };
        if order.task.is_none() {
            let called = called_by(app, &run).await?.into_iter().rev();
            let meant = called.filter(|(caller, _)| is_within(&before, *caller, lane));
            open.extend(meant.map(|(_, run)| (run, None)));
        }
        concerned.push((run, before, wanted, begun));
    }
    let mut undone = Vec::new();
    let mut foresight = Foresight::default();
    if order.dry {
        concerned.iter().for_each(|(_, before, wanted, _)| foresight.meant(before, wanted));
    }
    for (run, before, wanted, begun) in &concerned {
        undone.push(match order.dry {
            true => foresight.of(app, run, before, wanted).await?,
            false => outcome(app, run, wanted, begun).await?,
        });
    }
    let called = undone.split_off(1);
    let own = undone.pop().ok_or_else(|| Refusal::not_found(format!("there is no run {run}")))?;
    Ok(Undone { called, ..own })
}

fn wanted(
    run: &RunId,
    before: &RunState,
    lane: Option<u32>,
    order: &UndoOrder,
) -> Result<Vec<TaskId>, Refusal> {
    if let Some(number) = lane.filter(|lane| before.lane(LaneId(*lane)).is_none()) {
        return Err(Refusal::not_found(format!(
            "run {run} has no lane {number}; tasks are called by their lane first, as `quell runs show` names them"
        )));
    }
    let wanted: Vec<TaskId> = before
        .tasks()
        .filter(|task| order.task.as_ref().is_none_or(|name| *name == task.task.id.to_string()))
        .filter(|task| is_within(before, task.task.id.lane, lane))
        .map(|task| task.task.id.clone())
        .collect();
    match (&order.task, wanted.is_empty()) {
        (Some(name), true) => {
            Err(Refusal::not_found(format!("run {run} has no task {name}; `quell runs show` names them")))
        }
        _ => Ok(wanted),
    }
}

/// Whether a lane is this one, or within it; every lane is within the run.
fn is_within(state: &RunState, lane: LaneId, of: Option<u32>) -> bool {
    let Some(of) = of else { return true };
    let parent = |lane: &LaneId| Some(state.lane(*lane)?.lane().parent.as_ref()?.lane);
    std::iter::successors(Some(lane), parent).any(|lane| lane.0 == of)
}

/// Stops a run and takes back what it did, calls included that are under way.
async fn stop(app: &Arc<App>, run: &RunId, by: &str) -> Result<Vec<TaskId>, Refusal> {
    match app.engine.undo(run, None, by).await {
        Ok(begun) => Ok(begun),
        Err(EngineError::Refused(quell_run::Refusal::NothingToUndo)) => Ok(Vec::new()),
        Err(error) => Err(refused(error)),
    }
}

/// The runs that a run has called, in that order, and the lanes that did; those apart that were never made.
pub(super) async fn called_by(app: &Arc<App>, run: &RunId) -> Result<Vec<(LaneId, RunId)>, Refusal> {
    let mut called = Vec::new();
    for line in app.store.runs().lines(run).await.map_err(Refusal::unavailable)? {
        let Entry::Called { lane, call, .. } = line.entry else { continue };
        if app.store.runs().summary(&call.run).await.map_err(Refusal::unavailable)?.is_some() {
            called.push((lane, call.run));
        }
    }
    Ok(called)
}

/// Takes back what is still held of somebody, or since some time, over all runs. All of it is asked for before any of it
/// is waited for.
pub(super) async fn undo_many(app: &Arc<App>, order: &UndoMany) -> Result<Vec<Undone>, Refusal> {
    let mut begun = Vec::new();
    let mut undone = Vec::new();
    let mut dry = Vec::new();
    let mut foresight = Foresight::default();
    for (run, tasks) in held(app, order).await? {
        let before = state(app, &run).await?;
        let in_time = |id: &TaskId| {
            let at = before.task(id).and_then(|task| task.succeeded).map(|(at, _)| at);
            at.is_some_and(|at| order.since.is_none_or(|since| at >= since))
                && at.is_some_and(|at| order.until.is_none_or(|until| at < until))
        };
        let wanted: Vec<TaskId> = tasks.into_iter().filter(in_time).collect();
        if wanted.is_empty() {
            continue;
        }
        if order.dry {
            foresight.meant(&before, &wanted);
            dry.push((run, before, wanted));
            continue;
        }
        let asked = begin(app, &run, &before, &wanted, &order.by).await?;
        begun.push((run, wanted, asked));
    }
    for (run, before, wanted) in dry {
        undone.push(foresight.of(app, &run, &before, &wanted).await?);
    }
    for (run, wanted, asked) in begun {
        undone.push(outcome(app, &run, &wanted, &asked).await?);
    }
    Ok(undone)
}

/// The tasks that hold a state of those who are meant, by their runs.
async fn held(app: &Arc<App>, order: &UndoMany) -> Result<BTreeMap<RunId, Vec<TaskId>>, Refusal> {
    if order.is_about_everything() {
        return Err(Refusal::invalid(
            "say whom or what time it is about: nobody takes everything back by mistake",
        ));
    }
    let meant = match &order.who {
        Some(who) => Some(exclusion::targets_of(app, who).await?),
        None => None,
    };
    let mut found: BTreeMap<RunId, Vec<TaskId>> = BTreeMap::new();
    let all = app.store.runs().all_holds().await.map_err(Refusal::unavailable)?;
    for holds in
        all.into_iter().filter(|one| meant.as_ref().is_none_or(|meant| meant.contains(&one.key.target)))
    {
        for holder in holds.holders {
            found.entry(holder.run).or_default().push(holder.task);
        }
    }
    Ok(found)
}

/// Asks for these tasks to be taken back; returns those that can be.
async fn begin(
    app: &Arc<App>,
    run: &RunId,
    before: &RunState,
    wanted: &[TaskId],
    by: &str,
) -> Result<Vec<TaskId>, Refusal> {
    let undoable: Vec<TaskId> = before
        .tasks()
        .filter(|task| wanted.contains(&task.task.id) && task.holds())
        .map(|task| task.task.id.clone())
        .collect();
    if !undoable.is_empty() {
        app.engine.undo(run, Some(undoable.clone()), by).await.map_err(refused)?;
    }
    Ok(undoable)
}

/// What came of them, once they are taken back, or cannot be.
async fn outcome(
    app: &Arc<App>,
    run: &RunId,
    wanted: &[TaskId],
    begun: &[TaskId],
) -> Result<Undone, Refusal> {
    let after = settled(app, run, begun).await?;
    let kept = kept(&app.store.runs().lines(run).await.map_err(Refusal::unavailable)?);
    let tasks = after.tasks().filter(|task| wanted.contains(&task.task.id)).map(|task| {
        let mut told = told(task, false);
        if let (Phase::Released, Some(why)) = (task.phase, kept.get(&task.task.id)) {
            told.result.clone_from(why);
        }
        told
    });
    Ok(Undone { run: run.0.clone(), tasks: tasks.collect(), called: Vec::new() })
}

/// The run's state when these tasks are taken back, or cannot be, or it takes too long to wait for.
async fn settled(app: &Arc<App>, run: &RunId, tasks: &[TaskId]) -> Result<RunState, Refusal> {
    let deadline = app.clock.now() + PATIENCE;
    loop {
        let state = state(app, run).await?;
        let open = tasks.iter().any(|id| state.task(id).is_some_and(TaskState::undo_open));
        if !open || app.clock.now() >= deadline {
            return Ok(state);
        }
        app.clock.sleep(LOOK).await;
    }
}

/// Why a change stays though it was to be taken back, by its task.
fn kept(lines: &[Line]) -> HashMap<TaskId, String> {
    let stays = lines.iter().filter_map(|line| match &line.entry {
        Entry::UndoReleased { task, because: Release::HeldBy { runs, more } } => {
            Some((task, format!("still wanted by run {}", show::in_short(runs, *more))))
        }
        Entry::UndoReleased { task, because: Release::NothingOfOurs } => {
            Some((task, "it was so before the run".to_owned()))
        }
        Entry::UndoSettled { task, undone: false, by } => Some((task, format!("so says {by}"))),
        _ => None,
    });
    stays.map(|(task, why)| (task.clone(), format!("stays: {why}"))).collect()
}

pub(super) async fn state(app: &Arc<App>, run: &RunId) -> Result<RunState, Refusal> {
    let lines = app.store.runs().lines(run).await.map_err(Refusal::unavailable)?;
    RunState::replay(&lines).map_err(Refusal::unavailable)
}

pub(super) fn told(task: &TaskState, dry: bool) -> UndoneTask {
    let (result, open) = match task.phase {
        Phase::Undone => ("undone".to_owned(), false),
        Phase::Released => ("stays: see the run".to_owned(), false),
        Phase::Stuck => (stuck(task), true),
        Phase::Succeeded if !task.task.reversible => ("irreversible".to_owned(), false),
        Phase::Succeeded | Phase::Undoing if task.undo_open() => {
            ("still waiting: see the run".to_owned(), true)
        }
        Phase::Succeeded if !task.changed() => ("it had changed nothing".to_owned(), false),
        Phase::Succeeded if dry => (UndoneTask::WOULD_BE_UNDONE.to_owned(), false),
        Phase::Started | Phase::Unsettled if task.undo.wanted => {
            ("under way; taken back once it is known to have happened".to_owned(), true)
        }
        Phase::Started | Phase::Unsettled => ("under way; undo it once it has ended".to_owned(), true),
        Phase::Attention => ("a person must first say whether it happened".to_owned(), true),
        _ => ("it had not been done".to_owned(), false),
    };
    UndoneTask { task: task.task.id.to_string(), what: what(task), result, open }
}

/// What a task has done, and to whom.
pub(super) fn what(task: &TaskState) -> String {
    format!("{} of {} at {}", task.task.action, task.task.display, task.task.provider)
}

fn stuck(task: &TaskState) -> String {
    let why = task.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
    format!("could not be undone: {why}")
}
