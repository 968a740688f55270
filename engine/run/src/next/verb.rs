//! How each verb is begun and goes on; calls apart, which are moves.

use std::collections::BTreeMap;

use quell_action::ActionError;
use quell_alert::Timestamp;
use quell_playbook::condition::Truth;
use quell_playbook::model::{
    AskStep, Branch, EachStep, Form, IfUnknown, Mode, OrAsk, SetStep, Step, StopStep, Verb, WaitStep,
};
use quell_playbook::{Entity, Scope};
use serde_json::{Map, Value, json};

use super::lane::{Course, Progress, after};
use super::question::{Inquiry, hear, more_text};
use super::{Move, Next};
use crate::plan::make;
use crate::retry::later;
use crate::{About, Entry, LaneEnd, LaneId, Parent, Phase, Skip, TaskState, scope};

/// The longest value that is kept for an alert: a name or a number, not a document.
const LONGEST_KEPT: usize = 2_048;

impl Course<'_> {
    /// A step is taken.
    pub(super) fn begin(&self, step: &Step, trace: Value, next: &mut Next) {
        match &step.verb {
            Verb::Do(_) => self.expand(step, trace, next),
            Verb::Ask(ask) => self.ask(step, ask, trace, next),
            Verb::Wait(wait) => self.wait(step, wait, trace, next),
            Verb::Parallel(_) => {
                next.records.push(Entry::Entered { lane: self.lane.id, step: step.id.clone(), trace });
            }
            Verb::ForEach(each) => self.branch(step, each, trace, next),
            Verb::Choose(ways) => self.choose(step, ways, next),
            Verb::Run(_) => {
                next.moves.push(Move::Call { lane: self.lane.id, step: step.id.clone(), trace });
            }
            Verb::Set(values) => self.set(step, values, trace, next),
            Verb::Keep(values) => self.keep(step, values, trace, next),
            Verb::Stop(stop) => self.stop(step, stop, trace, next),
        }
    }

    fn ask(&self, step: &Step, ask: &AskStep, trace: Value, next: &mut Next) {
        let Some(text) = self.text(step, &ask.question, "the question", next) else { return };
        let about = About::Step { lane: self.lane.id, step: step.id.clone() };
        let inquiry = || Some(Inquiry::of_step(about.clone(), text, ask));
        // What is answered is seen when the question stands in the journal.
        let _ = hear(self.state, &about, inquiry, trace, self.now, next);
    }

    fn stop(&self, step: &Step, stop: &StopStep, trace: Value, next: &mut Next) {
        let Some(outcome) = self.text(step, &stop.outcome, "the outcome", next) else { return };
        next.records.push(Entry::Stopped { lane: self.lane.id, step: step.id.clone(), outcome, trace });
    }

    fn set(&self, step: &Step, values: &SetStep, trace: Value, next: &mut Next) {
        let scope = self.scope();
        let filled = values.iter().map(|(name, form)| match form.fill(&scope as &dyn Scope) {
            Ok(value) => Ok((name.clone(), value)),
            Err(missing) => Err(format!("{name} cannot be filled in: {missing}")),
        });
        match filled.collect::<Result<Map<_, _>, _>>() {
            Ok(values) => next.records.push(Entry::ValuesSet {
                lane: self.lane.id,
                step: step.id.clone(),
                values: Value::Object(values),
                trace,
            }),
            Err(why) => self.fail(step, ActionError::rejected(why), next),
        }
    }

    fn keep(&self, step: &Step, values: &SetStep, trace: Value, next: &mut Next) {
        if !self.state.plan().has_alert() {
            return self.fail(step, ActionError::rejected("this run has no alert to keep values for"), next);
        }
        let mut kept = BTreeMap::new();
        for (name, form) in values {
            let Some(text) = self.text(step, form, name, next) else { return };
            if text.is_empty() || text.len() > LONGEST_KEPT {
                let why = format!("{name} has {} bytes: kept are 1 to {LONGEST_KEPT}", text.len());
                return self.fail(step, ActionError::rejected(why), next);
            }
            kept.insert(name.clone(), text);
        }
        let of = (!self.observes()).then(|| self.state.plan().alert.same_detection_key());
        let (lane, step) = (self.lane.id, step.id.clone());
        next.records.push(Entry::Kept { lane, step, of, values: kept, trace });
    }

    fn text(&self, step: &Step, form: &Form, what: &str, next: &mut Next) -> Option<String> {
        match form.fill(&self.scope() as &dyn Scope) {
            Ok(text) => Some(text.as_str().unwrap_or_default().to_owned()),
            Err(missing) => {
                self.fail(
                    step,
                    ActionError::rejected(format!("{what} cannot be filled in: {missing}")),
                    next,
                );
                None
            }
        }
    }

    fn fail(&self, step: &Step, error: ActionError, next: &mut Next) {
        next.records.push(Entry::StepFailed { lane: self.lane.id, step: step.id.clone(), error });
    }

    fn observes(&self) -> bool {
        self.state.plan().mode == Mode::Observe
    }

    fn wait(&self, step: &Step, wait: &WaitStep, trace: Value, next: &mut Next) {
        let (WaitStep::For(time) | WaitStep::Until { at_most: time, .. }) = wait;
        // What would be waited for is assumed in a run that only observes.
        let until = if self.observes() { self.now } else { later(self.now, *time) };
        next.records.push(Entry::WaitBegun { lane: self.lane.id, step: step.id.clone(), until, trace });
    }

    pub(super) fn waiting(
        &self,
        step: &Step,
        until: Timestamp,
        look_at: Timestamp,
        next: &mut Next,
    ) -> Progress {
        let Verb::Wait(wait) = &step.verb else { return Progress::Past };
        match wait {
            WaitStep::Until { .. } if !self.observes() => match look_at.min(until) <= self.now {
                true => next.moves.push(Move::Look { lane: self.lane.id, step: step.id.clone() }),
                false => next.rest(look_at.min(until)),
            },
            _ if until <= self.now => {
                let (lane, step) = (self.lane.id, step.id.clone());
                next.records.push(Entry::WaitOver { lane, step, met: true, trace: Value::Null });
            }
            _ => next.rest(until),
        }
        Progress::Busy
    }

    /// What is synchronised from Active Directory would be switched on again from there: where an account is there, it
    /// goes first. With its first attempt over, whatever came of it, the others follow: a domain controller that does not
    /// answer holds nobody up.
    pub(super) fn in_safe_order(&self, tasks: &[TaskState], next: &mut Next) {
        let is_first_attempt = |task: &TaskState| matches!(task.phase, Phase::Pending | Phase::Started);
        let others_wait = tasks.iter().any(|task| task.is_synchronised_from() && is_first_attempt(task));
        let ready = tasks.iter().filter(|task| !others_wait || task.is_synchronised_from());
        ready.for_each(|task| self.task(task, next));
    }

    /// All of them go on; the lane goes on when all have come to their end.
    pub(super) fn side_by_side(&self, step: &Step, next: &mut Next) -> Progress {
        let Verb::Parallel(steps) = &step.verb else { return Progress::Past };
        let each: Vec<Progress> = steps.iter().map(|step| self.step(step, next)).collect();
        let is_any = |progress| each.contains(&progress);
        match (is_any(Progress::Busy), is_any(Progress::Stopped)) {
            (true, _) => Progress::Busy,
            (false, true) => Progress::Stopped,
            (false, false) => Progress::Past,
        }
    }

    fn choose(&self, step: &Step, ways: &[Branch], next: &mut Next) {
        let scope = self.scope();
        let mut traces = Vec::new();
        for (way, number) in ways.iter().zip(0..) {
            let Some(condition) = &way.condition else {
                return self.choose_way(step, Some(number), traces, next);
            };
            let judgement = condition.group.evaluate(&scope);
            traces.push(judgement.trace.to_json());
            match (judgement.truth, condition.if_unknown) {
                (Truth::True, _) => return self.choose_way(step, Some(number), traces, next),
                (Truth::False, _) => {}
                (Truth::Unknown, _) if self.directories_may_know(&condition.group) => {
                    return self.resolve(next);
                }
                (Truth::Unknown, IfUnknown::Run) => return self.choose_way(step, Some(number), traces, next),
                (Truth::Unknown, IfUnknown::Skip) => {}
                (Truth::Unknown, IfUnknown::Stop | IfUnknown::Ask) => {
                    return self.skip(step, Skip::Unknown { trace: json!(traces), stops: true }, next);
                }
            }
        }
        self.choose_way(step, None, traces, next);
    }

    fn choose_way(&self, step: &Step, way: Option<u32>, traces: Vec<Value>, next: &mut Next) {
        let (lane, step) = (self.lane.id, step.id.clone());
        next.records.push(Entry::Chosen { lane, step, way, trace: Value::Array(traces) });
    }

    pub(super) fn on_the_way(&self, step: &Step, way: Option<usize>, next: &mut Next) -> Progress {
        let Verb::Choose(ways) = &step.verb else { return Progress::Past };
        way.and_then(|way| ways.get(way)).map_or(Progress::Past, |way| self.walk(&way.steps, next))
    }

    /// Lanes for the entities of a step. Who the lane itself is about is asked before, where anything in them wants to
    /// know: a lane within this one does not wait for its place.
    fn branch(&self, step: &Step, each: &EachStep, trace: Value, next: &mut Next) {
        let conditions = Step::all_in(&each.steps).flat_map(Step::conditions).chain(&each.each.only);
        if conditions.into_iter().any(|group| self.directories_may_know(group)) {
            return self.resolve(next);
        }
        // Numbers follow on one another: one step at a time.
        if next.records.iter().any(|record| matches!(record, Entry::Branched { .. })) {
            return;
        }
        let plan = self.state.plan();
        let parent = Parent { lane: self.lane.id, step: step.id.clone() };
        let is_chosen = |entity: Entity<'_>| {
            let Some(only) = &each.each.only else { return true };
            only.truth(&scope::within(self.scope(), entity)) == Truth::True
        };
        let first = self.state.lanes().len();
        let lanes = match make::nested(&plan.alert, &each.each, &parent, first, is_chosen) {
            (lanes, None) => lanes,
            (lanes, Some(more)) => {
                let about = About::More { lane: parent.lane, step: parent.step.clone() };
                let text = || more_text(plan, self.lane, step, more);
                let agreed = match each.each.if_more {
                    OrAsk::Ask => self.agreed(about, text, trace.clone(), next),
                    OrAsk::Stop => Some(false),
                };
                match agreed {
                    Some(true) => lanes,
                    Some(false) => {
                        let why = format!(
                            "the alert names {}, the playbook allows {}: none is touched",
                            more.found, more.at_most
                        );
                        return self.fail(step, ActionError::rejected(why), next);
                    }
                    None => return,
                }
            }
        };
        next.records.push(Entry::Branched { lane: parent.lane, step: parent.step, lanes, trace });
    }

    pub(super) fn within(&self, step: &Step, lanes: &[LaneId]) -> Progress {
        let ends: Option<Vec<LaneEnd>> =
            lanes.iter().map(|lane| self.state.lane(*lane).and_then(|lane| lane.end())).collect();
        match ends {
            None => Progress::Busy,
            Some(ends) if ends.iter().any(|end| went_wrong(*end)) => after(step),
            Some(_) => Progress::Past,
        }
    }
}

/// Whether a lane left its entity other than it should be.
pub(crate) fn went_wrong(end: LaneEnd) -> bool {
    use LaneEnd::{Excluded, Failed, NeedsAttention, OverLimit, Partly};
    matches!(end, Failed | Partly | Excluded | OverLimit | NeedsAttention)
}
