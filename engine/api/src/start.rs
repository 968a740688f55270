//! `/api/v1/start`: a playbook is started by hand.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::request::Order;
use crate::router::Doors;
use crate::{Refusal, RunRecord};

/// Which playbook is to be started, and with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartOrder {
    /// The playbook.
    pub playbook: String,
    /// Its inputs, by name: values, or names of accounts, devices and so on.
    #[serde(default)]
    pub inputs: BTreeMap<String, Value>,
    /// Who starts it.
    pub by: String,
    /// Chosen by whoever asks: the same ticket is the same start, so that asking again starts nothing twice.
    pub ticket: String,
    /// Only say what would be done, to whom, and who would be left alone.
    #[serde(default)]
    pub dry: bool,
}

/// What a start came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// Whether nothing was touched.
    pub dry: bool,
    /// The run as it stands by now, and, of a dry one, the runs that it would call.
    pub runs: Vec<RunRecord>,
}

pub(crate) async fn start(
    State(doors): State<Doors>,
    Order(order): Order<StartOrder>,
) -> Result<Json<Started>, Refusal> {
    doors.operations.start(&order).await.map(Json)
}
