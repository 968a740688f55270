//! `/api/v1/limits`: what the limits on identities and devices have let through.

use axum::Json;
use axum::extract::State;
use quell_alert::Timestamp;
use quell_run::{Limit, RunId};
use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::router::Doors;

/// What the limits have let through, at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsReport {
    /// The moment.
    pub at: Timestamp,
    /// Limit by limit: the site's first.
    pub limits: Vec<LimitUse>,
}

/// One limit, and who counts against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitUse {
    /// The limit.
    #[serde(flatten)]
    pub limit: Limit,
    /// The playbook whose limit it is.
    pub playbook: Option<String>,
    /// How many count against it; left out for a limit on one run, which begins anew with each.
    pub used: Option<u32>,
    /// When there is room again, where there is none now and none is taken until then.
    pub frees_at: Option<Timestamp>,
    /// Those who count, in the order in which they leave.
    pub counted: Vec<Counting>,
}

/// Somebody or something that counts against a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counting {
    /// What people call it.
    pub who: String,
    /// The run that touched it last.
    pub run: RunId,
    /// The playbook of that run.
    pub playbook: String,
    /// When it was touched last.
    pub at: Timestamp,
    /// When it counts no more.
    pub leaves_at: Option<Timestamp>,
}

pub(crate) async fn limits(State(doors): State<Doors>) -> Result<Json<LimitsReport>, Refusal> {
    doors.operations.limits().await.map(Json)
}
