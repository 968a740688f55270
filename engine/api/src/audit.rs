//! `/api/v1/audit`: the chain of everything that was decided and done.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Refusal;
use crate::request::Query;
use crate::router::Doors;

/// What following the chain came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerdict {
    /// How many records were followed.
    pub records: u64,
    /// The first record that is kept.
    pub first: Option<u64>,
    /// Where the chain ends, `NUMBER:HASH`: keep this elsewhere.
    pub anchor: Option<String>,
    /// The first place where something is wrong: the record's number, and what.
    pub broken: Option<(u64, String)>,
}

/// Which records are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditPage {
    /// From this number on.
    pub from: u64,
    /// At most so many.
    pub most: usize,
}

/// What a chain is held against.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Against {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) anchor: Option<String>,
}

pub(crate) async fn verify(
    State(doors): State<Doors>,
    Query(Against { anchor }): Query<Against>,
) -> Result<Json<AuditVerdict>, Refusal> {
    doors.operations.audit_verify(anchor.as_deref()).await.map(Json)
}

pub(crate) async fn export(
    State(doors): State<Doors>,
    Query(page): Query<AuditPage>,
) -> Result<Json<Vec<Value>>, Refusal> {
    doors.operations.audit_export(&page).await.map(Json)
}
