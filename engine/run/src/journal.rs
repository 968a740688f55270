//! [`Entry`]: what can happen to a run. [`Journal`]: where it is written down.

use async_trait::async_trait;
use quell_action::{ActionError, Effect, Excluded, RequestKey, State};
use quell_alert::Timestamp;
use quell_playbook::model::StepId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{LaneId, Plan, RunId, Task, TaskId};

/// One line of a run's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its number, from 0 without gaps.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub entry: Entry,
}

/// What can happen to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub enum Entry {
    /// The run exists: always the first line.
    Created {
        /// What it will do.
        plan: Box<Plan>,
    },
    /// A step was worked out: these are its tasks. An empty list means that nobody is there to act on.
    Expanded {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
        /// What is to be done, one by one.
        tasks: Vec<Task>,
        /// The conditions and the values seen.
        trace: Value,
    },
    /// A step is not taken.
    StepSkipped {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
        /// Why.
        because: Skip,
    },
    /// A step could not be worked out for the moment (a directory is away); it is tried again.
    StepDelayed {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
        /// How often it was tried.
        attempt: u32,
        /// Why.
        error: ActionError,
        /// Not before then.
        again_at: Timestamp,
    },
    /// A step could not be worked out at all.
    StepFailed {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
        /// Why.
        error: ActionError,
    },
    /// The exclusion list was asked, and the task is left alone.
    TaskExcluded {
        /// The task.
        task: TaskId,
        /// The list's answer.
        excluded: Excluded,
    },
    /// The intent: the call is about to be made. On disk before the call.
    Started {
        /// The task.
        task: TaskId,
        /// Which attempt this is, from 1.
        attempt: u32,
        /// What names the task for the outside system.
        key: RequestKey,
        /// What stood there before, where it can be read.
        before: Option<State>,
    },
    /// The call did what it should.
    Succeeded {
        /// The task.
        task: TaskId,
        /// What it led to.
        fulfilled: Fulfilled,
    },
    /// The call did not happen, for a reason that may pass.
    Delayed {
        /// The task.
        task: TaskId,
        /// Why.
        error: ActionError,
        /// Not before then.
        again_at: Timestamp,
    },
    /// The call failed for good. Nothing happened.
    Failed {
        /// The task.
        task: TaskId,
        /// Why, and after how many attempts.
        failure: CallFailure,
    },
    /// It may or may not have happened, and nothing can tell: a person decides.
    NeedsAttention {
        /// The task.
        task: TaskId,
        /// Why.
        why: String,
    },
    /// A person said what happened to a task that needed attention.
    Settled {
        /// The task.
        task: TaskId,
        /// Whether it happened.
        happened: bool,
        /// Who said so.
        by: String,
    },
    /// A person wants changes taken back.
    UndoRequested {
        /// The tasks; those that changed nothing are left out.
        tasks: Vec<TaskId>,
        /// Who.
        by: String,
    },
    /// The intent of an undo. On disk before the call.
    UndoStarted {
        /// The task.
        task: TaskId,
        /// Which attempt this is, from 1.
        attempt: u32,
    },
    /// The change was taken back.
    UndoSucceeded {
        /// The task.
        task: TaskId,
        /// Whether there was anything left to take back.
        effect: Effect,
    },
    /// The undo did not happen, for a reason that may pass.
    UndoDelayed {
        /// The task.
        task: TaskId,
        /// Why.
        error: ActionError,
        /// Not before then.
        again_at: Timestamp,
    },
    /// The change could not be taken back: a person must look.
    UndoFailed {
        /// The task.
        task: TaskId,
        /// Why.
        failure: CallFailure,
    },
    /// A person stopped the run: what is started is finished, nothing more is begun.
    Cancelled {
        /// Who.
        by: String,
    },
    /// A lane has come to its end, `always` included.
    LaneEnded {
        /// The lane.
        lane: LaneId,
        /// How.
        end: LaneEnd,
    },
    /// The run has come to its end. An undo may still follow.
    Finished {
        /// How.
        finish: Finish,
    },
}

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
    /// The lane had ended before it.
    LaneStopped,
    /// The run was cancelled.
    Cancelled,
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
}

/// Whether the effect of a call was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Read back and seen.
    Seen,
    /// Accepted by the outside system, which cannot be asked.
    NotReadable,
    /// Accepted; the outside system is still at it.
    Pending,
    /// Nobody saw the call's answer; the target was read after a crash or a cut connection, and shows it done.
    SeenAfterwards,
}

/// A call that failed for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallFailure {
    /// Why.
    pub error: ActionError,
    /// How many attempts were made.
    pub attempts: u32,
}

/// What holds a run up, for people to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocked {
    /// Nothing.
    No,
    /// It waits for this moment.
    Until(Timestamp),
    /// A person must decide.
    Person,
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
    /// A step failed and stopped the lane.
    Failed,
    /// Some of it was done, some failed.
    Partly,
    /// The lane was left out of the plan or stopped by a condition.
    LeftOut,
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
    /// A person stopped it.
    Cancelled,
}

/// Why the journal could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("the journal of run {run} could not be {what}: {source}")]
pub struct JournalError {
    /// The run.
    pub run: RunId,
    /// `written` or `read`.
    pub what: &'static str,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Where runs are written down.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Writes the run's next lines. Returns only when all of them are on disk, and then all of them are; an error stops
    /// the run here and is never swallowed. `first` is the number of the first line: a number that is already taken is
    /// an error, since then two would be driving the same run.
    async fn append(&self, run: &RunId, first: u64, lines: &[Line]) -> Result<(), JournalError>;

    /// All lines of a run, in order; empty where there is no such run.
    async fn read(&self, run: &RunId) -> Result<Vec<Line>, JournalError>;

    /// The runs that have not finished, or whose undo has not. Costs what is unfinished, not what ever was.
    async fn unfinished(&self) -> Result<Vec<RunId>, JournalError>;
}
