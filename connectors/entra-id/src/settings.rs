//! [`Settings`]: what the user writes under `connectors.entra-id`.

use std::collections::BTreeMap;

use quell_action::Problem;
use quell_alert::Identifier;
use quell_kit::HttpSettings;
use quell_kit::microsoft::{Cloud, SignIn};
use quell_kit::oauth::ClientCredential;
use schemars::JsonSchema;
use serde::Deserialize;

/// How to reach one Entra ID tenant.
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
    /// The DNS name of each on-premises domain by its short name, `CORP: corp.example.com`: without it an account named
    /// `CORP\alice` is not looked for here, because Entra ID does not know short names.
    #[serde(default)]
    pub domains: BTreeMap<String, String>,
    /// Whether roles that a user may activate but has not (Privileged Identity Management) count as privilege. They do
    /// unless this is false; it needs the right RoleEligibilitySchedule.Read.Directory.
    #[serde(default = "yes")]
    pub eligible_roles: bool,
    /// How many calls a second this connector makes at most.
    #[serde(default = "twenty")]
    pub calls_per_second: u32,
    /// How many calls a minute it makes at most to the interface for users at risk, which takes 60 from the whole
    /// tenant. Lower it where other programs use that interface too.
    #[serde(default = "sixty")]
    pub risk_calls_per_minute: u32,
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
        for (short, dns) in &self.domains {
            let fits = Identifier::sam(short, "x").is_ok() && Identifier::sam(dns, "x").is_ok();
            if !fits || !dns.contains('.') || short.contains('.') {
                problems.push(Problem {
                    place: format!("domains.{short}"),
                    message: "takes a short name and a DNS name: `CORP: corp.example.com`".into(),
                });
            }
        }
        for (place, value, most) in [
            ("calls_per_second", self.calls_per_second, 200),
            ("risk_calls_per_minute", self.risk_calls_per_minute, 6000),
        ] {
            if !(1..=most).contains(&value) {
                let message = format!("{value} does not fit; choose from 1 to {most}");
                problems.push(Problem { place: place.into(), message });
            }
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

fn yes() -> bool {
    true
}

fn twenty() -> u32 {
    20
}

fn sixty() -> u32 {
    60
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn places(changes: Value) -> Vec<String> {
        let mut all = json!({
            "tenant": "73d664e4-0886-4a73-b745-c694da45ddb4",
            "application": "00000000-0000-0000-0000-0000000000d2",
            "credential": { "secret": { "env": "QUELL_ENTRA_SECRET" } },
        });
        for (key, value) in changes.as_object().unwrap() {
            all[key] = value.clone();
        }
        let settings: Settings = serde_json::from_value(all).unwrap();
        settings.problems().into_iter().map(|problem| problem.place).collect()
    }

    #[test]
    fn good_settings_have_no_problems() {
        for changes in [
            json!({}),
            json!({ "cloud": "gcc_high", "domains": { "CORP": "corp.example.com" } }),
            json!({ "application": null, "credential": { "managed_identity": {} } }),
            json!({ "credential": { "workload_identity": { "token_file": "/var/run/token" } } }),
            json!({ "graph_url": "http://127.0.0.1:4010/" }),
        ] {
            assert_eq!(places(changes.clone()), [] as [&str; 0], "{changes}");
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let wrong = json!({
            "tenant": "contoso", "application": "x", "graph_url": "http://graph.example",
            "domains": { "CORP": "corp", "a\\b": "corp.example.com" }, "calls_per_second": 0, "risk_calls_per_minute": 9999,
            "http": { "timeout_secs": 0 },
        });
        assert_eq!(
            places(wrong),
            [
                "tenant",
                "application",
                "graph_url",
                "domains.CORP",
                "domains.a\\b",
                "calls_per_second",
                "risk_calls_per_minute",
                "http.timeout_secs"
            ]
        );
    }
}
