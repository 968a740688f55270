//! What the user writes under `connectors:`.

use quell_action::Problem;
use quell_kit::{HttpSettings, SecretRef, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to reach the badge office. Doc comments become the reference, so they are for users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where its interface is: https://badges.example
    pub url: String,
    /// Where the token lies that it has given out.
    pub token: SecretRef,
    /// How to reach it.
    #[serde(default)]
    pub http: HttpSettings,
}

impl Settings {
    /// Everything that is wrong, not only the first.
    pub(crate) fn check(&self) -> Vec<Problem> {
        let mut problems = self.http.check("http");
        if Url::parse(&self.url).is_err() {
            problems.push(Problem { place: "url".into(), message: "is not a URL: https://host".into() });
        }
        problems
    }
}
