//! How one lane goes on: `unless`, then step after step, then `always`, then its end.

use std::collections::{BTreeMap, BTreeSet};

use quell_action::ActionError;
use quell_alert::Timestamp;
use quell_playbook::condition::{Group, Truth};
use quell_playbook::model::{DoStep, EachStep, IfUnknown, OnError, OrAsk, Playbook, Step, StepId, Verb};
use quell_playbook::{LaneScope, Moment};
use serde_json::Value;

use super::question::{Inquiry, Permission, condition_text, hear, permission, tasks_text, unless_text};
use super::{Move, Next};
use crate::{
    About, CallFailure, Entry, Lane, LaneState, LeftOut, Parent, Phase, QuestionState, RunState, Skip,
    StepState, TaskState, outcome, scope,
};

/// Lanes that have not ended go on side by side: as many are begun as the playbook allows, those apart that only wait
/// for a person or for a moment.
pub(super) fn go_on(playbook: &Playbook, state: &RunState, moment: &Moment, next: &mut Next) {
    let now = moment.now;
    match permission(playbook, state, now, next) {
        Permission::Given => {}
        Permission::Awaited => return,
        Permission::Refused(because) => leave_out(state, &because, next),
    }
    let mut places: BTreeMap<Option<&Parent>, usize> = BTreeMap::new();
    for lane_state in state.lanes().iter().filter(|lane| lane.end().is_none()) {
        let lane = lane_state.lane();
        let left = places.entry(lane.parent.as_ref()).or_insert_with(|| at_once(playbook, lane));
        if *left == 0 && lane_state.started().is_none() {
            continue;
        }
        let before = next.size();
        Course { playbook, state, lane, lane_state, now, moment }.take(next);
        // Whoever waits for the answer to a call has nothing to do, and does not rest.
        let is_calling = lane_state.tasks().any(|task| task.phase == Phase::Started);
        match next.size() == before && !is_calling {
            true => next.resting.push(lane.id),
            false => *left = left.saturating_sub(1),
        }
    }
}

/// How many lanes of its kind go side by side.
fn at_once(playbook: &Playbook, lane: &Lane) -> usize {
    let each = match &lane.parent {
        None => playbook.for_each.as_ref(),
        Some(parent) => each_of(playbook, parent).map(|step| &step.each),
    };
    each.map_or(1, |each| each.at_once.max(1))
}

/// The step that a lane is within.
pub(crate) fn each_of<'p>(playbook: &'p Playbook, parent: &Parent) -> Option<&'p EachStep> {
    match &playbook.step(&parent.step)?.verb {
        Verb::ForEach(each) => Some(each),
        _ => None,
    }
}

/// What is done in a lane, `always` apart.
pub(crate) fn steps_of<'p>(playbook: &'p Playbook, lane: &Lane) -> &'p [Step] {
    match &lane.parent {
        None if lane.closing => &playbook.afterwards,
        None => &playbook.steps,
        Some(parent) => each_of(playbook, parent).map_or(&[], |each| &each.steps),
    }
}

/// Nobody agreed: nothing is begun for anybody.
fn leave_out(state: &RunState, because: &LeftOut, next: &mut Next) {
    let open = state.lanes().iter().filter(|lane| lane.end().is_none() && lane.left_out().is_none());
    next.records
        .extend(open.map(|lane| Entry::LaneLeftOut { lane: lane.lane().id, because: because.clone() }));
}

/// What became of the steps looked at so far.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// All of them are settled, and the lane goes on after them.
    Past,
    /// All that were taken are settled, and the lane stops there.
    Stopped,
    /// One of them is still to be settled; what can be done for that has been put into [`Next`].
    Busy,
}

pub(super) struct Course<'a> {
    pub(super) playbook: &'a Playbook,
    pub(super) state: &'a RunState,
    pub(super) lane: &'a Lane,
    pub(super) lane_state: &'a LaneState,
    pub(super) now: Timestamp,
    pub(super) moment: &'a Moment,
}

