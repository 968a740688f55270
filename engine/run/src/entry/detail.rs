//! What entries say in detail.

use quell_action::{ActionError, Effect, Excluded, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::RunId;

/// Why a step is not taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Its condition is false.
    Condition {
        /// The conditions and the values seen.
        trace: Value,
    },
    /// Its condition cannot be known; the playbook says whether that ends the lane.
    Unknown {
        /// The conditions and the values seen.
        trace: Value,
        /// Whether the lane ends.
        stops: bool,
    },
}

/// What would happen to a task of a run that only observes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The call would be made.
    WouldCall {
        /// What stands there now, where it can be read.
        now: Option<State>,
    },
    /// It already is as wanted: no call.
    AlreadySo {
        /// What stands there now.
        now: State,
    },
    /// It would be left alone.
    LeftAlone {
        /// The exclusion list's answer.
        excluded: Excluded,
    },
    /// It cannot be said now: the target could not be read.
    CannotTell {
        /// Why.
        error: ActionError,
    },
}

/// Who or what wants changes taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requester {
    /// A person.
    Person(String),
    /// The playbook's own timer.
    Timer,
}

/// Why an undo had nothing to call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Release {
    /// Other runs still need the state; the last of them restores what was there before the first.
    HeldBy {
        /// Which; where there are many, some of them.
        runs: Vec<RunId>,
        /// How many tasks more need it.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: u64,
    },
    /// The state was there before any of our changes.
    NothingOfOurs,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a call led to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fulfilled {
    /// Whether anything changed.
    pub effect: Effect,
    /// Whether it was read back.
    pub verification: Verification,
    /// The outside system's own number for the matter.
    pub external_id: Option<String>,
    /// What later steps can read.
    pub output: Value,
    /// How long the call took, in milliseconds.
    pub took_millis: u64,
    /// Set where the target was excluded after its call had begun: the call was finished, and can be undone.
    pub excluded_meanwhile: Option<Excluded>,
}

/// Whether the effect of a call was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Read back and seen.
    Seen,
    /// Accepted by the outside system, which cannot be asked.
    NotReadable,
    /// Accepted; the outside system is still at it, or could not be asked afterwards.
    Pending,
    /// Nobody saw the call's answer; the target was read after a crash or a cut connection, and shows it done.
    SeenAfterwards,
    /// A person said that it happened.
    Told,
}

/// A call that failed for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallFailure {
    /// Why.
    pub error: ActionError,
    /// How many attempts were made.
    pub attempts: u32,
}

/// How a lane ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneEnd {
    /// Every step was done or rightly left out.
    Contained,
    /// It was planned and recorded; the playbook only observes.
    Observed,
    /// Nothing had to be changed.
    NothingToDo,
    /// The target is excluded.
    Excluded,
    /// A step failed, and nothing was done.
    Failed,
    /// Some of it was done, some was not.
    Partly,
    /// The lane was left out of the plan or stopped by a condition.
    LeftOut,
    /// A limit left no room, and nothing was done.
    OverLimit,
    /// A person said no, or nobody answered in time.
    Declined,
    /// A person stopped the run.
    Cancelled,
    /// A person must decide about a task.
    NeedsAttention,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// Every lane was contained or needed nothing.
    Contained,
    /// The playbook only observes.
    Observed,
    /// Nothing had to be changed: no lane, or nobody to act on.
    NothingToDo,
    /// Everybody in it is excluded.
    Excluded,
    /// Some lanes were contained, others not.
    Partly,
    /// No lane was contained, and at least one failed.
    Failed,
    /// No lane was contained, and at least one was over a limit.
    OverLimit,
    /// A person stopped it.
    Cancelled,
    /// A person must decide about at least one task.
    NeedsAttention,
}
