//! What the user writes under `connectors.servicenow`.

use quell_action::Problem;
use quell_kit::{HttpSettings, Login, system_address};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One instance, and the table that incidents are kept in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceNowSettings {
    /// The instance: `https://corp.service-now.com`.
    pub instance: String,
    /// The account that signs in.
    pub login: Login,
    /// The table that incidents are kept in: `incident`, or `sn_si_incident` for those of Security Incident Response.
    #[serde(default = "default_table")]
    pub table: String,
    /// The state that resolved incidents have in that table.
    #[serde(default = "default_resolved")]
    pub resolved_state: String,
    /// The states in which nothing is left to resolve: closed, cancelled.
    #[serde(default = "default_ended")]
    pub ended_states: Vec<String>,
    /// How many calls it takes in a minute.
    #[serde(default = "default_rate")]
    pub per_minute: u32,
    /// How to reach it.
    #[serde(default)]
    pub http: HttpSettings,
}

impl ServiceNowSettings {
    /// Everything that is wrong with them.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.http.check("http");
        let mut at = |place: &str, why: &str| {
            problems.push(Problem { place: place.to_owned(), message: why.to_owned() })
        };
        match system_address(&self.instance) {
            Err(why) => at("instance", why),
            Ok(url) if url.path() != "/" => at("instance", "takes the instance alone, without a path"),
            Ok(_) => {}
        }
        if self.table.is_empty() || !self.table.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            at("table", "is no name of a table: incident");
        }
        if !(1..=6000).contains(&self.per_minute) {
            at("per_minute", "must be between 1 and 6000");
        }
        problems
    }
}

fn default_table() -> String {
    "incident".to_owned()
}

fn default_resolved() -> String {
    "6".to_owned()
}

fn default_ended() -> Vec<String> {
    vec!["7".to_owned(), "8".to_owned()]
}

fn default_rate() -> u32 {
    60
}
