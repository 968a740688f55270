//! How a lane and a run end, in one word, from what became of their tasks. What is done in `always` does not count:
//! a message that could not be sent does not make an account less disabled.

use quell_action::Target;
use quell_playbook::model::{Mode, Playbook, Step};
use serde_json::{Value, json};

use crate::next::lane::steps_of;
use crate::next::question::is_declined;
use crate::{Finish, LaneEnd, LaneId, LaneState, LeftOut, Phase, RunState, Skip, StepState, TaskState};

/// How a lane would end if it ended now.
pub(crate) fn of_lane(state: &RunState, playbook: &Playbook, lane: LaneId) -> LaneEnd {
    let Some(lane) = state.lane(lane) else { return LaneEnd::NothingToDo };
    match lane.left_out() {
        Some(LeftOut::NotApproved) => return LaneEnd::Declined,
        // Known not to be meant: the playbook is not about them, and nothing is missing.
        Some(LeftOut::Where { trace }) if trace["truth"] == "false" => return LaneEnd::NothingToDo,
        // Somebody else has it in hand: nothing is missing here.
        Some(LeftOut::Attached { .. }) => return LaneEnd::NothingToDo,
        Some(_) => return LaneEnd::LeftOut,
        None => {}
    }
    if state.plan().mode == Mode::Observe {
        return LaneEnd::Observed;
    }
    let mut steps = Vec::new();
    let mut tally = Tally::default();
    gather(state, playbook, lane, &mut steps, &mut tally);
    tally.count_all(&steps);
    if tally.attention > 0 {
        return LaneEnd::NeedsAttention;
    }
    if state.cancelled().is_some() {
        return LaneEnd::Cancelled;
    }
    match tally {
        Tally { failed: 0, excluded: 0, over: 0, stopped: false, declined: false, changed: 0, .. } => {
            LaneEnd::NothingToDo
        }
        Tally { failed: 0, excluded: 0, over: 0, stopped: false, declined: false, .. } => LaneEnd::Contained,
        Tally { changed: 1.., .. } | Tally { unchanged: 1.., .. } => LaneEnd::Partly,
        Tally { failed: 1.., .. } => LaneEnd::Failed,
        Tally { excluded: 1.., .. } => LaneEnd::Excluded,
        Tally { declined: true, .. } => LaneEnd::Declined,
        Tally { over: 1.., .. } => LaneEnd::OverLimit,
        Tally { .. } => LaneEnd::LeftOut,
    }
}

/// What happened in a lane and in those within it, `always` apart.
fn gather<'a>(
    state: &'a RunState,
    playbook: &Playbook,
    lane: &'a LaneState,
    steps: &mut Vec<&'a StepState>,
    tally: &mut Tally,
) {
    let own = steps_of(playbook, lane.lane());
    tally.declined |= is_declined(state, lane.lane().id, own);
    // What was not begun in time did not happen.
    let is_cut_short = state.is_overdue() && own.iter().any(|step| lane.step(&step.id).is_none());
    tally.failed += u32::from(is_cut_short && lane.stopped().is_none());
    for step in Step::all_in_lane(own).filter_map(|step| lane.step(&step.id)) {
        steps.push(step);
        if let StepState::Branched(lanes) = step {
            let within = lanes.iter().filter_map(|lane| state.lane(*lane));
            within.for_each(|lane| gather(state, playbook, lane, steps, tally));
        }
    }
}

/// How a run ends whose lanes have all ended.
pub(crate) fn of_run(state: &RunState) -> Finish {
    // What happened in the lanes within others has been counted there.
    let own = state.lanes().iter().filter(|lane| lane.lane().parent.is_none() && !lane.lane().closing);
    let ends: Vec<LaneEnd> = own.filter_map(|lane| lane.end()).collect();
    let has = |end: LaneEnd| ends.contains(&end);
    let is_all = |fits: fn(LaneEnd) -> bool| ends.iter().copied().all(fits);
    if has(LaneEnd::NeedsAttention) {
        Finish::NeedsAttention
    } else if state.cancelled().is_some() {
        Finish::Cancelled
    } else if is_all(|end| matches!(end, LaneEnd::NothingToDo | LaneEnd::LeftOut | LaneEnd::Declined)) {
        Finish::NothingToDo
    } else if state.plan().mode == Mode::Observe {
        Finish::Observed
    } else if is_all(|end| matches!(end, LaneEnd::Contained | LaneEnd::NothingToDo)) {
        Finish::Contained
    } else if has(LaneEnd::Contained) || has(LaneEnd::Partly) {
        Finish::Partly
    } else if has(LaneEnd::Failed) {
        Finish::Failed
    } else if has(LaneEnd::OverLimit) {
        Finish::OverLimit
    } else {
        Finish::Excluded
    }
}

