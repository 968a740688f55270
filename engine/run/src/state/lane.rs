//! [`LaneState`]: where one lane stands, step by step.

use std::time::Duration;

use quell_action::{ActionError, Subject};
use quell_alert::Timestamp;
use quell_playbook::model::StepId;
use serde_json::{Value, json};

use super::TaskState;
use super::task::name_of;
use crate::{About, Call, Entry, Lane, LaneEnd, LaneId, LeftOut, Returned, Skip, TaskId};

/// Where one lane stands.
#[derive(Debug, Clone)]
pub struct LaneState {
    lane: Lane,
    started: Option<Timestamp>,
    subject: Option<Subject>,
    left_out: Option<LeftOut>,
    wait: Option<Wait>,
    steps: Vec<(StepId, StepState)>,
    end: Option<LaneEnd>,
}

/// Where one step of a lane stands.
#[derive(Debug, Clone)]
pub enum StepState {
    /// It could not be worked out yet.
    Delayed(Wait, ActionError),
    /// It is not taken.
    Skipped(Skip),
    /// It could not be worked out at all.
    Failed(ActionError),
    /// It asks people: the run's questions tell what came of it.
    Asked,
    /// Its steps go side by side.
    Entered,
    /// One of its ways was taken, or none.
    Chosen(Option<usize>),
    /// It goes through entities, in these lanes.
    Branched(Vec<LaneId>),
    /// It has called another playbook, and waits for the end of that run.
    Called(Box<Call>),
    /// What it called has come to its end.
    Returned(Box<Returned>),
    /// It waits.
    Waiting {
        /// Until this moment at the latest.
        until: Timestamp,
        /// It is looked at again at this moment.
        look_at: Timestamp,
    },
    /// It has waited.
    Waited {
        /// Whether what was waited for is so.
        met: bool,
    },
    /// It keeps these values, by name.
    Set(Value),
    /// It ended the lane, in the author's words.
    Stopped(String),
    /// It was worked out.
    Expanded(Vec<TaskState>),
}

/// A wait for something that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Since when it has been so, without a break.
    pub since: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// Not before then.
    pub until: Timestamp,
}

impl Wait {
    /// One more wait of the same kind, or the first.
    pub(super) fn after(earlier: Option<Self>, now: Timestamp, until: Timestamp) -> Self {
        match earlier {
            Some(earlier) => Self { since: earlier.since, tries: earlier.tries.saturating_add(1), until },
            None => Self { since: now, tries: 1, until },
        }
    }

    /// Whether it is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until
    }

    /// How long it has been so.
    pub fn lasted(&self, now: Timestamp) -> Duration {
        (now - self.since).to_std().unwrap_or_default()
    }
}

impl LaneState {
    pub(super) fn new(lane: Lane) -> Self {
        Self {
            left_out: lane.left_out.clone(),
            lane,
            started: None,
            subject: None,
            wait: None,
            steps: Vec::new(),
            end: None,
        }
    }

    /// What it is about.
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// When something first happened to it.
    pub fn started(&self) -> Option<Timestamp> {
        self.started
    }

