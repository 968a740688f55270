//! What the user writes under `connectors.thehive`.

use quell_action::Problem;
use quell_kit::{HttpSettings, SecretRef, system_address};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TheHiveSettings {
    /// Where it is: `https://thehive.corp.example`.
    pub url: String,
    /// Where the API key lies.
    pub key: SecretRef,
    /// The organisation, where the key's user is in several.
    #[serde(default)]
    pub organisation: Option<String>,
    /// The type of the alerts: 32 characters at most.
    #[serde(default = "default_type")]
    pub alert_type: String,
    /// The source of the alerts: 32 characters at most.
    #[serde(default = "default_source")]
    pub source: String,
    /// The status that resolved alerts have, in the installation's own words.
    #[serde(default = "default_resolved")]
    pub resolved_status: String,
    /// How many calls it takes in a minute.
    #[serde(default = "default_rate")]
    pub per_minute: u32,
    /// How to reach it.
    #[serde(default)]
    pub http: HttpSettings,
}

impl TheHiveSettings {
    /// Everything that is wrong with them.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.http.check("http");
        let mut at = |place: &str, why: &str| {
            problems.push(Problem { place: place.to_owned(), message: why.to_owned() })
        };
        if let Err(why) = system_address(&self.url) {
            at("url", why);
        }
        for (place, text) in [("alert_type", &self.alert_type), ("source", &self.source)] {
            if text.trim().is_empty() || text.chars().count() > 32 {
                at(place, "must have 1 to 32 characters");
            }
        }
        if self.resolved_status.trim().is_empty() {
            at("resolved_status", "is empty");
        }
        if !(1..=6000).contains(&self.per_minute) {
            at("per_minute", "must be between 1 and 6000");
        }
        problems
    }
}

fn default_type() -> String {
    "security-alert".to_owned()
}

fn default_source() -> String {
    "Quell".to_owned()
}

fn default_resolved() -> String {
    "TruePositive".to_owned()
}

fn default_rate() -> u32 {
    240
}
