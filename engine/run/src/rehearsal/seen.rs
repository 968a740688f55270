//! [`Seen`]: what a run came to, read from its journal in the words of a test.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use quell_action::{Catalogue, Effect, Impact};
use quell_alert::Timestamp;
use quell_playbook::model::StepId;
use serde_json::Value;

use super::expect::Deed;
use crate::{Entry, Lane, LaneId, LeftOut, Line, Question, RunId, Skip, Task, TaskId, Verdict};

/// The journals of runs that a run has called, and those that these have called.
pub(super) type Called = BTreeMap<RunId, Vec<Line>>;

/// What a run came to.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) done: Vec<Happened>,
    pub(super) would: Vec<Happened>,
    pub(super) failed: Vec<String>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) asked: Vec<Asked>,
    pub(super) kept: BTreeMap<String, String>,
    /// What the run gives back to whoever called it.
    pub(super) outputs: BTreeMap<String, Value>,
    pub(super) outcome: Option<String>,
    /// How long it has taken until the last thing happened.
    pub(super) length: Duration,
    begun: Option<Timestamp>,
    tasks: BTreeMap<TaskId, Task>,
    lanes: BTreeMap<LaneId, String>,
    /// Whom a limit holds back, and which.
    held: BTreeMap<TaskId, (String, String)>,
}

/// An action that had its effect.
#[derive(Debug, Clone)]
pub(super) struct Happened {
    pub(super) deed: Deed,
    pub(super) is_disruptive: bool,
    pub(super) params: Value,
    /// When, counted from the beginning of the run.
    pub(super) after: Duration,
    pub(super) step: String,
    /// Through which connection, where the playbook names one.
    pub(super) using: Option<String>,
}

/// A question, and when it was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) at: Timestamp,
}

/// Somebody or something that was left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Skipped {
    pub(super) who: String,
    pub(super) step: Option<String>,
    pub(super) because: &'static str,
    pub(super) says: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.who)?;
        if let Some(step) = &self.step {
            write!(f, ", step {step}")?;
        }
        write!(f, ": {} ({})", self.because, self.says)
    }
}

impl Seen {
    /// Reads a journal; what happened in runs that it called comes where they came back.
    pub(super) fn of(lines: &[Line], called: &Called, catalogue: &Catalogue) -> Self {
        let mut seen = Self::default();
        let mut open: Vec<&RunId> = Vec::new();
        for line in lines {
            match &line.entry {
                Entry::Called { call, .. } => open.push(&call.run),
                Entry::Returned { returned, .. } => {
                    open.retain(|run| **run != returned.run);
                    seen.absorb(&returned.run, called, catalogue);
                }
                _ => {}
            }
            seen.take(line, catalogue);
        }
        open.into_iter().for_each(|run| seen.absorb(run, called, catalogue));
        seen
    }

    /// The same, with what the run gives back.
    pub(super) fn giving(self, outputs: BTreeMap<String, Value>) -> Self {
        Self { outputs, ..self }
    }

    /// Adds what happened in a run that was called. How it ended is its own.
    fn absorb(&mut self, run: &RunId, called: &Called, catalogue: &Catalogue) {
        let Some(lines) = called.get(run) else { return };
        let inner = Self::of(lines, called, catalogue);
        self.done.extend(inner.done);
        self.would.extend(inner.would);
        self.failed.extend(inner.failed);
        self.skipped.extend(inner.skipped);
        self.asked.extend(inner.asked);
    }

    fn take(&mut self, line: &Line, catalogue: &Catalogue) {
        let begun = *self.begun.get_or_insert(line.at);
        self.length = (line.at - begun).to_std().unwrap_or_default();
        match &line.entry {
            Entry::Created { plan } => self.begin(&plan.lanes),
            Entry::Branched { lanes, .. } => self.begin(lanes),
            Entry::Closing { lane } => {
                self.lanes.insert(lane.id, "the run".to_owned());
            }
            Entry::LaneLeftOut { lane, because } => self.left_out(*lane, because),
            Entry::StepSkipped { lane, step, because } => self.step_skipped(*lane, step, because),
            Entry::Expanded { lane, step, tasks, nobody, .. } => {
                self.tasks.extend(tasks.iter().map(|task| (task.id.clone(), task.clone())));
                if let Some(why) = nobody {
                    self.skip(self.who(*lane), Some(step), "nobody", why.clone());
                }
            }
            Entry::StepFailed { lane, step, .. } => {
                let who = self.who(*lane);
                self.failed.push(format!("{step} of {who}"));
            }
            Entry::Kept { values, .. } => self.kept.extend(values.clone()),
            Entry::Asked { question, .. } => {
                self.asked.push(Asked { question: (**question).clone(), at: line.at });
            }
            Entry::Finished { finish } => {
                let word = serde_json::to_value(finish).unwrap_or_default();
                self.outcome = word.as_str().map(str::to_owned);
            }
            other => self.take_task(other, catalogue),
        }
    }

