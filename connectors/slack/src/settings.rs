//! What the user writes under `connectors.slack`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use quell_action::Problem;
use quell_kit::{HttpSettings, SecretRef, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The channels that playbooks may write to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlackSettings {
    /// Where the app's token lies (`xoxb-…`), for the channels under `channels`.
    #[serde(default)]
    pub token: Option<SecretRef>,
    /// Channels that the app writes to: the name that playbooks use, and the channel's id (`C…`).
    #[serde(default)]
    pub channels: BTreeMap<String, String>,
    /// Channels that are reached by incoming webhooks: the name that playbooks use, and where the webhook's address lies.
    /// The address is a secret.
    #[serde(default)]
    pub webhooks: BTreeMap<String, SecretRef>,
    /// The channel that gets the questions that are asked through this connection; the only one, where there is one.
    #[serde(default)]
    pub questions: Option<String>,
    /// Where the app's signing secret lies. With it people answer by a button in the message, and Slack says who has
    /// clicked; the app's request URL is `…/answer/from/` and the name of this connection. Without it the buttons open
    /// pages, and whoever reads the channel can answer in the name of the connection, where a team lists that.
    #[serde(default)]
    pub signing_secret: Option<SecretRef>,
    /// Who may answer by a button: a person's name as under `teams`, and their id at Slack (`U…`).
    #[serde(default)]
    pub people: BTreeMap<String, String>,
    /// Slack's interface. Another one for the government's Slack: `https://slack-gov.com/api/`.
    #[serde(default = "default_api")]
    pub api: String,
    /// How to reach it.
    #[serde(default)]
    pub http: HttpSettings,
}

impl SlackSettings {
    /// Everything that is wrong with them.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut at = |place: &str, message: &str| {
            problems.push(Problem { place: place.to_owned(), message: message.to_owned() });
        };
        if self.channels.is_empty() && self.webhooks.is_empty() {
            at("channels", "is empty, and so is `webhooks`: name at least one channel");
        }
        if !self.channels.is_empty() && self.token.is_none() {
            at("token", "is missing: the channels under `channels` are written to with an app's token");
        }
        for (name, id) in &self.channels {
            if id.is_empty() || !id.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
                at(
                    &format!("channels.{name}"),
                    "must be the channel's id (C0123ABCD), which does not change with its name",
                );
            }
            if self.webhooks.contains_key(name) {
                at(&format!("webhooks.{name}"), "stands under `channels` as well");
            }
        }
        let is_known = |name: &String| self.channels.contains_key(name) || self.webhooks.contains_key(name);
        if self.questions.as_ref().is_some_and(|name| !is_known(name)) {
            at("questions", "names none of the channels under `channels` and `webhooks`");
        }
        if self.signing_secret.is_some() == self.people.is_empty() {
            at(
                "signing_secret",
                "goes together with `people`: Slack says who has clicked, and `people` who that is",
            );
        }
        let goes_by_webhook = match &self.questions {
            Some(name) => self.webhooks.contains_key(name),
            None => self.channels.is_empty(),
        };
        if self.signing_secret.is_some() && goes_by_webhook {
            at(
                "questions",
                "must be one of the channels under `channels`: messages of a webhook have no buttons that answer",
            );
        }
        for (name, id) in &self.people {
            let is_first =
                self.people.iter().find(|(_, other)| *other == id).is_some_and(|(first, _)| first == name);
            if id.is_empty() || !id.bytes().all(|letter| letter.is_ascii_alphanumeric()) || !is_first {
                at(
                    &format!("people.{name}"),
                    "must be the id of one person (U0123ABCD), which nobody else here has",
                );
            }
        }
        if self.address().is_none() {
            at("api", "must be Slack's interface: https://slack.com/api/");
        }
        problems.extend(self.http.check("http"));
        problems
    }

    /// The interface's URL, where it is fit.
    pub(crate) fn address(&self) -> Option<Url> {
        let url = Url::parse(&self.api).ok()?;
        (is_fit(&url) && url.path().ends_with('/')).then_some(url)
    }
}

/// Encrypted, or on this machine.
pub(crate) fn is_fit(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let plain = url.username().is_empty() && url.password().is_none();
    plain && (url.scheme() == "https" || url.scheme() == "http" && here)
}

fn default_api() -> String {
    "https://slack.com/api/".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn settings_are_checked_one_by_one() {
        let file = || json!({ "file": "/x" });
        let asked = |change: Value, people: Value| {
            let mut settings = json!({
                "token": file(), "channels": { "soc": "C1" }, "signing_secret": file(), "people": people,
            });
            settings.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            settings
        };
        for (settings, places) in [
            (json!({ "webhooks": { "soc": file() } }), vec![]),
            (json!({ "token": file(), "channels": { "soc": "C0123ABCD" } }), vec![]),
            (json!({}), vec!["channels"]),
            (json!({ "channels": { "soc": "C0123ABCD" } }), vec!["token"]),
            (json!({ "token": file(), "channels": { "soc": "#soc" } }), vec!["channels.soc"]),
            (
                json!({ "token": file(), "channels": { "soc": "C1" }, "webhooks": { "soc": file() } }),
                vec!["webhooks.soc"],
            ),
            (json!({ "webhooks": { "soc": file() }, "api": "http://slack.com/api/" }), vec!["api"]),
            (asked(json!({}), json!({ "ann": "U1", "bob": "U2" })), vec![]),
            (asked(json!({}), json!({})), vec!["signing_secret"]),
            (asked(json!({ "signing_secret": null }), json!({ "ann": "U1" })), vec!["signing_secret"]),
            (asked(json!({}), json!({ "ann": "U1", "bob": "U1" })), vec!["people.bob"]),
            (asked(json!({}), json!({ "ann": "@ann" })), vec!["people.ann"]),
            (
                asked(json!({ "webhooks": { "hook": file() }, "questions": "hook" }), json!({ "ann": "U1" })),
                vec!["questions"],
            ),
        ] {
            let settings: SlackSettings = serde_json::from_value(settings).unwrap();
            let found: Vec<String> = settings.problems().into_iter().map(|problem| problem.place).collect();
            assert_eq!(found, places);
        }
    }
}
