//! What became of each task of a run, from its journal.

use quell_action::Effect;
use quell_api::{TaskRecord, TaskResult};
use quell_run::{Fulfilled, Line, Phase, RunState, TaskState, Verdict, Verification};

/// Task by task, in the order in which they were worked out. A journal that is not in order is shown as it is, line by
/// line, and says nothing of tasks.
pub(super) fn tasks(lines: &[Line]) -> Vec<TaskRecord> {
    RunState::replay(lines).map(|state| state.tasks().map(record).collect()).unwrap_or_default()
}

fn record(task: &TaskState) -> TaskRecord {
    let (result, why) = result(task);
    TaskRecord {
        task: task.task.id.to_string(),
        action: task.task.action.to_string(),
        of: task.task.display.clone(),
        target: task.task.target.to_string(),
        provider: task.task.provider.to_string(),
        result,
        why,
        done_at: task.succeeded.map(|(at, _)| at),
        undo_due: task.undo_due(),
    }
}

fn result(task: &TaskState) -> (TaskResult, Option<String>) {
    let error = || task.error.as_ref().map(ToString::to_string);
    match task.phase {
        Phase::Pending => (TaskResult::NotBegun, None),
        Phase::Waiting => (TaskResult::Waits, held_back(task).or_else(error)),
        Phase::Started | Phase::Unsettled => (TaskResult::UnderWay, error()),
        Phase::Succeeded => fulfilled(task),
        Phase::Failed => (TaskResult::Failed, error()),
        Phase::Excluded => {
            (TaskResult::LeftAlone, task.excluded.as_ref().map(|excluded| excluded.reason.to_string()))
        }
        Phase::Planned => planned(task),
        Phase::Dropped => (TaskResult::Dropped, held_back(task)),
        Phase::Attention => (TaskResult::NeedsAttention, error()),
        Phase::Undoing => (TaskResult::Undoing, error()),
        Phase::Undone => (TaskResult::Undone, None),
        Phase::Released => (TaskResult::Released, None),
        Phase::Stuck => (TaskResult::NotUndone, error()),
    }
}

fn fulfilled(task: &TaskState) -> (TaskResult, Option<String>) {
    let Some(Fulfilled { effect, verification, excluded_meanwhile, .. }) = &task.fulfilled else {
        return (TaskResult::Done, None);
    };
    let late = || {
        excluded_meanwhile.as_ref().map(|late| format!("excluded after the call had begun: {}", late.reason))
    };
    match (&task.drifted, effect, verification) {
        (Some(why), ..) | (None, Effect::Ineffective { why, .. }, _) => {
            (TaskResult::WithoutEffect, Some(why.clone()))
        }
        _ if task.undo.wanted => (TaskResult::Undoing, task.error.as_ref().map(ToString::to_string)),
        (None, Effect::Unchanged, _) => (TaskResult::AlreadySo, late()),
        (None, _, Verification::NotReadable | Verification::Pending) => (TaskResult::Accepted, late()),
        (None, ..) => (TaskResult::Done, late()),
    }
}

fn planned(task: &TaskState) -> (TaskResult, Option<String>) {
    match &task.verdict {
        Some(Verdict::WouldCall { .. }) => (TaskResult::WouldBeDone, None),
        Some(Verdict::AlreadySo { .. }) => (TaskResult::AlreadySo, None),
        Some(Verdict::LeftAlone { excluded }) => {
            (TaskResult::WouldBeLeftAlone, Some(excluded.reason.to_string()))
        }
        Some(Verdict::CannotTell { error }) => (TaskResult::CannotTell, Some(error.to_string())),
        None => (TaskResult::CannotTell, None),
    }
}

/// The limits that hold a task back, or have.
fn held_back(task: &TaskState) -> Option<String> {
    let held = task.held_back().or_else(|| task.over_limit())?;
    Some(held.exceeded.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests;