    fn take_task(&mut self, entry: &Entry, catalogue: &Catalogue) {
        match entry {
            Entry::Succeeded { task, fulfilled } if is_effect(&fulfilled.effect) => {
                let happened = self.happened(task, false, catalogue);
                self.done.extend(happened);
            }
            Entry::UndoSucceeded { task, effect, .. } if is_effect(effect) => {
                let happened = self.happened(task, true, catalogue);
                self.done.extend(happened);
            }
            Entry::Planned { task, verdict: Verdict::WouldCall { .. } } => {
                let happened = self.happened(task, false, catalogue);
                self.would.extend(happened);
            }
            Entry::OverLimit { task, exceeded, .. } => {
                let says = exceeded.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                let who = self.tasks.get(task).map(|task| task.display.clone()).unwrap_or_default();
                self.held.insert(task.clone(), (who, says));
            }
            Entry::TaskDropped { task } => {
                if let Some((who, says)) = self.held.remove(task) {
                    self.skip(who, None, "over_limit", says);
                }
            }
            Entry::Started { task, .. } => drop(self.held.remove(task)),
            Entry::Failed { task, .. } | Entry::NeedsAttention { task, .. } => self.fail(task, false),
            Entry::Drifted { task, .. } => self.fail(task, false),
            Entry::UndoFailed { task, .. } => self.fail(task, true),
            Entry::TaskExcluded { task, excluded }
            | Entry::Planned { task, verdict: Verdict::LeftAlone { excluded } } => {
                let who = self.tasks.get(task).map(|task| task.display.clone()).unwrap_or_default();
                self.skip(who, None, "excluded", excluded.reason.to_string());
            }
            _ => {}
        }
    }

    fn begin(&mut self, lanes: &[Lane]) {
        self.lanes.extend(lanes.iter().map(|lane| (lane.id, lane.display.clone())));
        for lane in lanes {
            if let Some(because) = &lane.left_out {
                self.left_out(lane.id, because);
            }
        }
    }

    fn left_out(&mut self, lane: LaneId, because: &LeftOut) {
        let (word, says) = match because {
            LeftOut::TooMany { found, at_most } => ("too_many", format!("{found}, and at most {at_most}")),
            LeftOut::Unless { trace } => ("unless", trace.to_string()),
            LeftOut::Where { trace } => ("where", trace.to_string()),
            LeftOut::NotApproved => ("not_approved", "nobody said yes".to_owned()),
            LeftOut::Attached { run } => ("attached", format!("run {run} has it in hand")),
        };
        self.skip(self.who(lane), None, word, says);
    }

    fn step_skipped(&mut self, lane: LaneId, step: &StepId, because: &Skip) {
        let (word, trace): (_, &Value) = match because {
            Skip::Condition { trace } => ("condition", trace),
            Skip::Unknown { trace, .. } => ("unknown", trace),
        };
        self.skip(self.who(lane), Some(step), word, trace.to_string());
    }

    /// One line for each, however many of their accounts it is about.
    fn skip(&mut self, who: String, step: Option<&StepId>, because: &'static str, says: String) {
        let skipped = Skipped { who, step: step.map(ToString::to_string), because, says };
        if !self.skipped.contains(&skipped) {
            self.skipped.push(skipped);
        }
    }

    fn fail(&mut self, task: &TaskId, undo: bool) {
        if let Some(deed) = self.deed(task, undo) {
            self.failed.push(deed.to_string());
        }
    }

    fn happened(&self, task: &TaskId, undo: bool, catalogue: &Catalogue) -> Option<Happened> {
        let of = self.tasks.get(task)?;
        let info = catalogue.get(&of.action, &of.provider);
        // What is taken back gives something back; what nobody knows is taken for the worst.
        let is_disruptive = !undo && info.is_none_or(|info| info.spec.impact == Impact::Disruptive);
        let deed = self.deed(task, undo)?;
        let (params, step, using) = (of.params.clone(), task.step.to_string(), of.using.clone());
        Some(Happened { deed, is_disruptive, params, after: self.length, step, using })
    }

    fn deed(&self, task: &TaskId, undo: bool) -> Option<Deed> {
        let of = self.tasks.get(task)?;
        Some(Deed {
            undo,
            action: of.action.as_str().to_owned(),
            of: Some(of.display.clone()).filter(|display| !display.is_empty()),
            at: Some(of.provider.0.clone()),
        })
    }

    fn who(&self, lane: LaneId) -> String {
        self.lanes.get(&lane).cloned().unwrap_or_default()
    }
}

/// What was so already is no deed of ours.
fn is_effect(effect: &Effect) -> bool {
    !matches!(effect, Effect::Unchanged)
}
