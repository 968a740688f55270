//! What the user writes under `connectors.jira`.

use quell_action::Problem;
use quell_kit::{HttpSettings, Login, system_address};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One site, and the project that issues are kept in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraSettings {
    /// The site: `https://corp.atlassian.net`; or `https://api.atlassian.com/ex/jira/<cloud id>` for tokens with scopes.
    pub site: String,
    /// The account that signs in: its mail address with an API token in the place of a password, or a token.
    pub login: Login,
    /// The key of the project: `SEC`.
    pub project: String,
    /// The type of the issues.
    #[serde(default = "default_type")]
    pub issue_type: String,
    /// The status that resolved issues have.
    #[serde(default = "default_resolved")]
    pub resolved_status: String,
    /// How many calls it takes in a minute.
    #[serde(default = "default_rate")]
    pub per_minute: u32,
    /// How to reach it.
    #[serde(default)]
    pub http: HttpSettings,
}

impl JiraSettings {
    /// Everything that is wrong with them.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.http.check("http");
        let mut at = |place: &str, why: &str| {
            problems.push(Problem { place: place.to_owned(), message: why.to_owned() })
        };
        if let Err(why) = system_address(&self.site) {
            at("site", why);
        }
        let first = self.project.starts_with(|first: char| first.is_ascii_uppercase());
        if !first || !self.project.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        {
            at("project", "is no key of a project: SEC");
        }
        if self.issue_type.trim().is_empty() {
            at("issue_type", "is empty");
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
    "Task".to_owned()
}

fn default_resolved() -> String {
    "Done".to_owned()
}

fn default_rate() -> u32 {
    60
}