/// What was done to whom, and what was not: for `afterwards`, which hands it on to a ticket or a message.
pub(crate) fn report(state: &RunState) -> Value {
    let lanes = state.lanes().iter().filter(|lane| lane.lane().parent.is_none() && !lane.lane().closing);
    let about = |lane: &LaneState| {
        let tasks = state.tasks().filter(|task| within(state, task.task.id.lane, lane.lane().id));
        let done: Vec<Value> = tasks.map(line).collect();
        json!({ "about": lane.lane().display, "outcome": lane.end(), "said": lane.stopped(), "done": done })
    };
    lanes.map(about).collect()
}

/// Whether a lane is this one, or within it.
pub(crate) fn within(state: &RunState, lane: LaneId, around: LaneId) -> bool {
    let parent = |lane: &LaneId| state.lane(*lane)?.lane().parent.as_ref().map(|parent| parent.lane);
    std::iter::successors(Some(lane), parent).any(|lane| lane == around)
}

fn line(task: &TaskState) -> Value {
    let why = task.error.as_ref().map(ToString::to_string);
    let excluded = task.excluded.as_ref().map(ToString::to_string).or_else(|| over_limit(task));
    json!({
        "action": task.task.action,
        "at": task.task.provider,
        "to": task.task.display,
        "stands": task.phase,
        "why": excluded.or(why.filter(|_| task.went_wrong())),
    })
}

/// The limits that have kept a task from being done.
fn over_limit(task: &TaskState) -> Option<String> {
    let exceeded = &task.over_limit()?.exceeded;
    Some(exceeded.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// What became of a lane's tasks. Where any of them had a target, only those count: telling people about an account
/// that was left alone contains nothing.
#[derive(Default)]
struct Tally {
    changed: u32,
    unchanged: u32,
    failed: u32,
    excluded: u32,
    over: u32,
    attention: u32,
    stopped: bool,
    declined: bool,
}

impl Tally {
    fn count_all(&mut self, steps: &[&StepState]) {
        let tasks = || steps.iter().flat_map(|step| step.tasks());
        let any_target = tasks().any(|task| task.task.target != Target::None);
        for task in tasks() {
            self.count(task, any_target && task.task.target == Target::None);
        }
        for step in steps {
            self.failed += u32::from(matches!(step, StepState::Failed(_)));
            self.count_called(step);
            self.stopped |= matches!(step, StepState::Skipped(Skip::Unknown { stops: true, .. }));
        }
    }

    /// What was called counts as if it had been done here.
    fn count_called(&mut self, step: &StepState) {
        match step {
            StepState::Called(_) => self.failed += 1,
            StepState::Returned(returned) => match returned.finish {
                Finish::Contained => self.changed += 1,
                Finish::NothingToDo | Finish::Observed => self.unchanged += 1,
                Finish::Excluded => self.excluded += 1,
                Finish::Partly => {
                    self.changed += 1;
                    self.failed += 1;
                }
                Finish::Failed | Finish::Cancelled | Finish::NeedsAttention | Finish::OverLimit => {
                    self.failed += 1;
                }
            },
            _ => {}
        }
    }

    fn count(&mut self, task: &TaskState, beside: bool) {
        match task.phase {
            Phase::Attention => self.attention += 1,
            Phase::Failed => self.failed += 1,
            Phase::Excluded => self.excluded += 1,
            Phase::Dropped if task.over_limit().is_some() => self.over += 1,
            Phase::Succeeded if task.is_ineffective() => self.failed += 1,
            _ if beside => {}
            Phase::Succeeded | Phase::Undoing | Phase::Undone | Phase::Released | Phase::Stuck => {
                if task.changed() { self.changed += 1 } else { self.unchanged += 1 }
            }
            Phase::Pending
            | Phase::Waiting
            | Phase::Started
            | Phase::Unsettled
            | Phase::Planned
            | Phase::Dropped => {}
        }
    }
}
