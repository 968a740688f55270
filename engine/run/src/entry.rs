//! [`Entry`]: what can happen to a run.

mod detail;

use std::collections::BTreeMap;

use quell_action::{ActionError, Effect, Excluded, RequestKey, State, Subject};
use quell_alert::Timestamp;
use quell_playbook::model::{Asking, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Call, Carriage, Exceeded, Lane, LaneId, LeftOut, Meant, Plan, Question, QuestionId, Reply, Returned,
    Task, TaskId,
};

pub use detail::{CallFailure, Finish, Fulfilled, LaneEnd, Release, Requester, Skip, Verdict, Verification};

/// What can happen to a run. Which entry may follow which is in the table of `state.rs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
#[allow(missing_docs, reason = "`lane`, `step` and `task` are what it happened to, throughout")]
pub enum Entry {
    /// The run exists: always the first line.
    Created {
        /// What it will do.
        plan: Box<Plan>,
    },
    /// The directories said who a lane is about; conditions can see it from here on.
    Resolved {
        lane: LaneId,
        /// Who, with groups, rights and names as far as they are known.
        subject: Box<Subject>,
    },
    /// A lane is left out because of something that the directories said.
    LaneLeftOut {
        lane: LaneId,
        /// Why.
        because: LeftOut,
    },
    /// A step was worked out: these are its tasks.
    Expanded {
        lane: LaneId,
        step: StepId,
        /// What is to be done, one by one.
        tasks: Vec<Task>,
        /// Where there are no tasks: why there is nobody to act on.
        nobody: Option<String>,
        /// Whom the directories meant, where they were asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        meant: Option<Box<Meant>>,
        /// The step's condition and the values seen; null without a condition.
        trace: Value,
    },
    /// A step is not taken.
    StepSkipped {
        lane: LaneId,
        step: StepId,
        /// Why.
        because: Skip,
    },
    /// The steps of a step that go side by side are begun.
    Entered {
        lane: LaneId,
        step: StepId,
        /// The step's condition and the values seen; null without a condition.
        trace: Value,
    },
    /// One of several ways is taken.
    Chosen {
        lane: LaneId,
        step: StepId,
        /// Which, from 0; `None` where no condition holds.
        way: Option<u32>,
        /// The conditions of the ways and the values seen.
        trace: Value,
    },
    /// A step goes through entities, in lanes of their own.
    Branched {
        lane: LaneId,
        step: StepId,
        /// The lanes. Their numbers follow on those that there are.
        lanes: Vec<Lane>,
        /// The step's condition and the values seen; null without a condition.
        trace: Value,
    },
    /// Another playbook is called: its run is, or is about to be.
    Called {
        lane: LaneId,
        step: StepId,
        /// What is called, and with what.
        call: Box<Call>,
        /// The step's condition and the values seen; null without a condition.
        trace: Value,
    },
    /// What was called has come to its end.
    Returned {
        lane: LaneId,
        step: StepId,
        /// How it ended, and what it gave back.
        returned: Box<Returned>,
    },
    /// A wait has begun.
    WaitBegun {
        lane: LaneId,
        step: StepId,
        /// It ends at this moment at the latest.
        until: Timestamp,
        /// The step's condition and the values seen; null without a condition.
        trace: Value,
    },
    /// What is waited for is not so yet.
    StillWaiting {
        lane: LaneId,
        step: StepId,
        /// It is looked at again at this moment.
        again_at: Timestamp,
    },
    /// A wait is over.
    WaitOver {
        lane: LaneId,
        step: StepId,
        /// Whether what was waited for is so.
        met: bool,
        /// The conditions and the values seen; null for a wait of a time.
        trace: Value,
    },
    /// Values that later steps can use.
    ValuesSet {
        lane: LaneId,
        step: StepId,
        /// Which, by name.
        values: Value,
        /// The step's condition and the values seen; null without a condition.
        trace: Value,
    },
    /// Values are kept for the alert: later runs can use them.
    Kept {
        lane: LaneId,
        step: StepId,
        /// What all versions of the alert have in common; nothing in a run that only observes, which keeps nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<String>,
        /// Which, by name.
        values: BTreeMap<String, String>,
        /// The step's condition and the values seen; null without a condition.
        trace: Value,
    },
    /// The playbook ends the lane here.
    Stopped {
        lane: LaneId,
        step: StepId,
        /// How, in the author's words.
        outcome: String,
        /// The step's condition and the values seen; null without a condition.
        trace: Value,
    },
    /// All lanes have ended: what is done once, for the run as a whole, begins in a lane of its own.
    Closing {
        /// The lane. Its number follows on those that there are.
        lane: Box<Lane>,
    },
    /// The run has taken longer than its playbook allows: what is started is finished, no more steps are begun.
    Overdue,
    /// A lane or a step could not be worked out for the moment (a directory is away); it is tried again.
    StepDelayed {
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
        lane: LaneId,
        step: StepId,
        /// Why.
        error: ActionError,
    },
    /// People are asked. In a run that only observes nobody is: this is what they would be asked.
    Asked {
        /// What, and what it is about.
        question: Box<Question>,
        /// The conditions that led to it and the values seen; null where there were none.
        trace: Value,
    },
    /// Somebody answered a question.
    Answered {
        /// The question.
        question: QuestionId,
        /// The answer, and who gave it.
        reply: Reply,
    },
    /// Nobody answered a question in time.
    QuestionExpired {
        /// The question.
        question: QuestionId,
    },
    /// The run was stopped before a question was answered.
    QuestionWithdrawn {
        /// The question.
        question: QuestionId,
    },
    /// Something has happened to the messages that carry a question to people.
    Carried {
        /// The question.
        question: QuestionId,
        /// What.
        carriage: Carriage,
    },
    /// The run only observes: this is what would happen to the task. It ends there.
    Planned {
        task: TaskId,
        /// What would happen.
        verdict: Verdict,
    },
    /// The exclusion list was asked, and the task is left alone.
    TaskExcluded {
        task: TaskId,
        /// The list's answer.
        excluded: Excluded,
    },
    /// The run was stopped before the task's call was made.
    TaskDropped { task: TaskId },
    /// Limits leave no room for a task, which has not happened: it waits for people, or is dropped.
    OverLimit {
        task: TaskId,
        /// The limits without room.
        exceeded: Vec<Exceeded>,
        /// Who is asked; nobody where the rule is to stop.
        asking: Option<Box<Asking>>,
    },
    /// The intent: the call is about to be made. On disk before the call.
    Started {
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
        task: TaskId,
        /// Why.
        error: ActionError,
        /// It is read back, or tried again to, at this moment.
        again_at: Timestamp,
    },
    /// The call did what it should.
    Succeeded {
        task: TaskId,
        /// What it led to.
        fulfilled: Fulfilled,
    },
    /// A change that must last was looked at again, and stands; or could not be seen.
    Watched {
        task: TaskId,
        /// It is looked at again at this moment; never, once it has lasted.
        again_at: Option<Timestamp>,
        /// Why it could not be seen.
        error: Option<ActionError>,
    },
    /// A change that must last does not stand any more: it was applied, and is without effect.
    Drifted {
        task: TaskId,
        /// What stands there instead.
        state: State,
        /// What has become of it.
        why: String,
    },
    /// The call did not happen, for a reason that may pass.
    Delayed {
        task: TaskId,
        /// Why.
        error: ActionError,
        /// Not before then.
        again_at: Timestamp,
    },
    /// The call failed for good. Nothing happened.
    Failed {
        task: TaskId,
        /// Why, and after how many attempts.
        failure: CallFailure,
    },
    /// It may or may not have happened, and nothing can tell: a person decides.
    NeedsAttention {
        task: TaskId,
        /// Why.
        why: String,
    },
    /// A person said what happened to a task that needed attention.
    Settled {
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
    /// A person put off the undo timers of changes: they run out at this moment.
    Extended {
        /// The tasks.
        tasks: Vec<TaskId>,
        /// When they run out.
        until: Timestamp,
        /// Who.
        by: String,
    },
    /// The intent of an undo. On disk before the call.
    UndoStarted {
        task: TaskId,
        /// Which attempt this is, from 1.
        attempt: u32,
    },
    /// The change was taken back.
    UndoSucceeded {
        task: TaskId,
        /// Whether there was anything left to take back.
        effect: Effect,
        /// Whether it was read back.
        verification: Verification,
    },
    /// The task no longer holds the state, and nothing had to be called.
    UndoReleased {
        task: TaskId,
        /// Why nothing had to be called.
        because: Release,
    },
    /// The undo did not happen, or it is not known whether it did; it is tried again.
    UndoDelayed {
        task: TaskId,
        /// Why.
        error: ActionError,
        /// Not before then.
        again_at: Timestamp,
    },
    /// The change could not be taken back: a person must look.
    UndoFailed {
        task: TaskId,
        /// Why.
        failure: CallFailure,
    },
    /// A person said what has become of a change that could not be taken back.
    UndoSettled {
        task: TaskId,
        /// Whether it has been taken back, by hand; it stays as it is otherwise.
        undone: bool,
        /// Who said so.
        by: String,
    },
    /// A person stopped the run: what is started is finished, nothing more is begun.
    Cancelled {
        /// Who.
        by: String,
    },
    /// A lane has come to its end, `always` included.
    LaneEnded {
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

impl Entry {
    /// What is kept with this line, and for which detection.
    pub fn kept(&self) -> Option<(String, BTreeMap<String, String>)> {
        match self {
            Self::Kept { of: Some(of), values, .. } => Some((of.clone(), values.clone())),
            _ => None,
        }
    }
}
