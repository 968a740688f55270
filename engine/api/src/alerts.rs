//! `/api/v1/alerts`: records that an operator sends in to be decided, as the source's are.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use quell_run::RunId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Refusal;
use crate::request::OrderInQuery;
use crate::router::Doors;

/// A delivery that is to be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Who sends it in.
    pub by: String,
    /// Where it was read at first: what the dead letter says of it.
    pub origin: Option<Value>,
    /// The bytes, untouched.
    pub bytes: Vec<u8>,
}

/// What became of one record of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Submitted {
    /// An alert that was decided now.
    Decided {
        /// The alert's id.
        alert: String,
        /// What it is called.
        title: String,
        /// The runs that it started.
        runs: Vec<RunId>,
    },
    /// An alert that had been decided before.
    Repeated {
        /// The alert's id.
        alert: String,
        /// What it is called.
        title: String,
    },
    /// A record of a kind that carries no alert.
    Passed {
        /// What it is.
        what: String,
    },
    /// A record that cannot be read.
    Refused {
        /// Why.
        reason: String,
        /// The place in the bytes.
        place: String,
    },
}

/// What stands beside the bytes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beside {
    pub(crate) by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
}

pub(crate) async fn submit(
    State(doors): State<Doors>,
    OrderInQuery(Beside { by, origin }): OrderInQuery<Beside>,
    bytes: Bytes,
) -> Result<Json<Vec<Submitted>>, Refusal> {
    let origin = origin
        .map(|origin| serde_json::from_str(&origin))
        .transpose()
        .map_err(|error| Refusal::invalid(format!("origin is not JSON: {error}")))?;
    let submission = Submission { by, origin, bytes: bytes.into() };
    doors.operations.submit(&submission).await.map(Json)
}
