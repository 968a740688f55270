//! `/api/v1/runs` and `/api/v1/undo`.

use axum::Json;
use axum::extract::State;
use quell_run::{RunFilter, RunSummary};
use serde::{Deserialize, Serialize};

use crate::request::{Body, Query, Segment};
use crate::router::Doors;
use crate::{Refusal, RunRecord, UndoMany, UndoOrder, Undone};

/// Who wants something done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct By {
    pub(crate) by: String,
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
    Body(By { by }): Body<By>,
) -> Result<Json<RunSummary>, Refusal> {
    doors.operations.cancel(&run, &by).await.map(Json)
}

pub(crate) async fn undo(
    State(doors): State<Doors>,
    Body(order): Body<UndoOrder>,
) -> Result<Json<Undone>, Refusal> {
    doors.operations.undo(&order).await.map(Json)
}

pub(crate) async fn undo_many(
    State(doors): State<Doors>,
    Body(order): Body<UndoMany>,
) -> Result<Json<Vec<Undone>>, Refusal> {
    doors.operations.undo_many(&order).await.map(Json)
}
