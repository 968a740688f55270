//! `/api/v1/undo/confirm` and `/api/v1/undo/extend`: the timers that take changes back by themselves.

use axum::Json;
use axum::extract::State;
use quell_alert::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::request::Order;
use crate::router::Doors;

/// Changes that are to stay: their undo timers are stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmOrder {
    /// The run, by its id or the beginning of it.
    pub run: String,
    /// One task of it (`0/cut_off/1`). When left out all whose timers run, in the runs that it called too.
    #[serde(default)]
    pub task: Option<String>,
    /// Who confirms.
    pub by: String,
}

/// Undo timers that are to run longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtendOrder {
    /// The run, by its id or the beginning of it.
    pub run: String,
    /// One task of it (`0/cut_off/1`). When left out all whose timers run, in the runs that it called too.
    #[serde(default)]
    pub task: Option<String>,
    /// When they are to run out. A moment and no duration: an order that is given twice says the same.
    pub until: Timestamp,
    /// Who puts them off.
    pub by: String,
}

/// The undo timers that an order was about, as they are now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timers {
    /// The run that it named.
    pub run: String,
    /// Task by task: its own, and those of the runs that it called.
    pub tasks: Vec<Timer>,
}

/// The undo timer of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Of which run.
    pub run: String,
    /// Which task of it.
    pub task: String,
    /// What it had done, and to whom.
    pub what: String,
    /// When it is taken back by itself; nothing where it stays.
    pub due: Option<Timestamp>,
}

pub(crate) async fn confirm(
    State(doors): State<Doors>,
    Order(order): Order<ConfirmOrder>,
) -> Result<Json<Timers>, Refusal> {
    doors.operations.confirm(&order).await.map(Json)
}

pub(crate) async fn extend(
    State(doors): State<Doors>,
    Order(order): Order<ExtendOrder>,
) -> Result<Json<Timers>, Refusal> {
    doors.operations.extend(&order).await.map(Json)
}
