//! [`Settings`]: what the user writes under `connectors.defender-xdr`.

use quell_action::Problem;
use quell_kit::HttpSettings;
use quell_kit::microsoft::{Cloud, SignIn};
use quell_kit::oauth::ClientCredential;
use schemars::JsonSchema;
use serde::Deserialize;

/// How to reach Defender XDR of one tenant.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The tenant's id, a GUID.
    pub tenant: String,
    /// The id of the application that signs in, a GUID. Leave it out for a managed identity.
    #[serde(default)]
    pub application: Option<String>,
    /// What it signs in with: `secret`, `certificate`, `workload_identity` or `managed_identity`.
    pub credential: ClientCredential,
    /// In which of Microsoft's clouds the tenant is; not offered in `china`.
    #[serde(default)]
    pub cloud: Cloud,
    /// How many calls a minute this connector makes at most, and thirty times as many an hour.
    #[serde(default = "fifty")]
    pub calls_per_minute: u32,
    /// Another place to sign in than that of the cloud, for private clouds and tests.
    #[serde(default)]
    pub login_url: Option<String>,
    /// Another Microsoft Graph than that of the cloud, for private clouds and tests.
    #[serde(default)]
    pub graph_url: Option<String>,
    /// How to connect.
    #[serde(default)]
    pub http: HttpSettings,
}

impl Settings {
    /// Everything that is wrong with them, without looking at anything else.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.sign_in().check();
        problems.extend(SignIn::check_address("graph_url", self.graph_url.as_deref()));
        let mut problem = |place: &str, message: &str| {
            problems.push(Problem { place: place.into(), message: message.into() });
        };
        if !self.cloud.has_incidents() {
            problem("cloud", "Defender XDR is not offered there");
        }
        if !(1..=6000).contains(&self.calls_per_minute) {
            problem("calls_per_minute", "choose from 1 to 6000");
        }
        problems.extend(self.http.check("http"));
        problems
    }

    pub(crate) fn sign_in(&self) -> SignIn<'_> {
        SignIn {
            tenant: &self.tenant,
            application: self.application.as_deref(),
            credential: &self.credential,
            cloud: self.cloud,
            login_url: self.login_url.as_deref(),
        }
    }

    /// Where Microsoft Graph is, without a slash at the end.
    pub(crate) fn graph(&self) -> &str {
        self.graph_url.as_deref().unwrap_or(self.cloud.graph()).trim_end_matches('/')
    }
}

fn fifty() -> u32 {
    50
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn places(changes: Value) -> Vec<String> {
        let id = "73d664e4-0886-4a73-b745-c694da45ddb4";
        let mut all = json!({ "tenant": id, "application": id, "credential": { "secret": { "env": "X" } } });
        for (key, value) in changes.as_object().unwrap() {
            all[key] = value.clone();
        }
        let settings: Settings = serde_json::from_value(all).unwrap();
        settings.problems().into_iter().map(|problem| problem.place).collect()
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        assert_eq!(places(json!({})), [] as [&str; 0]);
        let wrong = json!({
            "cloud": "china", "graph_url": "http://graph.example", "calls_per_minute": 0,
            "http": { "connect_timeout_secs": 0 },
        });
        assert_eq!(places(wrong), ["graph_url", "cloud", "calls_per_minute", "http.connect_timeout_secs"]);
    }
}
