//! `/api/v1/store`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::router::Doors;
use crate::{Prune, Pruned, Refusal};

pub(crate) async fn stats(State(doors): State<Doors>) -> Result<Json<Value>, Refusal> {
    doors.operations.store_stats().await.map(Json)
}

pub(crate) async fn prune(
    State(doors): State<Doors>,
    Json(order): Json<Prune>,
) -> Result<Json<Pruned>, Refusal> {
    doors.operations.prune(&order).await.map(Json)
}
