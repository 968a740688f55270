//! `/api/v1/pause`: the global stop.

use axum::Json;
use axum::extract::State;
use quell_alert::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::request::{Order, OrderInQuery};
use crate::router::Doors;
use crate::runs::By;

/// Who pauses the engine, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseOrder {
    /// Who.
    pub by: String,
    /// Why.
    pub because: String,
}

/// How the engine is, or was, paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseNote {
    /// By whom.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub because: String,
}

pub(crate) async fn pause(
    State(doors): State<Doors>,
    Order(order): Order<PauseOrder>,
) -> Result<Json<PauseNote>, Refusal> {
    doors.operations.pause(&order).await.map(Json)
}

pub(crate) async fn resume(
    State(doors): State<Doors>,
    OrderInQuery(By { by }): OrderInQuery<By>,
) -> Result<Json<Option<PauseNote>>, Refusal> {
    doors.operations.resume(&by).await.map(Json)
}
