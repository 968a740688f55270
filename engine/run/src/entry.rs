//! [`Entry`]: what can happen to a run.

use quell_action::{ActionError, Effect, Excluded, RequestKey, State, Subject};
use quell_alert::Timestamp;
use quell_playbook::model::StepId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{LaneId, LeftOut, Plan, RunId, Task, TaskId};

/// What can happen to a run. Which entry may follow which is in the table of `state.rs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub enum Entry {
    /// The run exists: always the first line.
    Created {
        /// What it will do.
        plan: Box<Plan>,
    },
    /// The directories said who a lane is about; conditions can see it from here on.
    Resolved {
        /// The lane.
        lane: LaneId,
        /// Who, with groups, rights and names as far as they are known.
        subject: Box<Subject>,
    },
    /// A lane is left out because of something that the directories said.
    LaneLeftOut {
        /// The lane.
        lane: LaneId,
        /// Why.
        because: LeftOut,
    },
    /// A step was worked out: these are its tasks.
    Expanded {
        /// The lane.
        lane: LaneId,
        /// The step.
        step: StepId,
        /// What is to be done, one by one.
        tasks: Vec<Task>,
        /// Where there are no tasks: why there is nobody to act on.
        nobody: Option<String>,
        /// The step's condition and the values seen; null without a condition.
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
    /// A lane or a step could not be worked out for the moment (a directory is away); it is tried again.
    StepDelayed {
        /// The lane.
        lane: LaneId,
        /// The step; `None` while it is not yet known who the lane is about.
        step: Option<StepId>,
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
    /// The run only observes: this is what would happen to the task. It ends there.
    Planned {
        /// The task.
        task: TaskId,
        /// What would happen.
        verdict: Verdict,
    },
    /// The exclusion list was asked, and the task is left alone.
    TaskExcluded {
        /// The task.
        task: TaskId,
        /// The list's answer.
        excluded: Excluded,
    },
    /// The run was stopped before the task's call was made.
    TaskDropped {
        /// The task.
        task: TaskId,
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
    /// The call was made, or may have been, and nobody knows yet whether it happened: the target is read back.
    Unsettled {
        /// The task.
        task: TaskId,
        /// Why.
        error: ActionError,
        /// It is read back, or tried again to, at this moment.
        again_at: Timestamp,
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
    /// Changes are to be taken back.
    UndoRequested {
        /// The tasks.
        tasks: Vec<TaskId>,
        /// Who or what wants it.
        by: Requester,
    },
    /// A person confirmed changes: their undo timers are stopped.
    Confirmed {
        /// The tasks.
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
        /// Whether it was read back.
        verification: Verification,
    },
    /// The task no longer holds the state, and nothing had to be called.
    UndoReleased {
        /// The task.
        task: TaskId,
        /// Why nothing had to be called.
        because: Release,
    },
    /// The undo did not happen, or it is not known whether it did; it is tried again.
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
        /// Which.
        runs: Vec<RunId>,
    },
    /// The state was there before any of our changes.
    NothingOfOurs,
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
    /// A person must decide about at least one task.
    NeedsAttention,
}
