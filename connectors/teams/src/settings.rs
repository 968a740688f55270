//! What the user writes under `connectors.teams`.

use std::collections::BTreeMap;

use quell_action::Problem;
use quell_kit::{HttpSettings, SecretRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The channels that playbooks may write to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamsSettings {
    /// The channels: the name that playbooks use, and where the address of the workflow lies that posts there. The
    /// address is a secret.
    pub channels: BTreeMap<String, SecretRef>,
    /// The channel that gets the questions that are asked through this connection; the only one, where there is one.
    /// Whoever reads it can answer in the name of the connection, where that is listed in a team.
    #[serde(default)]
    pub questions: Option<String>,
    /// How to reach them.
    #[serde(default)]
    pub http: HttpSettings,
}

impl TeamsSettings {
    /// Everything that is wrong with them.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.http.check("http");
        if self.channels.is_empty() {
            let message = "is empty: name at least one channel".to_owned();
            problems.push(Problem { place: "channels".to_owned(), message });
        }
        if self.questions.as_ref().is_some_and(|name| !self.channels.contains_key(name)) {
            let message = "names none of the channels under `channels`".to_owned();
            problems.push(Problem { place: "questions".to_owned(), message });
        }
        problems
    }
}
