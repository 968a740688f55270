//! [`Channels`]: where messages can go, and how each is reached.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use quell_action::{ActionError, ConnectError};
use quell_kit::header::{AUTHORIZATION, HeaderValue};
use quell_kit::{Call, Http, Method, RateLimit, Url, chosen};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::blocks::escaped;
use crate::reply::{self, Told};
use crate::settings::{SlackSettings, is_fit};

/// The channels of one connection.
#[derive(Debug)]
pub struct Channels {
    http: Http,
    api: Url,
    token: Option<HeaderValue>,
    ways: BTreeMap<String, Way>,
}

/// How one channel is reached. Slack takes about a message a second for each.
pub(crate) struct Way {
    to: To,
    rate: RateLimit,
}

enum To {
    Channel(String),
    /// Its address is a secret.
    Webhook(Url),
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.to {
            To::Channel(id) => write!(f, "Channel({id})"),
            To::Webhook(_) => f.write_str("Webhook"),
        }
    }
}

/// Where a message went.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) channel: Option<String>,
    pub(crate) ts: Option<String>,
}

impl Channels {
    /// Reads the secrets; reaches nobody.
    ///
    /// # Errors
    /// When one is missing or unfit.
    pub(crate) fn new(settings: &SlackSettings) -> Result<Self, ConnectError> {
        let api = settings.address().ok_or_else(|| ConnectError("api is no address of Slack".into()))?;
        let way = |to| Way { to, rate: RateLimit::new(NonZeroU32::MIN, Duration::from_secs(1), FOUR) };
        let mut ways = BTreeMap::new();
        for (name, id) in &settings.channels {
            ways.insert(name.clone(), way(To::Channel(id.clone())));
        }
        for (name, reference) in &settings.webhooks {
            let refused = |why: &str| ConnectError(format!("webhooks.{name}: {reference} {why}"));
            let text =
                reference.resolve().map_err(|error| ConnectError(format!("webhooks.{name}: {error}")))?;
            let url = Url::parse(text.expose_secret().trim())
                .map_err(|_| refused("holds no address of a webhook"))?;
            if !is_fit(&url) {
                return Err(refused("must hold an address that begins with https://hooks.slack.com/"));
            }
            ways.insert(name.clone(), way(To::Webhook(url)));
        }
        let token = settings.token.as_ref().map(bearer).transpose()?;
        Ok(Self { http: Http::new(&settings.http)?, api, token, ways })
    }

    /// The channel of this name; without a name, the only one there is.
    ///
    /// # Errors
    /// When there is none of this name, or several to choose from.
    pub(crate) fn named(&self, name: Option<&str>) -> Result<&Way, ActionError> {
        chosen(&self.ways, name, "Slack channel").map(|(_, one)| one)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When it was not taken, or when that is not known: Slack does not recognise a repetition.
    pub(crate) async fn post(
        &self,
        way: &Way,
        mut message: Value,
        thread: Option<&str>,
        time_limit: Duration,
    ) -> Result<Posted, ActionError> {
        let left = way.rate.turn(time_limit).await?;
        match &way.to {
            To::Webhook(url) => {
                if thread.is_some() {
                    return Err(ActionError::rejected(
                        "a webhook cannot answer in a thread: use a channel of the app",
                    ));
                }
                let request = self.http.request(Method::POST, url.clone()).json(&message);
                reply::of_webhook(self.http.send(request, Call::Writes, left).await?)?;
                Ok(Posted { channel: None, ts: None })
            }
            To::Channel(id) => {
                message["channel"] = json!(id);
                if let Some(thread) = thread {
                    message["thread_ts"] = json!(thread);
                }
                let told = self.ask("chat.postMessage", &message, Call::Writes, left).await?;
                Ok(Posted { channel: told.channel, ts: told.ts })
            }
        }
    }

    /// The name of the channel that [`Channels::named`] gives.
    pub(crate) fn name_of(&self, name: Option<&str>) -> Option<&str> {
        chosen(&self.ways, name, "Slack channel").ok().map(|(name, _)| name)
    }

    /// Puts another text in the place of a message of ours. Twice is as good as once.
    ///
    /// # Errors
    /// When it was not taken.
    pub(crate) async fn change(
        &self,
        way: &Way,
        (channel, ts): (&str, &str),
        mut message: Value,
        time_limit: Duration,
    ) -> Result<(), ActionError> {
        let left = way.rate.turn(time_limit).await?;
        (message["channel"], message["ts"]) = (json!(channel), json!(ts));
        self.ask("chat.update", &message, Call::WritesKeyed, left).await.map(drop)
    }

    /// Tells somebody who has clicked a word that nobody else sees, at the address that came with the click.
    ///
    /// # Errors
    /// When it was not taken, or the address is not Slack's.
    pub(crate) async fn whisper(&self, back: &str, word: &str) -> Result<(), ActionError> {
        let url = Url::parse(back).ok().filter(|url| {
            let is_slacks =
                url.host_str() == Some("hooks.slack.com") || url.host_str() == self.api.host_str();
            is_fit(url) && is_slacks
        });
        let url = url.ok_or_else(|| ActionError::rejected("the address for the word is not Slack's"))?;
        let body = json!({ "response_type": "ephemeral", "replace_original": false, "text": escaped(word) });
        let request = self.http.request(Method::POST, url).json(&body);
        self.http.send(request, Call::Writes, WHISPER).await?.success().map(drop)
    }

    /// Who the token makes us; nothing where there is no token.
    pub(crate) async fn who_am_i(&self, time_limit: Duration) -> Option<Result<String, ActionError>> {
        self.token.as_ref()?;
        let told = self.ask("auth.test", &json!({}), Call::Reads, time_limit).await;
        Some(told.map(|told| {
            format!(
                "{} as {}",
                told.team.as_deref().unwrap_or("Slack"),
                told.user.as_deref().unwrap_or("an app")
            )
        }))
    }

    /// How many channels only a message could tell about.
    pub(crate) fn webhooks(&self) -> usize {
        self.ways.values().filter(|way| matches!(way.to, To::Webhook(_))).count()
    }

    async fn ask(&self, method: &str, body: &Value, call: Call, left: Duration) -> Result<Told, ActionError> {
        let url = self
            .api
            .join(method)
            .map_err(|_| ActionError::rejected("Slack's interface has no such address"))?;
        let token = self.token.clone().ok_or_else(|| ActionError::rejected("there is no token for Slack"))?;
        let request = self
            .http
            .request(Method::POST, url)
            .header(AUTHORIZATION, token)
            .header("content-type", "application/json; charset=utf-8")
            .body(body.to_string());
        reply::of_interface(self.http.send(request, call, left).await?)
    }
}

/// How long a word to somebody who has clicked may take.
const WHISPER: Duration = Duration::from_secs(5);

const FOUR: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);

fn bearer(reference: &quell_kit::SecretRef) -> Result<HeaderValue, ConnectError> {
    let unfit = || ConnectError(format!("token: {reference} holds characters that no token has"));
    concealed(&reference.resolve()?).ok_or_else(unfit)
}

/// A header that is not shown where its request is.
fn concealed(token: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_marked_as_a_secret_in_its_header() {
        let header = concealed(&SecretString::from("planted")).unwrap();
        assert!(header.is_sensitive() && !format!("{header:?}").contains("planted"));
    }
}
