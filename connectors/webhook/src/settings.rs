//! What the user writes under `connectors:` for webhooks.

use std::collections::BTreeMap;
use std::net::IpAddr;

use quell_action::Problem;
use quell_kit::{HttpSettings, SecretRef, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Webhook receivers, by the name that playbooks use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// The receivers, by name.
    pub endpoints: BTreeMap<String, EndpointSettings>,
    /// The receiver that gets the questions that are asked through this connection; the only one, where there is one.
    /// Whoever reads there can answer in the name of the connection, where that is listed in a team.
    #[serde(default)]
    pub questions: Option<String>,
}

/// One receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointSettings {
    /// Where it listens. TLS, unless it is on this machine.
    pub url: String,
    /// Where the secret lies that signs messages to it: whsec_….
    pub secret: SecretRef,
    /// While secrets are being exchanged: where the other one lies. Messages are signed with both.
    #[serde(default)]
    pub other_secret: Option<SecretRef>,
    /// How many messages it takes in a minute.
    #[serde(default = "default_rate")]
    pub per_minute: u32,
    /// How to reach it.
    #[serde(default)]
    pub http: HttpSettings,
}

impl WebhookSettings {
    /// What is wrong with them.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.endpoints.is_empty() {
            problems.push(problem("endpoints", "is empty: name at least one receiver"));
        }
        if self.questions.as_ref().is_some_and(|name| !self.endpoints.contains_key(name)) {
            problems.push(problem("questions", "names none of the receivers under `endpoints`"));
        }
        for (name, endpoint) in &self.endpoints {
            let place = format!("endpoints.{name}");
            if let Err(why) = endpoint.address() {
                problems.push(problem(&format!("{place}.url"), why));
            }
            if !(1..=6000).contains(&endpoint.per_minute) {
                problems.push(problem(&format!("{place}.per_minute"), "must be between 1 and 6000"));
            }
            problems.extend(endpoint.http.check(&format!("{place}.http")));
        }
        problems
    }
}

impl EndpointSettings {
    /// Its URL, where it is fit.
    pub(crate) fn address(&self) -> Result<Url, &'static str> {
        let url = Url::parse(&self.url).map_err(|_| "is not a URL: https://host/path")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a name or a password: messages are signed, and need neither");
        }
        match url.scheme() {
            "https" if url.has_host() => Ok(url),
            "http" if is_this_machine(&url) => Ok(url),
            "http" => {
                Err("is not encrypted: write https, which only a receiver on this machine can do without")
            }
            _ => Err("is not a URL of the web: https://host/path"),
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

fn default_rate() -> u32 {
    60
}

fn problem(place: &str, message: &str) -> Problem {
    Problem { place: place.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_mistake_is_found_at_its_place() {
        let settings: WebhookSettings = serde_json::from_value(json!({ "endpoints": {
            "a": { "url": "soc", "secret": { "env": "A" } },
            "b": { "url": "http://soc.example/hook", "secret": { "env": "A" }, "per_minute": 0 },
            "c": { "url": "https://me:pass@soc.example/", "secret": { "env": "A" }, "http": { "timeout_secs": 0 } },
            "d": { "url": "ftp://soc.example/", "secret": { "env": "A" } },
            "fine": { "url": "https://soc.example/hook?x=1", "secret": { "env": "A" } },
            "here": { "url": "http://[::1]:8080/", "secret": { "env": "A" } },
            "not-here": { "url": "http://127.0.0.1.evil.example/", "secret": { "env": "A" } },
        }}))
        .unwrap();
        let found = settings.check();
        let places: Vec<&str> = found.iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(
            places,
            [
                "endpoints.a.url",
                "endpoints.b.url",
                "endpoints.b.per_minute",
                "endpoints.c.url",
                "endpoints.c.http.timeout_secs",
                "endpoints.d.url",
                "endpoints.not-here.url",
            ]
        );
        assert!(!format!("{found:?}").contains("pass@"));
        assert_eq!(WebhookSettings { endpoints: BTreeMap::new(), questions: None }.check().len(), 1);
    }
}
