//! What the user writes under `connectors.pagerduty`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use quell_action::Problem;
use quell_kit::{HttpSettings, SecretRef, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The services that playbooks may raise incidents at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagerDutySettings {
    /// The services: the name that playbooks use, and where the integration key of the service lies.
    pub services: BTreeMap<String, SecretRef>,
    /// Where events go. In the European region: `https://events.eu.pagerduty.com/v2/enqueue`.
    #[serde(default = "default_events")]
    pub events: String,
    /// How to reach it.
    #[serde(default)]
    pub http: HttpSettings,
}

impl PagerDutySettings {
    /// Everything that is wrong with them.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.http.check("http");
        let mut at = |place: &str, why: &str| {
            problems.push(Problem { place: place.to_owned(), message: why.to_owned() })
        };
        if self.services.is_empty() {
            at("services", "is empty: name at least one service");
        }
        if self.address().is_none() {
            at("events", "must be where events go: https://events.pagerduty.com/v2/enqueue");
        }
        problems
    }

    /// Where events go, where it is fit.
    pub(crate) fn address(&self) -> Option<Url> {
        let url = Url::parse(&self.events).ok()?;
        let host = url.host_str()?;
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        (url.scheme() == "https" || url.scheme() == "http" && here).then_some(url)
    }
}

fn default_events() -> String {
    "https://events.pagerduty.com/v2/enqueue".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_and_the_key_in_them_go_nowhere_in_clear() {
        for (events, fits) in [
            ("https://events.eu.pagerduty.com/v2/enqueue", true),
            ("http://127.0.0.1:1/v2/enqueue", true),
            ("http://events.pagerduty.com/v2/enqueue", false),
            ("ftp://127.0.0.1/", false),
            ("events.pagerduty.com", false),
        ] {
            let settings = json!({ "services": { "soc": { "env": "KEY" } }, "events": events });
            let settings: PagerDutySettings = serde_json::from_value(settings).unwrap();
            assert_eq!(settings.address().is_some(), fits, "{events}");
            assert_eq!(settings.problems().is_empty(), fits, "{events}");
        }
    }
}