    /// Who the directories said that it is about, once they have been asked for conditions.
    pub fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }

    /// Why it is not taken.
    pub fn left_out(&self) -> Option<&LeftOut> {
        self.left_out.as_ref()
    }

    /// What it waits for before its first step.
    pub fn wait(&self) -> Option<Wait> {
        self.wait
    }

    /// One step; `None` where nothing has happened to it.
    pub fn step(&self, id: &StepId) -> Option<&StepState> {
        self.steps.iter().find(|(step, _)| step == id).map(|(_, state)| state)
    }

    /// The steps to which something has happened, in order.
    pub fn steps(&self) -> impl Iterator<Item = (&StepId, &StepState)> {
        self.steps.iter().map(|(id, state)| (id, state))
    }

    /// The tasks that were worked out so far.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskState> {
        self.steps.iter().flat_map(|(_, step)| step.tasks())
    }

    /// How it ended.
    pub fn end(&self) -> Option<LaneEnd> {
        self.end
    }

    pub(super) fn task_mut(&mut self, id: &TaskId) -> Option<&mut TaskState> {
        self.steps
            .iter_mut()
            .filter_map(|(_, step)| match step {
                StepState::Expanded(tasks) => Some(tasks),
                _ => None,
            })
            .flatten()
            .find(|task| task.task.id == *id)
    }

    pub(super) fn take(&mut self, entry: &Entry, at: Timestamp) -> Result<(), String> {
        if self.end.is_some() {
            return Err(format!("the lane has ended, and the line says {}", name_of(entry)));
        }
        match entry {
            Entry::Resolved { subject, .. } if self.subject.is_none() || self.is_waiting() => {
                self.subject = Some(Subject::clone(subject));
                self.wait = None;
            }
            Entry::LaneLeftOut { because, .. } if self.left_out.is_none() && self.steps.is_empty() => {
                self.left_out = Some(because.clone());
            }
            Entry::StepDelayed { step: None, again_at, .. } if self.subject.is_none() => {
                self.wait = Some(Wait::after(self.wait, at, *again_at));
            }
            Entry::LaneEnded { end, .. } if self.tasks().all(TaskState::is_settled) => self.end = Some(*end),
            _ => self.take_step(entry, at)?,
        }
        self.started.get_or_insert(at);
        Ok(())
    }

    fn take_step(&mut self, entry: &Entry, at: Timestamp) -> Result<(), String> {
        let (id, to) = match entry {
            Entry::Entered { step, .. } => (step, StepState::Entered),
            Entry::Chosen { step, way, .. } => (step, StepState::Chosen(way.map(|way| way as usize))),
            Entry::Branched { step, lanes, .. } => {
                (step, StepState::Branched(lanes.iter().map(|lane| lane.id).collect()))
            }
            Entry::Called { step, call, .. } => (step, StepState::Called(call.clone())),
            Entry::Returned { step, returned, .. } => return self.take_end(step, returned),
            Entry::WaitBegun { step, until, .. } => (step, StepState::Waiting { until: *until, look_at: at }),
            Entry::StillWaiting { .. } | Entry::WaitOver { .. } => return self.take_wait(entry),
            Entry::ValuesSet { step, values, .. } => (step, StepState::Set(values.clone())),
            Entry::Kept { step, values, .. } => (step, StepState::Set(json!(values))),
            Entry::Stopped { step, outcome, .. } => (step, StepState::Stopped(outcome.clone())),
            Entry::Expanded { step, tasks, .. } => {
                (step, StepState::Expanded(tasks.iter().cloned().map(TaskState::new).collect()))
            }
            Entry::StepSkipped { step, because, .. } => (step, StepState::Skipped(because.clone())),
            Entry::Asked { question, .. } => match &question.about {
                About::Step { step, .. } => (step, StepState::Asked),
                // Such a question goes before a step, or before its tasks: the step itself stands as it stood.
                _ => return Ok(()),
            },
            Entry::StepFailed { step, error, .. } => (step, StepState::Failed(error.clone())),
            Entry::StepDelayed { step: Some(step), error, again_at, .. } => {
                let earlier = self.step(step).and_then(StepState::wait);
                (step, StepState::Delayed(Wait::after(earlier, at, *again_at), error.clone()))
            }
            _ => return Err(format!("a lane does not take {} here", name_of(entry))),
        };
        match self.steps.iter_mut().find(|(step, _)| step == id) {
            Some((_, from @ StepState::Delayed(..))) => *from = to,
            // A call that cannot be made after all.
            Some((_, from @ StepState::Called(_))) if matches!(to, StepState::Failed(_)) => *from = to,
            Some(_) => return Err(format!("step {id} was settled before")),
            None => self.steps.push((id.clone(), to)),
        }
        Ok(())
    }

    fn take_end(&mut self, id: &StepId, returned: &Returned) -> Result<(), String> {
        let state = self.steps.iter_mut().find(|(step, _)| step == id).map(|(_, state)| state);
        match state {
            Some(state @ StepState::Called(_)) => *state = StepState::Returned(Box::new(returned.clone())),
            _ => return Err(format!("step {id} has called nothing")),
        }
        Ok(())
    }

    fn take_wait(&mut self, entry: &Entry) -> Result<(), String> {
        let (id, over) = match entry {
            Entry::StillWaiting { step, .. } => (step, None),
            Entry::WaitOver { step, met, .. } => (step, Some(*met)),
            _ => return Err("it is about no wait".into()),
        };
        let state = self.steps.iter_mut().find(|(step, _)| step == id).map(|(_, state)| state);
        match (state, entry, over) {
            (Some(StepState::Waiting { look_at, .. }), Entry::StillWaiting { again_at, .. }, _) => {
                *look_at = *again_at;
            }
            (Some(state @ StepState::Waiting { .. }), _, Some(met)) => *state = StepState::Waited { met },
            _ => return Err(format!("step {id} does not wait")),
        }
        Ok(())
    }

    fn is_waiting(&self) -> bool {
        self.steps.iter().any(|(_, state)| matches!(state, StepState::Waiting { .. }))
    }

    /// What the playbook itself said of its end.
    pub fn stopped(&self) -> Option<&str> {
        self.steps.iter().find_map(|(_, state)| match state {
            StepState::Stopped(outcome) => Some(outcome.as_str()),
            _ => None,
        })
    }
}

impl StepState {
    /// Its tasks, where it was worked out.
    pub fn tasks(&self) -> &[TaskState] {
        match self {
            Self::Expanded(tasks) => tasks,
            _ => &[],
        }
    }

    /// What it waits for.
    pub fn wait(&self) -> Option<Wait> {
        match self {
            Self::Delayed(wait, _) => Some(*wait),
            _ => None,
        }
    }

    /// Whether nothing more is to be done for it; what it may have asked, and the steps below it, apart.
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Delayed(..) => false,
            Self::Waiting { .. } | Self::Called(_) => false,
            Self::Expanded(tasks) => tasks.iter().all(TaskState::is_settled),
            _ => true,
        }
    }

    /// Whether it, or one of its tasks, did not do what it should.
    pub fn went_wrong(&self) -> bool {
        match self {
            Self::Failed(_) => true,
            Self::Returned(returned) => returned.went_wrong(),
            Self::Expanded(tasks) => tasks.iter().any(TaskState::went_wrong),
            _ => false,
        }
    }
}
