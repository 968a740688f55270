//! [`next`]: the one place that decides what a run does next. Pure: playbook, state, time and named lists in, moves out.
//!
//! The rules, in this order:
//! 1. What is started is finished first, whichever way the run is going.
//! 2. A change whose undo timer has run out is to be undone.
//! 3. What is to be undone is undone, in each lane the latest step first.
//! 4. What people are asked is carried to them, and what became of it; that keeps nothing else waiting.
//! 5. In a run that was stopped nothing more is begun: what waits is dropped, and the lanes end. In one that has taken
//!    too long, nothing more but `always`.
//! 6. Where people must agree to the whole run, they are asked before anything is begun.
//! 7. Otherwise the lanes go on, so many side by side as the playbook allows: step after step, then `always`. A lane
//!    that only waits for a person or for a moment takes nobody's place. What limits hold back is asked about when
//!    nothing else is to be done, all at once.
//! 8. When all lanes have ended, what is to be done once is done (`afterwards`), and the run has ended.
//!
//! Invariant: nothing here asks a clock, a directory or a store. Whatever is not in the journal does not count.

mod carry;
pub(crate) mod lane;
mod limits;
pub(crate) mod question;
pub(crate) mod verb;

use std::cmp::Reverse;

use quell_alert::Timestamp;
use quell_playbook::Moment;
use quell_playbook::model::{Playbook, StepId};
use serde_json::Value;

use crate::{
    Entry, Errand, Lane, LaneEnd, LaneId, LaneState, LeftOut, Phase, QuestionId, Requester, RunState, TaskId,
    TaskState, outcome,
};

/// What a run does next.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Next {
    /// What is decided already and only has to be written down. Decide again afterwards.
    pub records: Vec<Entry>,
    /// What can be begun now, side by side. What is under way already is among them.
    pub moves: Vec<Move>,
    /// When there may be more to do, though nothing happens until then.
    pub wait_until: Option<Timestamp>,
    /// How many of the waits are for something that is tried again: such a run keeps its places meanwhile.
    pub(crate) retries: usize,
    /// Lanes that only wait for a person or for a moment: they let others of the same identity pass.
    pub(crate) resting: Vec<LaneId>,
}

/// Something that needs the outside world.
#[derive(Debug, Clone, PartialEq)]
pub enum Move {
    /// Ask the directories who a lane is about, since a condition wants to know.
    Resolve {
        /// The lane.
        lane: LaneId,
    },
    /// Look whether what a step waits for is so.
    Look {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
    },
    /// Work a step out: find its targets, fill in its parameters.
    Expand {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
        /// Its condition and the values seen; null without a condition.
        trace: Value,
    },
    /// Call another playbook.
    Call {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
        /// Its condition and the values seen; null without a condition.
        trace: Value,
    },
    /// Carry a task out.
    Perform {
        /// The task.
        task: TaskId,
    },
    /// Find out what came of a task whose call was begun.
    Settle {
        /// The task.
        task: TaskId,
    },
    /// Look whether a change that must last still stands.
    Watch {
        /// The task.
        task: TaskId,
    },
    /// Take a task back.
    Undo {
        /// The task.
        task: TaskId,
    },
    /// Carry a question to people, or a word of what became of it.
    Carry {
        /// The question.
        question: QuestionId,
        /// To whom, and which message; `None` while it is not known to whom it goes.
        message: Option<(String, Errand)>,
    },
}

impl Move {
    /// The lane that it belongs to; messages to people keep no lane busy.
    pub fn lane(&self) -> Option<LaneId> {
        match self {
            Self::Resolve { lane }
            | Self::Look { lane, .. }
            | Self::Expand { lane, .. }
            | Self::Call { lane, .. } => Some(*lane),
            Self::Perform { task } | Self::Settle { task } | Self::Watch { task } | Self::Undo { task } => {
                Some(task.lane)
            }
            Self::Carry { .. } => None,
        }
    }

    /// Whether it is the same move, decided twice.
    pub(crate) fn is_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Expand { lane, step, .. }, Self::Expand { lane: other_lane, step: other_step, .. })
            | (Self::Call { lane, step, .. }, Self::Call { lane: other_lane, step: other_step, .. }) => {
                (lane, step) == (other_lane, other_step)
            }
            _ => self == other,
        }
    }

    /// Whether only one of the two can be under way: a task whose call was begun a moment ago looks as if it were to
    /// be settled, and is not.
    pub(crate) fn is_in_the_way_of(&self, other: &Self) -> bool {
        match (self.task(), other.task()) {
            (Some(task), Some(other)) => task == other,
            _ => self.is_the_same(other),
        }
    }

    fn task(&self) -> Option<&TaskId> {
        match self {
            Self::Perform { task } | Self::Settle { task } | Self::Watch { task } | Self::Undo { task } => {
                Some(task)
            }
            Self::Resolve { .. }
            | Self::Look { .. }
            | Self::Expand { .. }
            | Self::Call { .. }
            | Self::Carry { .. } => None,
        }
    }
}

impl Next {
    /// Something is tried again at this moment.
    fn at(&mut self, moment: Timestamp) {
        self.retries += 1;
        self.rest(moment);
    }

    /// There is nothing to do before this moment.
    fn rest(&mut self, moment: Timestamp) {
        self.wait_until = Some(self.wait_until.map_or(moment, |earlier| earlier.min(moment)));
    }

    /// How much there is to do: the same number before and after a lane means that the lane rests.
    fn size(&self) -> usize {
        self.records.len() + self.moves.len() + self.retries
    }

