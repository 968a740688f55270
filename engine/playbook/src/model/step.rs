//! [`Step`]: one line of a playbook, and what it does.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use quell_action::{ActionName, TargetKind};
use quell_alert::Provider;
use serde::{Deserialize, Serialize};

use super::{AskStep, Asking, Branch, EachStep, Form, RunStep, SetStep, StopStep, WaitStep};
use crate::condition::Group;

/// One line of a playbook.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name in references and in the record.
    pub id: StepId,
    /// Whether the author gave it that name; otherwise it was made from what the step does.
    pub is_named: bool,
    /// For people.
    pub title: Option<String>,
    /// Whether it is taken.
    pub condition: Option<StepCondition>,
    /// What it does.
    pub verb: Verb,
    /// What happens to the lane when it fails.
    pub on_error: OnError,
}

/// The name of a step, unique in its playbook.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub String);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a step is taken.
#[derive(Debug, Clone)]
pub struct StepCondition {
    /// What must be true.
    pub group: Group,
    /// What to do where that cannot be known.
    pub if_unknown: IfUnknown,
}

/// What to do where a condition cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfUnknown {
    /// End the lane here.
    #[default]
    Stop,
    /// Take the step.
    Run,
    /// Leave the step out.
    Skip,
    /// Ask a person whether to take the step.
    Ask,
}

/// What happens to the lane when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The lane ends; `always` still runs.
    #[default]
    Stop,
    /// The lane goes on.
    Continue,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Verb {
    /// An action of the catalogue.
    Do(DoStep),
    /// A question to people.
    Ask(AskStep),
    /// A wait.
    Wait(WaitStep),
    /// Steps that go side by side.
    Parallel(Vec<Step>),
    /// Steps for each entity of a kind, in lanes of their own.
    ForEach(EachStep),
    /// The first of several ways whose condition holds.
    Choose(Vec<Branch>),
    /// Another playbook, in a run of its own.
    Run(RunStep),
    /// Values that later steps can use.
    Set(SetStep),
    /// Values that later runs for the same alert can use as well.
    Keep(SetStep),
    /// The end of the lane.
    Stop(StopStep),
}

impl Step {
    /// These steps and all below them, in the order in which they stand.
    pub fn all_in(steps: &[Self]) -> Box<dyn Iterator<Item = &Self> + '_> {
        Box::new(steps.iter().flat_map(|step| std::iter::once(step).chain(Self::all_in_parts(step.parts()))))
    }

    /// Those below it that belong to the same lane, however deep, and itself.
    pub fn all_in_lane(steps: &[Self]) -> Box<dyn Iterator<Item = &Self> + '_> {
        Box::new(steps.iter().flat_map(|step| {
            let parts = match step.verb {
                Verb::ForEach(_) => Vec::new(),
                _ => step.parts(),
            };
            let below = parts.into_iter().flat_map(Self::all_in_lane);
            std::iter::once(step).chain(below)
        }))
    }

    /// Its own conditions: whether it is taken, which of its ways is, which entities it goes through, how long it waits.
    pub fn conditions(&self) -> Vec<&Group> {
        let mut found: Vec<&Group> = self.condition.iter().map(|condition| &condition.group).collect();
        match &self.verb {
            Verb::Choose(ways) => {
                found.extend(
                    ways.iter().filter_map(|way| way.condition.as_ref()).map(|condition| &condition.group),
                );
            }
            Verb::ForEach(each) => found.extend(&each.each.only),
            Verb::Wait(WaitStep::Until { group, .. }) => found.push(group),
            _ => {}
        }
        found
    }

    /// The lists of steps directly below it.
    pub fn parts(&self) -> Vec<&[Self]> {
        match &self.verb {
            Verb::Parallel(steps) => vec![steps],
            Verb::ForEach(each) => vec![&each.steps],
            Verb::Choose(branches) => branches.iter().map(|branch| branch.steps.as_slice()).collect(),
            Verb::Do(_) | Verb::Ask(_) | Verb::Wait(_) | Verb::Run(_) => Vec::new(),
            Verb::Set(_) | Verb::Keep(_) | Verb::Stop(_) => Vec::new(),
        }
    }

    fn all_in_parts<'s>(parts: Vec<&'s [Self]>) -> Box<dyn Iterator<Item = &'s Self> + 's> {
        Box::new(parts.into_iter().flat_map(Self::all_in))
    }
}

/// An action of the catalogue.
#[derive(Debug, Clone)]
pub struct DoStep {
    /// Which action.
    pub action: ActionName,
    /// What it acts on: for account and device actions the entity in scope.
    pub target: TargetKind,
    /// At which providers; none named means at every configured one that offers it.
    pub at: Vec<Provider>,
    /// Through which connection of the site; none named means through the one that acts for the provider.
    pub using: Option<String>,
    /// Its parameters.
    pub with: BTreeMap<String, Form>,
    /// How long one attempt may take.
    pub time_limit: Duration,
    /// How often, and how soon again.
    pub retry: Retry,
    /// When it is undone by itself.
    pub undo: UndoRule,
    /// How long it may take until its effect is seen; the engine's own patience where it is not said.
    pub verify_within: Option<Duration>,
    /// How long the effect must last, once it was seen; it is looked at again until then.
    pub hold: Option<Duration>,
    /// How many calls of this step are begun in a minute at most, over all runs of the playbook.
    pub per_minute: Option<u32>,
    /// Whether the author says that it takes nothing away from anybody, where the action cannot know.
    pub informs: bool,
    /// Who must agree before it is called, once it is known what exactly would be done.
    pub approval: Option<Asking>,
}

/// How often an attempt is made, and how soon again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// All attempts, the first included.
    pub attempts: u32,
    /// The wait before the second.
    pub first_wait: Duration,
    /// The longest wait.
    pub max_wait: Duration,
    /// After what.
    #[serde(default)]
    pub on: RetryOn,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_wait: Duration::from_secs(1),
            max_wait: Duration::from_secs(30),
            on: RetryOn::ALL,
        }
    }
}

/// After what an attempt is made again; whatever else goes wrong is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryOn {
    /// The outside system asks for patience.
    pub throttled: bool,
    /// It cannot be reached, or is out of order.
    pub unavailable: bool,
    /// No answer came, and the target shows that nothing has happened.
    pub timeout: bool,
}

impl RetryOn {
    /// After all of them: what goes where nothing is said.
    pub const ALL: Self = Self { throttled: true, unavailable: true, timeout: true };
    /// After none.
    pub const NONE: Self = Self { throttled: false, unavailable: false, timeout: false };
}

impl Default for RetryOn {
    fn default() -> Self {
        Self::ALL
    }
}

/// When an action is undone by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndoRule {
    /// Only when a person asks for it.
    #[default]
    Manual,
    /// After this time, unless a person confirms the action before.
    After(Duration),
    /// Not at all: whoever takes the run back leaves it as it is.
    Never,
}
