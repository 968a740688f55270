//! [`Plan`]: what a playbook comes to for one alert. Frozen when the run is created.

mod claims;
mod given;
pub(crate) mod make;
mod occasion;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quell_action::{ActionName, Target, TargetKind};
use quell_alert::{Alert, EntityKind, Provider, Timestamp};
use quell_playbook::FoundEntity;
use quell_playbook::model::{ContentHash, Mode, PlaybookName, Retry, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use claims::{Attached, Claim, Opening};
pub use given::{Given, WrongInput};
pub use occasion::{Caller, Occasion};

/// What a playbook comes to for one alert: the frozen version of the playbook, and the lanes worked out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The run that carries it out.
    pub run: RunId,
    /// Live, or a replay.
    pub origin: Origin,
    /// The playbook, as it was.
    pub playbook: PlaybookVersion,
    /// Whether it acts. A replay that is dry turns `act` into `observe` before it plans.
    pub mode: Mode,
    /// The alert, as it was understood.
    pub alert: Arc<Alert>,
    /// A lane for each entity, or one without.
    pub lanes: Vec<Lane>,
    /// Set where the alert names more entities than the playbook allows and a person decides about all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_many: Option<TooMany>,
    /// When it was made.
    pub created: Timestamp,
    /// What started it.
    #[serde(default, skip_serializing_if = "Occasion::is_alert")]
    pub occasion: Occasion,
    /// What the playbook was given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Value>,
    /// The playbooks that it may call, as they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<PlaybookVersion>,
}

/// More entities than a playbook allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TooMany {
    /// How many the alert names.
    pub found: usize,
    /// How many are allowed.
    pub at_most: usize,
}

/// One version of a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PlaybookVersion {
    /// Its name.
    pub name: PlaybookName,
    /// The hash of its text; the store keeps the text.
    pub hash: ContentHash,
}

/// The id of a run: computed, so that a redelivered alert finds its run and does not make a second one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Live, or a replay.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// From a source, as it happened.
    Live,
    /// An operator sent the alert in again.
    Replay {
        /// Which replay.
        id: String,
    },
}

/// One way through a playbook: the entity it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// Its number in the run.
    pub id: LaneId,
    /// The kind of entity; `None` for a playbook that goes through nothing.
    pub kind: Option<EntityKind>,
    /// The entity's position in its list of the alert's entities.
    pub position: Option<usize>,
    /// The entity itself, where a path gave it and the alert does not list it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<FoundEntity>,
    /// The entity's key within the alert (`sid:…`): lanes with the same key, over all runs, go one after another.
    pub key: String,
    /// What people call it.
    pub display: String,
    /// Whether `unless` could not be known from the alert alone: it is asked again once the directories have said who
    /// the lane is about.
    pub unless_open: bool,
    /// The lane and the step that it is within.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Whether it is the one for the run as a whole, when all others have ended (`afterwards`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closing: bool,
    /// Why it is not taken at all, where that was clear at once.
    pub left_out: Option<LeftOut>,
}

/// The step, in another lane, that a lane is within.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Parent {
    /// The other lane.
    pub lane: LaneId,
    /// Its step.
    pub step: StepId,
}

/// The number of a lane in its run; those of the plan come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LaneId(pub u32);

/// Why a lane is not taken, where that was clear when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// The alert names more entities than the playbook allows; none of them is touched.
    TooMany {
        /// How many it names.
        found: usize,
        /// How many are allowed.
        at_most: usize,
    },
    /// `unless` holds, or cannot be known.
    Unless {
        /// The conditions and the values seen.
        trace: Value,
    },
    /// `where` does not hold, or cannot be known.
    Where {
        /// The conditions and the values seen.
        trace: Value,
    },
    /// A person said no to the plan, or nobody answered in time.
    NotApproved,
    /// An earlier run of the playbook has it in hand (`once_per`); the alert is attached to that one.
    Attached {
        /// Which.
        run: RunId,
    },
}

/// One step applied to one target: the unit that is journaled, retried and undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Which task.
    pub id: TaskId,
    /// What is done.
    pub action: ActionName,
    /// Where.
    pub provider: Provider,
    /// Through which connection, where the playbook names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    /// To what.
    pub target: Target,
    /// What people call the target.
    pub display: String,
    /// With what, filled in. Never holds a secret.
    pub params: Value,
    /// How long one attempt may take.
    pub time_limit: Duration,
    /// How often it is attempted, and how soon again.
    pub retry: Retry,
    /// Whether it can be taken back.
    pub reversible: bool,
    /// How long it may take until its effect is seen; the engine's own patience where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_within: Option<Duration>,
    /// What it keeps as it is, where its target does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// Whom it is about, where it has no target and may take something away all the same: the exclusion list is asked about
    /// them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<TargetKind>,
    /// How long the effect must last, once it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub must_last: Option<Duration>,
    /// When it is taken back by itself, unless a person confirms it before.
    pub undo_after: Option<Duration>,
}

/// The name of a task within its run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TaskId {
    /// The lane it is in.
    pub lane: LaneId,
    /// The step it carries out.
    pub step: StepId,
    /// Its number among the step's targets.
    pub number: u32,
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.lane.0, self.step, self.number)
    }
}
