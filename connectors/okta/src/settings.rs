//! [`OktaSettings`]: what the user writes under `connectors.okta`.

use std::net::IpAddr;

use quell_action::Problem;
use quell_kit::{HttpSettings, SecretRef, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::application::OktaApplication;

/// One Okta organisation, and the credential for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OktaSettings {
    /// Where the organisation is: `https://corp.okta.com`, or its own domain. Not the administrators' console
    /// (`corp-admin.okta.com`).
    pub organisation: String,
    /// The name under which its users stand in records and keys; the host of `organisation`, where this is left out.
    /// Keep the old one when the organisation moves to a domain of its own.
    #[serde(default)]
    pub realm: Option<String>,
    /// The application as which to sign in. Either this, or `token`.
    #[serde(default)]
    pub application: Option<OktaApplication>,
    /// Where the API token of a user lies. Either this, or `application`.
    #[serde(default)]
    pub token: Option<SecretRef>,
    /// The ids of the Active Directory integrations (`0oa…`). With them, users that come from Active Directory are
    /// tied to their accounts there.
    #[serde(default)]
    pub active_directory_apps: Vec<String>,
    /// Whether Okta mails people the link by which they activate themselves or set a new password. Without it, they
    /// turn to the help desk: a mailbox may be in the wrong hands.
    #[serde(default)]
    pub mail_links: bool,
    /// How many calls may be made in a minute. Okta gives one credential half of each of its limits.
    #[serde(default = "default_rate")]
    pub per_minute: u32,
    /// How many calls may be under way at once.
    #[serde(default = "default_at_once")]
    pub at_once: u32,
    /// How to reach it.
    #[serde(default)]
    pub http: HttpSettings,
}

impl OktaSettings {
    /// Everything that is wrong with them.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |place: &str, message: &str| {
            problems.push(Problem { place: place.to_owned(), message: message.to_owned() });
        };
        if let Err(why) = self.address() {
            problem("organisation", why);
        }
        if self.realm.as_ref().is_some_and(|realm| realm.is_empty() || realm.contains(['/', ':', ' '])) {
            problem("realm", "is a host's name, such as corp.okta.com, or is left out");
        }
        match (&self.token, &self.application) {
            (None, None) => {
                problem("application", "is missing: sign in as an application, or give a `token`")
            }
            (Some(_), Some(_)) => problem("token", "goes without `application`: give one of the two"),
            _ => {}
        }
        for (index, app) in self.active_directory_apps.iter().enumerate() {
            if !is_id(app, "0oa") {
                let place = format!("active_directory_apps[{index}]");
                problem(&place, "is not the id of an integration: 0oa and 17 letters or digits");
            }
        }
        if !(1..=6000).contains(&self.per_minute) {
            problem("per_minute", "must be between 1 and 6000");
        }
        if !(1..=75).contains(&self.at_once) {
            problem("at_once", "must be between 1 and 75, which is all that one organisation may have");
        }
        problems.extend(self.application.iter().flat_map(OktaApplication::problems));
        problems.extend(self.http.check("http"));
        problems
    }

    /// The organisation's URL, where it is fit.
    pub(crate) fn address(&self) -> Result<Url, &'static str> {
        let url = Url::parse(&self.organisation).map_err(|_| "is not a URL: https://corp.okta.com")?;
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() || !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err("takes the organisation alone, without a path: https://corp.okta.com");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a name or a password: the credential stands by itself");
        }
        if host.split('.').next().is_some_and(|name| name.ends_with("-admin")) && host.contains(".okta") {
            return Err("is the administrators' console: leave out `-admin`");
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_this_machine(host) => Ok(url),
            _ => Err("must begin with https://"),
        }
    }
}

/// Whether a text has the form of one of Okta's ids.
pub(crate) fn is_id(text: &str, prefix: &str) -> bool {
    text.len() == 20 && text.starts_with(prefix) && text.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn default_rate() -> u32 {
    300
}

fn default_at_once() -> u32 {
    8
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problems(change: serde_json::Value) -> Vec<String> {
        let mut settings = json!({ "organisation": "https://corp.okta.com", "token": { "env": "OKTA" } });
        settings.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let settings: OktaSettings = serde_json::from_value(settings).unwrap();
        settings.problems().into_iter().map(|problem| problem.place).collect()
    }

    fn application(change: serde_json::Value) -> serde_json::Value {
        let mut settings =
            json!({ "client_id": "0oa12345678901234567", "key": { "file": "/etc/quell/okta.pem" } });
        settings.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        settings
    }

    #[test]
    fn settings_are_checked_one_by_one() {
        for (change, places) in [
            (json!({}), vec![]),
            (json!({ "organisation": "https://login.corp.example/" }), vec![]),
            (json!({ "organisation": "http://127.0.0.1:8080" }), vec![]),
            (json!({ "organisation": "http://corp.okta.com" }), vec!["organisation"]),
            (json!({ "organisation": "https://corp-admin.okta.com" }), vec!["organisation"]),
            (json!({ "organisation": "https://corp.okta.com/api/v1" }), vec!["organisation"]),
            (json!({ "organisation": "https://x:y@corp.okta.com" }), vec!["organisation"]),
            (json!({ "organisation": "corp.okta.com" }), vec!["organisation"]),
            (
                json!({ "active_directory_apps": ["0oa12345678901234567", "ad"] }),
                vec!["active_directory_apps[1]"],
            ),
            (json!({ "realm": "https://corp.okta.com" }), vec!["realm"]),
            (json!({ "realm": "corp.okta.com" }), vec![]),
            (json!({ "per_minute": 0, "at_once": 76 }), vec!["per_minute", "at_once"]),
            (json!({ "http": { "timeout_secs": 0 } }), vec!["http.timeout_secs"]),
            (json!({ "token": null }), vec!["application"]),
            (json!({ "token": null, "application": application(json!({})) }), vec![]),
            (json!({ "application": application(json!({})) }), vec!["token"]),
            (
                json!({ "token": null, "application": application(json!({
                    "client_id": "quell", "key_id": " ", "scopes": ["okta.users.read", "openid"], "dpop": "es256",
                })) }),
                vec!["application.client_id", "application.key_id", "application.scopes[1]"],
            ),
        ] {
            assert_eq!(problems(change.clone()), places, "{change}");
        }
    }

    #[test]
    fn an_id_is_known_by_its_whole_form() {
        assert!(is_id("00u12345678901234567", "00u"));
        for other in ["00u1", "00u123456789012345678", "00g12345678901234567", "00u/2345678901234567", ""] {
            assert!(!is_id(other, "00u"), "{other}");
        }
    }
}
