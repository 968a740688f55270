//! `/api/v1/runs` and `/api/v1/undo`.

use axum::Json;
use axum::extract::State;
use quell_alert::Timestamp;
use quell_run::{RunFilter, RunSummary};
use serde::{Deserialize, Serialize};

use crate::request::{Order, Query, Segment};
use crate::router::Doors;
use crate::{Refusal, RunRecord, UndoMany, UndoOrder, Undone};

/// Who wants something done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct By {
    pub(crate) by: String,
}

/// What became of one task of a run: one action, on one account or device, or on nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRecord {
    /// Its name, as `quell undo` wants it.
    pub task: String,
    /// The action: `account.disable`.
    pub action: String,
    /// What it is about, as people call it.
    pub of: String,
    /// Its target's key; `-` for a message or a ticket.
    pub target: String,
    /// Where.
    pub provider: String,
    /// What became of it, in a word.
    pub result: TaskResult,
    /// Why, where the word leaves that open.
    pub why: Option<String>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// When it is undone by itself.
    pub undo_due: Option<Timestamp>,
}

/// What became of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskResult {
    /// It waits for its turn.
    NotBegun,
    /// It waits for something that may pass: a directory, a limit, a system out of reach.
    Waits,
    /// Its call is under way, or may be.
    UnderWay,
    /// Done, and read back where that can be.
    Done,
    /// Accepted by a system that cannot be asked, or is still at it.
    Accepted,
    /// It was so before, and nothing was changed.
    AlreadySo,
    /// It was written, and has no effect, or has lost it.
    WithoutEffect,
    /// Not done, for good.
    Failed,
    /// The exclusion list, or that too little was known.
    LeftAlone,
    /// Not begun: the run was stopped, or nobody agreed.
    Dropped,
    /// A person must say whether it happened.
    NeedsAttention,
    /// It would be done: the run only observes.
    WouldBeDone,
    /// It would be left alone.
    WouldBeLeftAlone,
    /// What would happen cannot be told.
    CannotTell,
    /// It is being taken back.
    Undoing,
    /// It was taken back.
    Undone,
    /// This run needs it no more; others do, or it was so before.
    Released,
    /// It could not be taken back.
    NotUndone,
}

pub(crate) async fn list(
    State(doors): State<Doors>,
    Query(filter): Query<RunFilter>,
) -> Result<Json<Vec<RunSummary>>, Refusal> {
    doors.operations.runs(&filter).await.map(Json)
}

pub(crate) async fn show(
    State(doors): State<Doors>,
    Segment(run): Segment<String>,
) -> Result<Json<RunRecord>, Refusal> {
    doors.operations.run(&run).await.map(Json)
}

pub(crate) async fn cancel(
    State(doors): State<Doors>,
    Segment(run): Segment<String>,
    Order(By { by }): Order<By>,
) -> Result<Json<RunSummary>, Refusal> {
    doors.operations.cancel(&run, &by).await.map(Json)
}

pub(crate) async fn undo(
    State(doors): State<Doors>,
    Order(order): Order<UndoOrder>,
) -> Result<Json<Undone>, Refusal> {
    doors.operations.undo(&order).await.map(Json)
}

pub(crate) async fn undo_many(
    State(doors): State<Doors>,
    Order(order): Order<UndoMany>,
) -> Result<Json<Vec<Undone>>, Refusal> {
    doors.operations.undo_many(&order).await.map(Json)
}