impl Course<'_> {
    fn take(&self, next: &mut Next) {
        // What is to be taken back goes before whatever else the lane has to do.
        if self.lane_state.tasks().any(TaskState::undo_open) || self.is_held_open_by_unless(next) {
            return;
        }
        let steps = match self.lane_state.left_out() {
            Some(_) => Progress::Stopped,
            None if self.state.is_overdue() && !self.lane.closing => self.give_up(next),
            None => self.walk(steps_of(self.playbook, self.lane), next),
        };
        if matches!(steps, Progress::Busy) {
            return;
        }
        if self.runs_always() && matches!(self.walk(&self.playbook.always, next), Progress::Busy) {
            return;
        }
        if self.is_watching(next) {
            return;
        }
        let end = outcome::of_lane(self.state, self.playbook, self.lane.id);
        next.records.push(Entry::LaneEnded { lane: self.lane.id, end });
    }

    /// What must last is looked at until it has: only then it is known how the lane ends.
    fn is_watching(&self, next: &mut Next) -> bool {
        let mut watching = false;
        for (task, due) in self.lane_state.tasks().filter_map(|task| Some((task, task.look_due()?))) {
            watching = true;
            match due <= self.now {
                true => next.moves.push(Move::Watch { task: task.task.id.clone() }),
                false => next.rest(due),
            }
        }
        watching
    }

    /// `unless` that the alert alone could not answer is answered by the directories; what they cannot say either
    /// stops the lane.
    fn is_held_open_by_unless(&self, next: &mut Next) -> bool {
        let Some(unless) = self.playbook.unless.as_ref().filter(|_| !self.is_apart()) else {
            return false;
        };
        if !self.lane.unless_open || self.lane_state.left_out().is_some() || self.has_begun() {
            return false;
        }
        if self.lane_state.subject().is_none() && self.lane.can_be_resolved() {
            self.resolve(next);
            return true;
        }
        let judgement = unless.evaluate(&self.scope());
        if judgement.truth == Truth::False {
            return false;
        }
        if judgement.truth == Truth::Unknown && self.playbook.unless_unknown == OrAsk::Ask {
            let text = || unless_text(self.state.plan(), self.lane);
            match self.agreed(About::Unless { lane: self.lane.id }, text, judgement.trace.to_json(), next) {
                None => return true,
                Some(true) => return false,
                Some(false) => {}
            }
        }
        let because = LeftOut::Unless { trace: judgement.trace.to_json() };
        next.records.push(Entry::LaneLeftOut { lane: self.lane.id, because });
        true
    }

    /// Whether people agree; `None` while they are being asked.
    pub(super) fn agreed(
        &self,
        about: About,
        text: impl Fn() -> String,
        trace: Value,
        next: &mut Next,
    ) -> Option<bool> {
        let inquiry = || Some(Inquiry::whether(about.clone(), text(), self.playbook.approval.as_ref()?));
        hear(self.state, &about, inquiry, trace, self.now, next)
    }

    /// Whether it is not one of the lanes of `for_each`, to which `unless` and `always` belong.
    fn is_apart(&self) -> bool {
        self.lane.parent.is_some() || self.lane.closing
    }

    /// Somebody whom `unless` spares is still told about in `always`; those whom the plan left out were never in it.
    fn runs_always(&self) -> bool {
        use LeftOut::{Attached, NotApproved, TooMany, Where};
        let never_in_it = matches!(
            self.lane_state.left_out(),
            Some(TooMany { .. } | Where { .. } | NotApproved | Attached { .. })
        );
        !self.is_apart() && !never_in_it
    }

    /// The run has taken too long: what is started is finished, and nothing more of the steps is begun.
    fn give_up(&self, next: &mut Next) -> Progress {
        let of_steps: BTreeSet<&StepId> =
            Step::all_in_lane(steps_of(self.playbook, self.lane)).map(|step| &step.id).collect();
        let open = || {
            let tasks = self.lane_state.tasks().filter(|task| of_steps.contains(&task.task.id.step));
            tasks.filter(|task| !task.is_settled())
        };
        let waiting = open().filter(|task| !task.is_started());
        next.records.extend(waiting.map(not_in_time));
        let within = self
            .state
            .lanes()
            .iter()
            .filter(|lane| lane.end().is_none())
            .any(|lane| lane.lane().parent.as_ref().is_some_and(|parent| parent.lane == self.lane.id));
        if open().next().is_some() || within { Progress::Busy } else { Progress::Stopped }
    }

    pub(super) fn walk(&self, steps: &[Step], next: &mut Next) -> Progress {
        for step in steps {
            match self.step(step, next) {
                Progress::Past => {}
                stopped_or_busy => return stopped_or_busy,
            }
        }
        Progress::Past
    }

    pub(super) fn step(&self, step: &Step, next: &mut Next) -> Progress {
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
            Some(StepState::Called(_)) => Progress::Busy,
            Some(called @ StepState::Returned(_)) => match called.went_wrong() {
                true => after(step),
                false => Progress::Past,
            },
            Some(StepState::Set(_)) => Progress::Past,
            Some(StepState::Waited { .. }) => Progress::Past,
            Some(StepState::Stopped(_)) => Progress::Stopped,
            Some(StepState::Waiting { until, look_at }) => self.waiting(step, *until, *look_at, next),
            Some(StepState::Entered) => self.side_by_side(step, next),
            Some(StepState::Chosen(way)) => self.on_the_way(step, *way, next),
            Some(StepState::Branched(lanes)) => self.within(step, lanes),
            Some(StepState::Asked) => {
                let about = About::Step { lane: self.lane.id, step: step.id.clone() };
                match self.state.question_about(&about).and_then(QuestionState::goes_on) {
                    Some(true) => Progress::Past,
                    Some(false) => Progress::Stopped,
                    None => Progress::Busy,
                }
            }
            Some(expanded @ StepState::Expanded(tasks)) => {
                match self.consent(step, tasks, next) {
                    None => return Progress::Busy,
                    Some(true) => self.in_safe_order(tasks, next),
                    Some(false) => return self.drop_all(tasks, next),
                }
                match (expanded.is_settled(), expanded.went_wrong()) {
                    (false, _) => Progress::Busy,
                    (true, _) if tasks.iter().any(|task| task.over_limit().is_some()) => Progress::Stopped,
                    (true, true) => after(step),
                    (true, false) => Progress::Past,
                }
            }
        }
    }

    /// Whether people agree to the tasks of a step, now that it is known which they are.
    fn consent(&self, step: &Step, tasks: &[TaskState], next: &mut Next) -> Option<bool> {
        let Verb::Do(DoStep { approval: Some(asking), .. }) = &step.verb else { return Some(true) };
        if tasks.is_empty() {
            return Some(true);
        }
        let about = About::Tasks { lane: self.lane.id, step: step.id.clone() };
        let inquiry = || {
            let text = tasks_text(self.state.plan(), tasks);
            Some(Inquiry::whether(about.clone(), text, asking).binding(tasks))
        };
        hear(self.state, &about, inquiry, Value::Null, self.now, next)
    }

    /// Nobody agreed to them: the lane ends here.
    fn drop_all(&self, tasks: &[TaskState], next: &mut Next) -> Progress {
        let open: Vec<&TaskState> = tasks.iter().filter(|task| !task.is_settled()).collect();
        next.records.extend(open.iter().map(|task| Entry::TaskDropped { task: task.task.id.clone() }));
        if open.is_empty() { Progress::Stopped } else { Progress::Busy }
    }

    pub(super) fn task(&self, task: &TaskState, next: &mut Next) {
        if !matches!(task.phase, Phase::Pending | Phase::Waiting) {
            return;
        }
        let id = task.task.id.clone();
        if task.undo.wanted {
            // There is nothing to take back yet, and nothing is begun in order to be taken back.
            next.records.push(Entry::TaskDropped { task: id });
            return;
        }
        match task.held_back() {
            Some(held) if held.is_refused() => next.records.push(Entry::TaskDropped { task: id }),
            Some(_) => {}
            None => next.begin(Move::Perform { task: id }, task.wait.map(|wait| wait.until), self.now),
        }
    }

    /// Whether a step is taken.
    fn decide(&self, step: &Step, next: &mut Next) {
        let Some(condition) = &step.condition else {
            return self.begin(step, Value::Null, next);
        };
        let judgement = condition.group.evaluate(&self.scope());
        let trace = judgement.trace.to_json();
        match judgement.truth {
            Truth::True => self.begin(step, trace, next),
            Truth::False => self.skip(step, Skip::Condition { trace }, next),
            Truth::Unknown if self.directories_may_know(&condition.group) => self.resolve(next),
            Truth::Unknown => match condition.if_unknown {
                IfUnknown::Run => self.begin(step, trace, next),
                IfUnknown::Skip => self.skip(step, Skip::Unknown { trace, stops: false }, next),
                IfUnknown::Stop => self.skip(step, Skip::Unknown { trace, stops: true }, next),
                IfUnknown::Ask => {
                    let about = About::Condition { lane: self.lane.id, step: step.id.clone() };
                    let text = || condition_text(self.state.plan(), self.lane, step);
                    match self.agreed(about, text, trace.clone(), next) {
                        Some(true) => self.begin(step, trace, next),
                        Some(false) => self.skip(step, Skip::Unknown { trace, stops: true }, next),
                        None => {}
                    }
                }
            },
        }
    }

    pub(super) fn directories_may_know(&self, group: &Group) -> bool {
        let Some(entity) = self.lane.entity(&self.state.plan().alert) else { return false };
        self.lane_state.subject().is_none()
            && self.lane.can_be_resolved()
            && group.references().any(|reference| reference.split().0 == entity.root())
    }

    pub(super) fn resolve(&self, next: &mut Next) {
        let not_before = self.lane_state.wait().map(|wait| wait.until);
        next.begin(Move::Resolve { lane: self.lane.id }, not_before, self.now);
    }

    pub(super) fn expand(&self, step: &Step, trace: Value, next: &mut Next) {
        next.moves.push(Move::Expand { lane: self.lane.id, step: step.id.clone(), trace });
    }

    pub(super) fn skip(&self, step: &Step, because: Skip, next: &mut Next) {
        next.records.push(Entry::StepSkipped { lane: self.lane.id, step: step.id.clone(), because });
    }

    fn has_begun(&self) -> bool {
        self.lane_state.steps().next().is_some()
    }

    pub(super) fn scope(&self) -> LaneScope<'_> {
        scope::of_lane(self.state, self.playbook, self.lane, self.moment.clone())
    }
}

fn not_in_time(task: &TaskState) -> Entry {
    let error = task.error.clone().unwrap_or_else(|| {
        ActionError::rejected("the deadline of the playbook passed before its call was made")
    });
    Entry::Failed { task: task.task.id.clone(), failure: CallFailure { error, attempts: task.attempts } }
}

pub(super) fn after(step: &Step) -> Progress {
    match step.on_error {
        OnError::Stop => Progress::Stopped,
        OnError::Continue => Progress::Past,
    }
}
