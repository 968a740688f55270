//! What an entry is about: a task, a lane, or the run as a whole.

use crate::{Entry, LaneId, TaskId};

/// The task that an entry is about; entries about several tasks, lanes or the whole run apart.
pub(super) fn task_of(entry: &Entry) -> Option<&TaskId> {
    match entry {
        Entry::Planned { task, .. }
        | Entry::TaskExcluded { task, .. }
        | Entry::TaskDropped { task }
        | Entry::OverLimit { task, .. }
        | Entry::Watched { task, .. }
        | Entry::Drifted { task, .. }
        | Entry::Started { task, .. }
        | Entry::Unsettled { task, .. }
        | Entry::Succeeded { task, .. }
        | Entry::Delayed { task, .. }
        | Entry::Failed { task, .. }
        | Entry::NeedsAttention { task, .. }
        | Entry::Settled { task, .. }
        | Entry::UndoStarted { task, .. }
        | Entry::UndoSucceeded { task, .. }
        | Entry::UndoReleased { task, .. }
        | Entry::UndoDelayed { task, .. }
        | Entry::UndoFailed { task, .. }
        | Entry::UndoSettled { task, .. } => Some(task),
        _ => None,
    }
}

/// The lane in which an entry happens; entries about the whole run apart.
pub(crate) fn lane_about(entry: &Entry) -> Option<LaneId> {
    if let Entry::Asked { question, .. } = entry {
        return question.about.lane();
    }
    lane_of(entry).or_else(|| task_of(entry).map(|task| task.lane))
}

/// The lane that an entry names.
pub(super) fn lane_of(entry: &Entry) -> Option<LaneId> {
    match entry {
        Entry::Resolved { lane, .. }
        | Entry::LaneLeftOut { lane, .. }
        | Entry::Expanded { lane, .. }
        | Entry::StepSkipped { lane, .. }
        | Entry::StepDelayed { lane, .. }
        | Entry::StepFailed { lane, .. }
        | Entry::Entered { lane, .. }
        | Entry::Chosen { lane, .. }
        | Entry::Branched { lane, .. }
        | Entry::Called { lane, .. }
        | Entry::Returned { lane, .. }
        | Entry::WaitBegun { lane, .. }
        | Entry::StillWaiting { lane, .. }
        | Entry::WaitOver { lane, .. }
        | Entry::ValuesSet { lane, .. }
        | Entry::Kept { lane, .. }
        | Entry::Stopped { lane, .. }
        | Entry::LaneEnded { lane, .. } => Some(*lane),
        _ => None,
    }
}

/// What may still happen to a task when its run has finished.
pub(super) fn after_finish(entry: &Entry) -> bool {
    matches!(
        entry,
        Entry::Settled { .. }
            | Entry::UndoStarted { .. }
            | Entry::UndoSucceeded { .. }
            | Entry::UndoReleased { .. }
            | Entry::UndoDelayed { .. }
            | Entry::UndoFailed { .. }
            | Entry::UndoSettled { .. }
    )
}
