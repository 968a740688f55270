//! [`Playbook`]: what is left of a file once it has been checked. Everything here is known to be whole.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quell_action::{ActionName, ParamKind, TargetKind};
use quell_alert::{EntityKind, Provider, Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::condition::Group;
use crate::path::Path;
use crate::template::Template;

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
    /// Which alerts start it.
    pub when: Trigger,
    /// Through what it goes, a lane each.
    pub for_each: Option<ForEach>,
    /// What stops a lane, on top of the exclusion list.
    pub unless: Option<Group>,
    /// What is done, in order, in each lane.
    pub steps: Vec<Step>,
    /// What is done at the end of each lane, whatever happened in it.
    pub always: Vec<Step>,
    /// The text it was read from, byte for byte.
    pub source: Arc<str>,
    /// The hash of that text.
    pub hash: ContentHash,
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
    /// It acts.
    Act,
}

/// Which alerts start a playbook.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// What must be true of the alert.
    pub alert: Group,
    /// In which states of its life an alert counts.
    pub states: Vec<AlertState>,
}

/// The states of an alert's life, as a trigger names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Seen for the first time, and open.
    New,
    /// A newer version of an alert that was seen before, and open.
    Updated,
    /// Closed at its sender.
    Resolved,
}

impl AlertState {
    /// The word for it in a playbook.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Updated => "updated",
            Self::Resolved => "resolved",
        }
    }

    /// The state of an alert with this status, seen before or not.
    pub fn of(status: Status, seen_before: bool) -> Self {
        match (status, seen_before) {
            (Status::Resolved | Status::Dismissed, _) => Self::Resolved,
            (_, true) => Self::Updated,
            (_, false) => Self::New,
        }
    }
}

/// Through what a playbook goes.
#[derive(Debug, Clone)]
pub struct ForEach {
    /// The kind of entity; also the name under which a lane has it.
    pub kind: EntityKind,
    /// Which of them.
    pub only: Option<Group>,
    /// How many at most; more is never "the first few".
    pub at_most: usize,
    /// How many lanes run together.
    pub at_once: usize,
}

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

/// What a step does. One of these today; the language has more verbs to come.
#[derive(Debug, Clone)]
pub enum Verb {
    /// An action of the catalogue.
    Do(DoStep),
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
    /// Its parameters.
    pub with: BTreeMap<String, Form>,
    /// How long one attempt may take.
    pub time_limit: Duration,
    /// How often, and how soon again.
    pub retry: Retry,
    /// When it is undone by itself.
    pub undo: UndoRule,
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
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 3, first_wait: Duration::from_secs(1), max_wait: Duration::from_secs(30) }
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
}

/// A value in `with:`, before it is filled in.
#[derive(Debug, Clone)]
pub enum Form {
    /// As it stands.
    Literal(Value),
    /// Text with `{{ name.field }}` in it.
    Template(Template),
    /// The value of a name in scope: `{ from: who.manager }`.
    From {
        /// The name.
        reference: Reference,
        /// What the parameter takes.
        kind: ParamKind,
    },
    /// What a JSONPath finds in the alert, or else the literal: `{ path: "$.x", or: 0 }`.
    Path {
        /// The path.
        path: Path,
        /// What stands there when it finds nothing; without it, the step fails before any call.
        or: Option<Value>,
        /// What the parameter takes.
        kind: ParamKind,
    },
    /// A list of forms.
    List(Vec<Form>),
    /// A map of forms.
    Map(BTreeMap<String, Form>),
}

/// A dotted name in scope: `alert.title`, `account.upn`, `who.failed`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reference(pub String);

impl Reference {
    /// The first part and the rest: `("alert", "title")`.
    pub fn split(&self) -> (&str, &str) {
        self.0.split_once('.').unwrap_or((&self.0, ""))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
