//! The site file: one YAML document, one struct for each section.
//!
//! Unknown keys are refused with their place, secrets stand in it by reference only, and paths in it are relative to
//! the folder it is in. Reading it opens no connection and reads no secret.

mod engine;
mod limits;
mod lists;
mod pages;
mod people;
mod place;
mod read;
pub(crate) mod secret;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use quell_alert::Provider;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

pub(crate) use engine::{ApiSettings, EngineSettings, LogFormat, Logs, StoreSettings, Telemetry};
pub(crate) use limits::LimitSettings;
pub(crate) use lists::ListSettings;
pub(crate) use pages::PageSettings;
pub(crate) use people::PersonSettings;
pub(crate) use read::{Mistakes, Site, in_one_line, one_mistake, open, read, read_if_there};
pub(crate) use source::{DeadLetterSettings, SourceSettings};

/// Everything that a site says about how its engine runs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The version of this file's grammar: 1.
    pub(crate) language: u32,
    /// The folder in which the engine keeps its store and its token. Only its owner may read it.
    #[serde(default = "default_state")]
    pub(crate) state: PathBuf,
    /// The folder of the playbooks.
    #[serde(default = "default_playbooks")]
    pub(crate) playbooks: PathBuf,
    /// The site's exclusion file: who must not be touched.
    #[serde(default = "default_exclusions")]
    pub(crate) exclusions: PathBuf,
    /// Where alerts come from.
    #[serde(default)]
    pub(crate) source: SourceSettings,
    /// Where records go that cannot be read.
    #[serde(default)]
    pub(crate) dead_letters: DeadLetterSettings,
    /// The outside systems, by a name of your choice; `kind` says which connector, and may be left out where the name
    /// says it already.
    #[serde(default)]
    pub(crate) connectors: BTreeMap<String, Value>,
    /// Where two connectors offer the same action for the same provider: the connector that acts, by the provider's name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(crate) prefer: BTreeMap<Provider, String>,
    /// The teams that playbooks ask, and who is in them, by the name under which they sign in to this machine, or
    /// that of their token (`api.people`). Where none are listed, whoever may use the engine's interface can answer.
    #[serde(default)]
    pub(crate) teams: Teams,
    /// The pages that links in messages lead to: answers to questions, and runs.
    #[serde(default)]
    pub(crate) pages: Option<PageSettings>,
    /// How many identities and devices may be touched before a person is asked.
    #[serde(default)]
    pub(crate) limits: LimitSettings,
    /// The named lists that playbooks read and write, by their names.
    #[serde(default)]
    pub(crate) lists: BTreeMap<String, Option<ListSettings>>,
    /// How the engine decides and acts.
    #[serde(default)]
    pub(crate) engine: EngineSettings,
    /// The store.
    #[serde(default)]
    pub(crate) store: StoreSettings,
    /// The HTTP interface for programs, metrics and health.
    #[serde(default)]
    pub(crate) api: ApiSettings,
    /// What the engine says of itself.
    #[serde(default)]
    pub(crate) logs: Logs,
    /// Traces for an OpenTelemetry collector.
    #[serde(default)]
    pub(crate) telemetry: Telemetry,
}

/// The teams of a site, and who is in them.
pub(crate) type Teams = BTreeMap<String, Vec<String>>;

fn default_state() -> PathBuf {
    "state".into()
}
fn default_playbooks() -> PathBuf {
    "playbooks".into()
}
fn default_exclusions() -> PathBuf {
    "exclusions.yaml".into()
}
