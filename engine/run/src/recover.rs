//! After a start: which unfinished runs go on, in which order, and where their lanes stand.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use quell_alert::Timestamp;

use crate::gate::{Gate, entity_key, task_key};
use crate::lanes::LaneLocks;
use crate::{LaneId, LaneState, Phase, RunState, RunSummary, TaskState};

/// The oldest first: the order in which they came.
pub(crate) fn in_order(mut unfinished: Vec<RunSummary>) -> Vec<RunSummary> {
    unfinished.sort_by(|one, other| (one.started, &one.id).cmp(&(other.started, &other.id)));
    unfinished
}

/// Until when a run has nothing to do but wait for an undo.
pub(crate) fn only_waits(run: &RunSummary, now: Timestamp) -> Option<Timestamp> {
    run.finish?;
    run.wake_at.filter(|moment| now < *moment)
}

/// Gates for the lanes that were in the middle of a call: they stand in their queues, under all their keys, before
/// anything else may move. What such a call did must be known before another run looks at the same account.
pub(crate) fn lined_up(locks: &LaneLocks, state: &RunState) -> HashMap<LaneId, Arc<Gate>> {
    let interrupted = state.lanes().iter().filter(|lane| lane.tasks().any(is_interrupted));
    interrupted
        .map(|lane_state| {
            let lane = lane_state.lane();
            let mut keys: BTreeSet<String> = targets(lane_state);
            keys.extend(entity_key(lane).filter(|_| lane_state.end().is_none()));
            (lane.id, Arc::new(Gate::lined_up(locks, keys)))
        })
        .collect()
}

fn is_interrupted(task: &TaskState) -> bool {
    task.is_started() || task.phase == Phase::Undoing
}

fn targets(lane: &LaneState) -> BTreeSet<String> {
    lane.tasks().filter_map(|task| task_key(&task.task)).collect()
}
