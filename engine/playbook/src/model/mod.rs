//! [`Playbook`]: what is left of a file once it has been checked. Everything here is known to be whole.

mod ask;
mod flow;
mod input;
mod limits;
mod once;
mod step;
mod trigger;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quell_alert::EntityKind;
use serde::{Deserialize, Serialize};

use crate::condition::Group;
use crate::path::Path;

pub use ask::{AfterAnswer, AskStep, Asking, IfExpired};
pub use flow::{Branch, EachStep, SetStep, StopStep, WaitStep};
pub use input::{Handed, Input, InputKind, Inputs, Output, RunStep};
pub use limits::{Counted, Limits, Per, Quota};
pub use once::{KeyPart, OncePer};
pub use step::{DoStep, IfUnknown, OnError, Retry, RetryOn, Step, StepCondition, StepId, UndoRule, Verb};
pub use trigger::{AlertState, AlertTrigger, Trigger};
pub use value::{Form, Reference};

/// A checked playbook.
#[derive(Debug, Clone)]
pub struct Playbook {
    /// Its stable name; the file is called the same.
    pub name: PlaybookName,
    /// For people.
    pub title: String,
    /// For people.
    pub description: Option<String>,
    /// The team that is asked and told.
    pub owner: Option<String>,
    /// For people.
    pub labels: Vec<String>,
    /// For people.
    pub severity_note: Option<String>,
    /// Whether it acts.
    pub mode: Mode,
    /// What starts it.
    pub when: Trigger,
    /// What it is given by whoever starts it.
    pub inputs: Inputs,
    /// Which alerts belong to one run; `None` where each alert is a matter of its own.
    pub once_per: Option<OncePer>,
    /// Through what it goes, a lane each.
    pub for_each: Option<ForEach>,
    /// What stops a lane, on top of the exclusion list.
    pub unless: Option<Group>,
    /// What happens where `unless` cannot be known: the lane is left out, or a person is asked.
    pub unless_unknown: OrAsk,
    /// How long a run may take, times of waiting for people apart.
    pub deadline: Duration,
    /// How many it may touch before a person is asked, where that is tighter than at the site.
    pub limits: Option<Limits>,
    /// How everything that needs a person is asked, where a step does not say otherwise.
    pub approval: Option<Asking>,
    /// What is done, in order, in each lane.
    pub steps: Vec<Step>,
    /// What is done at the end of each lane, whatever happened in it.
    pub always: Vec<Step>,
    /// What is done once, when all lanes have ended.
    pub afterwards: Vec<Step>,
    /// What it gives back to a playbook that called it.
    pub outputs: BTreeMap<String, Output>,
    /// Whether it reads a value that was kept for the alert.
    pub reads_kept: bool,
    /// The text it was read from, byte for byte.
    pub source: Arc<str>,
    /// The hash of that text.
    pub hash: ContentHash,
}

impl Playbook {
    /// How long a run may take where the playbook does not say.
    pub const DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

    /// Every step, however deep, in the order in which they stand.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        Step::all_in(&self.steps).chain(Step::all_in(&self.always)).chain(Step::all_in(&self.afterwards))
    }

    /// The step of this name.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.all_steps().find(|step| step.id == *id)
    }
}

/// The name of a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlaybookName(pub String);

impl fmt::Display for PlaybookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-256 of a playbook's text, in lower-case hex: names one version of it for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(pub String);

/// Whether a playbook acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is loaded and checked, and starts for nothing.
    Disabled,
    /// It plans and records what it would do.
    #[default]
    Observe,
    /// It plans, and acts once a person has agreed to the plan.
    Ask,
    /// It acts.
    Act,
}

/// What happens where a playbook may not go on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrAsk {
    /// Nothing is done.
    #[default]
    Stop,
    /// A person is asked.
    Ask,
}

/// Through what a playbook goes.
#[derive(Debug, Clone)]
pub struct ForEach {
    /// The kind of entity; also the name under which a lane has it.
    pub kind: EntityKind,
    /// Where they are, if not in the list of their kind.
    pub from: Option<Path>,
    /// Which of them.
    pub only: Option<Group>,
    /// How many at most; more is never "the first few".
    pub at_most: usize,
    /// What happens where there are more.
    pub if_more: OrAsk,
    /// How many lanes run together.
    pub at_once: usize,
}
