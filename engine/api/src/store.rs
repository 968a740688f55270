//! `/api/v1/store`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::request::Body;
use crate::router::Doors;
use crate::{BackedUp, Backup, Prune, Pruned, Refusal, Verified};

pub(crate) async fn stats(State(doors): State<Doors>) -> Result<Json<Value>, Refusal> {
    doors.operations.store_stats().await.map(Json)
}

pub(crate) async fn prune(
    State(doors): State<Doors>,
    Body(order): Body<Prune>,
) -> Result<Json<Pruned>, Refusal> {
    doors.operations.prune(&order).await.map(Json)
}

pub(crate) async fn verify(State(doors): State<Doors>) -> Result<Json<Verified>, Refusal> {
    doors.operations.verify().await.map(Json)
}

pub(crate) async fn backup(
    State(doors): State<Doors>,
    Body(order): Body<Backup>,
) -> Result<Json<BackedUp>, Refusal> {
    doors.operations.backup(&order).await.map(Json)
}
