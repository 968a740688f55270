//! How one lane goes on: `unless`, then step after step, then `always`, then its end.

use quell_alert::Timestamp;
use quell_playbook::LaneScope;
use quell_playbook::condition::{Group, Truth};
use quell_playbook::model::{IfUnknown, OnError, Playbook, Step};
use serde_json::Value;

use super::{Move, Next};
use crate::{Entry, Lane, LaneState, LeftOut, Phase, RunState, Skip, StepState, TaskState, outcome, scope};

/// Lanes that have not ended go on side by side, as many as the playbook allows.
pub(super) fn go_on(playbook: &Playbook, state: &RunState, now: Timestamp, next: &mut Next) {
    let at_once = playbook.for_each.as_ref().map_or(1, |for_each| for_each.at_once.max(1));
    let open = state.plan().lanes.iter().filter_map(|lane| Some((lane, state.lane(lane.id)?)));
    for (lane, lane_state) in open.filter(|(_, lane_state)| lane_state.end().is_none()).take(at_once) {
        Course { playbook, state, lane, lane_state, now }.take(next);
    }
}

/// What became of the steps looked at so far.
enum Progress {
    /// All of them are settled, and the lane goes on after them.
    Past,
    /// All that were taken are settled, and the lane stops there.
    Stopped,
    /// One of them is still to be settled; what can be done for that has been put into [`Next`].
    Busy,
}

struct Course<'a> {
    playbook: &'a Playbook,
    state: &'a RunState,
    lane: &'a Lane,
    lane_state: &'a LaneState,
    now: Timestamp,
}

impl Course<'_> {
    fn take(&self, next: &mut Next) {
        // What is to be taken back goes before whatever else the lane has to do.
        if self.lane_state.tasks().any(TaskState::undo_open) || self.is_held_open_by_unless(next) {
            return;
        }
        let steps = match self.lane_state.left_out() {
            Some(_) => Progress::Stopped,
            None => self.walk(&self.playbook.steps, next),
        };
        if matches!(steps, Progress::Busy) {
            return;
        }
        if self.runs_always() && matches!(self.walk(&self.playbook.always, next), Progress::Busy) {
            return;
        }
        let end = outcome::of_lane(self.state, self.playbook, self.lane.id);
        next.records.push(Entry::LaneEnded { lane: self.lane.id, end });
    }

    /// `unless` that the alert alone could not answer is answered by the directories; what they cannot say either
    /// stops the lane.
    fn is_held_open_by_unless(&self, next: &mut Next) -> bool {
        let Some(unless) = self.playbook.unless.as_ref() else { return false };
        if !self.lane.unless_open || self.lane_state.left_out().is_some() || self.has_begun() {
            return false;
        }
        if self.lane_state.subject().is_none() {
            self.resolve(next);
            return true;
        }
        let judgement = unless.evaluate(&self.scope());
        if judgement.truth == Truth::False {
            return false;
        }
        let because = LeftOut::Unless { trace: judgement.trace.to_json() };
        next.records.push(Entry::LaneLeftOut { lane: self.lane.id, because });
        true
    }

    /// Somebody whom `unless` spares is still told about in `always`; those whom the plan left out were never in it.
    fn runs_always(&self) -> bool {
        !matches!(self.lane_state.left_out(), Some(LeftOut::TooMany { .. } | LeftOut::Where { .. }))
    }

    fn walk(&self, steps: &[Step], next: &mut Next) -> Progress {
        for step in steps {
            match self.step(step, next) {
                Progress::Past => {}
                stopped_or_busy => return stopped_or_busy,
            }
        }
        Progress::Past
    }

    fn step(&self, step: &Step, next: &mut Next) -> Progress {
        match self.lane_state.step(&step.id) {
            None => {
                self.decide(step, next);
                Progress::Busy
            }
            Some(StepState::Delayed(wait, _)) => {
                // Worked out anew: what the condition saw may have been asked of a directory meanwhile.
                if wait.is_over(self.now) {
                    self.decide(step, next)
                } else {
                    next.at(wait.until)
                }
                Progress::Busy
            }
            Some(StepState::Skipped(Skip::Unknown { stops: true, .. })) => Progress::Stopped,
            Some(StepState::Skipped(_)) => Progress::Past,
            Some(StepState::Failed(_)) => after(step),
            Some(expanded @ StepState::Expanded(tasks)) => {
                tasks.iter().for_each(|task| self.task(task, next));
                match (expanded.is_settled(), expanded.went_wrong()) {
                    (false, _) => Progress::Busy,
                    (true, true) => after(step),
                    (true, false) => Progress::Past,
                }
            }
        }
    }

    fn task(&self, task: &TaskState, next: &mut Next) {
        if !matches!(task.phase, Phase::Pending | Phase::Waiting) {
            return;
        }
        let id = task.task.id.clone();
        if task.undo.wanted {
            // There is nothing to take back yet, and nothing is begun in order to be taken back.
            next.records.push(Entry::TaskDropped { task: id });
            return;
        }
        next.begin(Move::Perform { task: id }, task.wait.map(|wait| wait.until), self.now);
    }

    /// Whether a step is taken.
    fn decide(&self, step: &Step, next: &mut Next) {
        let Some(condition) = &step.condition else {
            return self.expand(step, Value::Null, next);
        };
        let judgement = condition.group.evaluate(&self.scope());
        let trace = judgement.trace.to_json();
        match judgement.truth {
            Truth::True => self.expand(step, trace, next),
            Truth::False => self.skip(step, Skip::Condition { trace }, next),
            Truth::Unknown if self.directories_may_know(&condition.group) => self.resolve(next),
            Truth::Unknown => match condition.if_unknown {
                IfUnknown::Run => self.expand(step, trace, next),
                IfUnknown::Skip => self.skip(step, Skip::Unknown { trace, stops: false }, next),
                IfUnknown::Stop => self.skip(step, Skip::Unknown { trace, stops: true }, next),
            },
        }
    }

    fn directories_may_know(&self, group: &Group) -> bool {
        let Some(entity) = self.lane.entity(&self.state.plan().alert) else { return false };
        self.lane_state.subject().is_none()
            && self.lane.can_be_resolved()
            && group.references().any(|reference| reference.split().0 == entity.root())
    }

    fn resolve(&self, next: &mut Next) {
        let not_before = self.lane_state.wait().map(|wait| wait.until);
        next.begin(Move::Resolve { lane: self.lane.id }, not_before, self.now);
    }

    fn expand(&self, step: &Step, trace: Value, next: &mut Next) {
        next.moves.push(Move::Expand { lane: self.lane.id, step: step.id.clone(), trace });
    }

    fn skip(&self, step: &Step, because: Skip, next: &mut Next) {
        next.records.push(Entry::StepSkipped { lane: self.lane.id, step: step.id.clone(), because });
    }

    fn has_begun(&self) -> bool {
        self.lane_state.steps().next().is_some()
    }

    fn scope(&self) -> LaneScope<'_> {
        scope::of_lane(self.state, self.playbook, self.lane, self.now)
    }
}

fn after(step: &Step) -> Progress {
    match step.on_error {
        OnError::Stop => Progress::Stopped,
        OnError::Continue => Progress::Past,
    }
}
