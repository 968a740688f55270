//! Questions to a channel of Slack. With the app's signing secret people answer by a button in the message, and Slack says
//! who has clicked; without it the buttons open pages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{
    ActionError, Answering, Callback, Card, Carrier, Choice, ConnectError, Heard, Recipient, Unheard,
};
use quell_kit::{Message, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::blocks;
use crate::channels::Channels;
use crate::settings::SlackSettings;
use crate::signature::SigningSecret;

/// Carries questions to one channel.
pub(crate) struct ToChannel {
    channels: Arc<Channels>,
    channel: Option<String>,
    secret: Option<SigningSecret>,
    /// People, by their ids at Slack.
    people: BTreeMap<String, String>,
}

/// What Slack sends about a click, as far as it matters.
#[derive(Deserialize)]
struct Click {
    #[serde(rename = "type")]
    kind: String,
    user: User,
    #[serde(default)]
    actions: Vec<Pressed>,
    #[serde(default)]
    response_url: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

#[derive(Deserialize)]
struct Pressed {
    #[serde(default)]
    value: String,
}

impl ToChannel {
    /// Reads the signing secret; reaches nobody.
    ///
    /// # Errors
    /// When it is missing.
    pub(crate) fn new(channels: &Arc<Channels>, settings: &SlackSettings) -> Result<Self, ConnectError> {
        let secret = settings.signing_secret.as_ref().map(|reference| reference.resolve()).transpose();
        let secret = secret.map_err(|error| ConnectError(format!("signing_secret: {error}")))?;
        let people = settings.people.iter().map(|(name, id)| (id.clone(), name.clone())).collect();
        Ok(Self {
            channels: Arc::clone(channels),
            channel: settings.questions.clone(),
            secret: secret.map(SigningSecret::new),
            people,
        })
    }

    fn body(message: &Message, buttons: Vec<Value>) -> Value {
        let (text, blocks) = blocks::with_buttons(message, buttons);
        json!({
            "text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false,
            "metadata": { "event_type": "quell_question", "event_payload": { "key": message.key } },
        })
    }
}

#[async_trait]
impl Carrier for ToChannel {
    fn answering(&self) -> Answering {
        if self.secret.is_some() { Answering::Buttons } else { Answering::Links }
    }

    fn recipients(&self, people: &[String]) -> Vec<Recipient> {
        let is_read_by_them =
            self.secret.is_none() || self.people.values().any(|known| people.contains(known));
        let name = self.channels.name_of(self.channel.as_deref()).filter(|_| is_read_by_them);
        name.map(|name| Recipient { name: name.to_owned(), personal: false }).into_iter().collect()
    }

    async fn ask(
        &self,
        _: &Recipient,
        card: &Card,
        time_limit: Duration,
    ) -> Result<Option<String>, ActionError> {
        let way = self.channels.named(self.channel.as_deref())?;
        let buttons = card.choices.iter().zip(0..).map(|(choice, n)| button(choice, n, self.answering()));
        let body = Self::body(&Message::about(card)?, buttons.collect());
        let posted = self.channels.post(way, body, None, time_limit).await?;
        Ok(posted.channel.zip(posted.ts).map(|(channel, ts)| format!("{channel}:{ts}")))
    }

    async fn tell(
        &self,
        _: &Recipient,
        sent: Option<&str>,
        card: &Card,
        word: &str,
        time_limit: Duration,
    ) -> Result<(), ActionError> {
        let way = self.channels.named(self.channel.as_deref())?;
        let body = Self::body(&Message::telling(card, word)?, Vec::new());
        match sent.and_then(|sent| sent.split_once(':')) {
            // The buttons go with the old text.
            Some((channel, ts)) => self.channels.change(way, (channel, ts), body, time_limit).await,
            None => self.channels.post(way, body, None, time_limit).await.map(drop),
        }
    }

    fn hear(&self, callback: &Callback<'_>) -> Result<Heard, Unheard> {
        let unheard = |why: &str| Unheard(why.to_owned());
        let secret = self.secret.as_ref().ok_or_else(|| unheard("this connection has no signing secret"))?;
        let header = |name: &str| {
            let found = callback.headers.iter().find(|(given, _)| given == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        let (sent, signature) = (header("x-slack-request-timestamp"), header("x-slack-signature"));
        secret
            .check(sent, signature, callback.body, callback.at)
            .map_err(|untrue| Unheard(untrue.to_string()))?;
        let click = click(callback.body).ok_or_else(|| unheard("it is no click on a button of a message"))?;
        let pressed = click.actions.into_iter().next().ok_or_else(|| unheard("no button was clicked"))?;
        // Somebody whom the site does not know is nobody who is asked: they are refused by that name.
        let stranger = || format!("the Slack user {}", click.user.id);
        let by = self.people.get(&click.user.id).cloned().unwrap_or_else(stranger);
        Ok(Heard { by, seal: pressed.value, back: click.response_url })
    }

    async fn reply(&self, heard: &Heard, word: &str) -> Result<(), ActionError> {
        match &heard.back {
            Some(back) => self.channels.whisper(back, word).await,
            None => Ok(()),
        }
    }
}

/// The body is a form with one field, which holds JSON.
fn click(body: &[u8]) -> Option<Click> {
    let mut form = Url::parse("http://localhost/").ok()?;
    form.set_query(Some(std::str::from_utf8(body).ok()?));
    let (_, payload) = form.query_pairs().find(|(name, _)| name == "payload")?;
    let click: Click = serde_json::from_str(&payload).ok()?;
    (click.kind == "block_actions").then_some(click)
}

fn button(choice: &Choice, number: usize, answering: Answering) -> Value {
    let label = quell_kit::clip(&choice.label, 70);
    let mut button = json!({
        "type": "button", "action_id": format!("answer-{number}"), "text": { "type": "plain_text", "text": label },
    });
    if choice.stops {
        button["style"] = json!("danger");
    }
    match answering {
        Answering::Buttons => button["value"] = json!(choice.seal),
        Answering::Links => button["url"] = json!(choice.seal),
    }
    button
}