    /// Begins something, or waits for the moment at which it can be begun.
    fn begin(&mut self, what: Move, not_before: Option<Timestamp>, now: Timestamp) {
        match not_before {
            Some(moment) if now < moment => self.at(moment),
            _ => self.moves.push(what),
        }
    }
}

/// What a run does next.
pub fn next(playbook: &Playbook, state: &RunState, moment: impl Into<Moment>) -> Next {
    let moment = moment.into();
    let now = moment.now;
    let mut next = Next::default();
    settle_what_is_started(state, now, &mut next);
    let timed_out = timers(state, now, &mut next);
    if !timed_out.is_empty() {
        next.records.push(Entry::UndoRequested { tasks: timed_out, by: Requester::Timer });
    }
    state.lanes().iter().for_each(|lane| undo(lane, now, &mut next));
    carry::go_on(state, now, &mut next);
    if state.finish().is_some() {
        return next;
    }
    question::settle(state, now, &mut next);
    overdue(playbook, state, now, &mut next);
    if state.cancelled().is_some() {
        wind_up(playbook, state, &mut next);
    } else {
        lane::go_on(playbook, state, &moment, &mut next);
        limits::ask(state, now, &mut next);
    }
    if state.lanes().iter().all(|lane| lane.end().is_some()) {
        next.records.push(last(playbook, state));
    }
    next
}

/// When all lanes have ended, the run has; before that it does what is to be done once. Nobody is told of a run that a
/// person stopped, or did not want.
fn last(playbook: &Playbook, state: &RunState) -> Entry {
    let unwanted = |lane: &LaneState| lane.left_out() == Some(&LeftOut::NotApproved);
    let is_closed = state.lanes().iter().any(|lane| lane.lane().closing || unwanted(lane));
    if playbook.afterwards.is_empty() || is_closed || state.cancelled().is_some() {
        return Entry::Finished { finish: outcome::of_run(state) };
    }
    let lane = Lane::closing(&state.plan().alert, state.lanes().len());
    Entry::Closing { lane: Box::new(lane) }
}

fn settle_what_is_started(state: &RunState, now: Timestamp, next: &mut Next) {
    for task in state.tasks().filter(|task| task.is_started()) {
        let settle = Move::Settle { task: task.task.id.clone() };
        next.begin(settle, task.wait.map(|wait| wait.until), now);
    }
}

/// The changes whose undo timer has run out: late rather than never, and once.
fn timers(state: &RunState, now: Timestamp, next: &mut Next) -> Vec<TaskId> {
    let mut run_out = Vec::new();
    for task in state.tasks() {
        match task.undo_due() {
            Some(due) if due <= now => run_out.push(task.task.id.clone()),
            Some(due) => next.rest(due),
            None => {}
        }
    }
    run_out
}

/// A run takes no longer than its playbook allows.
fn overdue(playbook: &Playbook, state: &RunState, now: Timestamp, next: &mut Next) {
    if state.is_overdue() || state.cancelled().is_some() {
        return;
    }
    match state.overdue_at(playbook.deadline) {
        Some(moment) if moment <= now => next.records.push(Entry::Overdue),
        Some(moment) => next.rest(moment),
        None => {}
    }
}

/// What a lane did is undone from its end, step by step. What one step did to several accounts is given back, as it was
/// taken, at Active Directory first: what is synchronised from there would otherwise be switched off again. One whose
/// provider is away holds up none of the others of its step.
fn undo(lane: &LaneState, now: Timestamp, next: &mut Next) {
    if lane.tasks().any(TaskState::is_started) {
        return;
    }
    let open: Vec<&TaskState> = lane.tasks().filter(|task| task.undo_open()).collect();
    let is_begun = |task: &TaskState| task.phase == Phase::Undoing;
    let number = |task: &TaskState| task.succeeded.map(|(_, line)| line);
    let latest = open.iter().max_by_key(|task| (is_begun(task), number(task)));
    let Some(step) = latest.map(|task| &task.task.id.step) else { return };
    let order = |task: &&&TaskState| {
        let waits_until = task.undo.wait.map(|wait| wait.until).filter(|until| now < *until);
        let is_source = task.is_synchronised_from() && task.undo.wait.is_none();
        (Reverse(waits_until), is_begun(task), is_source, number(task))
    };
    if let Some(task) = open.iter().filter(|task| task.task.id.step == *step).max_by_key(order) {
        let undo = Move::Undo { task: task.task.id.clone() };
        next.begin(undo, task.undo.wait.map(|wait| wait.until), now);
    }
}

/// Nothing more is begun, `always` included.
fn wind_up(playbook: &Playbook, state: &RunState, next: &mut Next) {
    for (lane, number) in state.lanes().iter().zip(0..).filter(|(lane, _)| lane.end().is_none()) {
        if lane.tasks().any(TaskState::is_started) {
            continue;
        }
        let waiting = lane.tasks().filter(|task| !task.is_settled());
        let dropped: Vec<Entry> =
            waiting.map(|task| Entry::TaskDropped { task: task.task.id.clone() }).collect();
        if dropped.is_empty() {
            let lane = LaneId(number);
            next.records
                .push(Entry::LaneEnded { lane, end: cancelled(outcome::of_lane(state, playbook, lane)) });
        }
        next.records.extend(dropped);
    }
}

fn cancelled(end: LaneEnd) -> LaneEnd {
    match end {
        LaneEnd::NeedsAttention | LaneEnd::LeftOut => end,
        _ => LaneEnd::Cancelled,
    }
}
