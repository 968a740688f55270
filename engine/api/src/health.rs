//! `/healthz` and `/readyz`: whether the engine is alive, and whether it does its work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::router::Doors;

/// How the engine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The program's version.
    pub version: String,
    /// Whether every part does its work.
    pub ready: bool,
    /// Its parts.
    pub parts: Vec<Part>,
}

/// One part of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// `store`, `source`, `playbooks`, `runs`.
    pub name: String,
    /// Whether it does its work.
    pub well: bool,
    /// What there is to say of it: a count, or what is wrong and what to do.
    pub note: String,
}

/// The process answers: it is alive.
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// Whether every part does its work, part by part. Open to everybody who can connect, so it names no person.
pub(crate) async fn ready(State(doors): State<Doors>) -> (StatusCode, Json<Health>) {
    let health = doors.operations.health().await;
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}
