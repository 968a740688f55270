//! The sections about the engine itself: deciding, storing, listening, logging.

use std::net::SocketAddr;

use quell_store::EngineKind;
use schemars::JsonSchema;
use serde::Deserialize;

use super::PersonSettings;

/// How the engine decides and acts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EngineSettings {
    /// How old, in seconds, what a directory said of a target may be when the target is acted on.
    pub(crate) facts_max_age_secs: u32,
    /// Whether an account found in one directory may be looked up in another one by the same user principal name.
    /// Off, only ids that tie accounts together for certain are followed.
    pub(crate) link_by_upn: bool,
    /// How long, in seconds, what the directories said of somebody may be used again to find out what a step is about; 0
    /// asks anew for each step. Before each disruptive call they are asked anew in any case.
    pub(crate) remember_secs: u32,
    /// How many calls and looks may be under way at once, over all runs.
    pub(crate) calls_at_once: usize,
    /// How long, in seconds, what is started may take to finish after the first signal to stop.
    pub(crate) shutdown_secs: u32,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            facts_max_age_secs: 60,
            link_by_upn: false,
            remember_secs: 10,
            calls_at_once: 64,
            shutdown_secs: 30,
        }
    }
}

/// The store.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreSettings {
    /// The engine under it: `sled` or `redb`. Fixed for the life of a store.
    #[schemars(with = "String")]
    pub(crate) engine: EngineKind,
    /// What may be forgotten.
    pub(crate) retention: Retention,
}

/// What may be forgotten. Runs that are not finished are always kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Retention {
    /// How many days alerts and finished runs are kept.
    pub(crate) days: u32,
    /// How many finished runs are kept at most; the oldest go first. Left out: as many as there are.
    pub(crate) runs: Option<u64>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { days: 400, runs: None }
    }
}

/// The HTTP interface for programs, metrics and health.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ApiSettings {
    /// Where it listens. Port 0 takes any free one; the state folder then says which.
    #[schemars(with = "String")]
    pub(crate) listen: SocketAddr,
    /// Who has a token of their own, for the interface and for commands. Where anybody is listed, questions are answered
    /// with such a token or by a link, and not with the engine's own.
    pub(crate) people: Vec<PersonSettings>,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 7878)), people: Vec::new() }
    }
}

/// What the engine says of itself, on standard error.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Logs {
    /// What is said: `error`, `warn`, `info` (when left out), `debug`, or a filter such as `info,quell_run=debug`.
    pub(crate) level: Option<String>,
    /// `text` or `json`; when left out, text on a terminal and JSON otherwise.
    pub(crate) format: Option<LogFormat>,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Traces for an OpenTelemetry collector.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Telemetry {
    /// The collector's OTLP/HTTP address for traces, such as `http://127.0.0.1:4318/v1/traces`. Nothing is exported
    /// when it is left out.
    pub(crate) otlp_endpoint: Option<String>,
}
