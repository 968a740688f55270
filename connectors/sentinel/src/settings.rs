//! [`Settings`]: what the user writes under `connectors.sentinel`.

use quell_action::Problem;
use quell_alert::parse_guid;
use quell_kit::HttpSettings;
use quell_kit::microsoft::{Cloud, SignIn};
use quell_kit::oauth::ClientCredential;
use schemars::JsonSchema;
use serde::Deserialize;

/// How to reach Sentinel in one workspace.
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
    /// In which of Microsoft's clouds the tenant is.
    #[serde(default)]
    pub cloud: Cloud,
    /// The id of the subscription that the workspace is in, a GUID.
    pub subscription: String,
    /// The resource group that the workspace is in.
    pub resource_group: String,
    /// The Log Analytics workspace, by its name.
    pub workspace: String,
    /// The incident of an alert is searched among those that were changed within so many hours.
    #[serde(default = "day")]
    pub search_hours: u32,
    /// The incident of an alert is searched among so many, the newest first.
    #[serde(default = "two_hundred")]
    pub search_incidents: u32,
    /// How many calls a minute this connector makes at most.
    #[serde(default = "three_hundred")]
    pub calls_per_minute: u32,
    /// Another place to sign in than that of the cloud, for private clouds and tests.
    #[serde(default)]
    pub login_url: Option<String>,
    /// Another Azure Resource Manager than that of the cloud, for private clouds and tests.
    #[serde(default)]
    pub arm_url: Option<String>,
    /// How to connect.
    #[serde(default)]
    pub http: HttpSettings,
}

impl Settings {
    /// Everything that is wrong with them, without looking at anything else.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.sign_in().check();
        problems.extend(SignIn::check_address("arm_url", self.arm_url.as_deref()));
        let mut problem = |place: &str, message: &str| {
            problems.push(Problem { place: place.into(), message: message.into() });
        };
        if parse_guid(&self.subscription).is_none() {
            problem("subscription", "takes the subscription's id, a GUID");
        }
        if !is_group(&self.resource_group) {
            problem("resource_group", "takes the name of a resource group: letters, digits and -_.()");
        }
        if !is_workspace(&self.workspace) {
            problem("workspace", "takes the name of a workspace (not its id): letters, digits and -");
        }
        if !(1..=720).contains(&self.search_hours) {
            problem("search_hours", "choose from 1 to 720");
        }
        if !(1..=1000).contains(&self.search_incidents) {
            problem("search_incidents", "choose from 1 to 1000");
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

    /// Where the interface is, without a slash at the end.
    pub(crate) fn arm(&self) -> &str {
        self.arm_url.as_deref().unwrap_or(self.cloud.resource_manager()).trim_end_matches('/')
    }
}

/// Dots alone would climb up in the path.
fn is_group(name: &str) -> bool {
    let fits = |letter: char| letter.is_alphanumeric() || "-_.()".contains(letter);
    (1..=90).contains(&name.chars().count()) && name.chars().all(fits) && !name.ends_with('.')
}

fn is_workspace(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (4..=63).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('-') && !name.ends_with('-')
}

fn day() -> u32 {
    24
}

fn two_hundred() -> u32 {
    200
}

fn three_hundred() -> u32 {
    300
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn places(changes: Value) -> Vec<String> {
        let id = "73d664e4-0886-4a73-b745-c694da45ddb4";
        let mut all = json!({
            "tenant": id, "application": id, "credential": { "secret": { "env": "X" } },
            "subscription": id, "resource_group": "rg-soc_(eu).1", "workspace": "soc-eu",
        });
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
            "arm_url": "http://arm.example", "subscription": "soc", "resource_group": "..", "workspace": "a/b",
            "search_hours": 0, "search_incidents": 1001, "calls_per_minute": 0,
        });
        assert_eq!(
            places(wrong),
            [
                "arm_url",
                "subscription",
                "resource_group",
                "workspace",
                "search_hours",
                "search_incidents",
                "calls_per_minute"
            ]
        );
    }
}
