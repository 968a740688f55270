//! [`Carrier`]: how a connection carries questions to people, and what it makes of the answers that come back.

use std::time::Duration;

use async_trait::async_trait;
use quell_alert::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ActionError;

/// Carries questions to people. A connection that can do so has one.
///
/// It knows nothing of runs and plans: it gets a [`Card`] whose answers are sealed already, and hands on what was clicked.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// How an answer comes back.
    fn answering(&self) -> Answering;

    /// To whom a question to these people goes, one message each; nobody where none of them can be reached.
    fn recipients(&self, people: &[String]) -> Vec<Recipient>;

    /// Whether the channel recognises a message that comes twice, by its key: people then see it once.
    fn recognises_repetition(&self) -> bool {
        false
    }

    /// Sends a question. What it gives back names the message, so that a word can follow it; empty where nothing does.
    ///
    /// # Errors
    /// As for an action: the failure alone says whether the message may have gone.
    async fn ask(
        &self,
        to: &Recipient,
        card: &Card,
        time_limit: Duration,
    ) -> Result<Option<String>, ActionError>;

    /// Looks whether a question has gone.
    ///
    /// # Errors
    /// When the channel could tell, and does not answer.
    async fn find(&self, _to: &Recipient, _card: &Card, _time_limit: Duration) -> Result<Found, ActionError> {
        Ok(Found::CannotTell)
    }

    /// Says what became of a question. `card` has no choices any more.
    ///
    /// # Errors
    /// As for [`Carrier::ask`].
    async fn tell(
        &self,
        to: &Recipient,
        sent: Option<&str>,
        card: &Card,
        word: &str,
        time_limit: Duration,
    ) -> Result<(), ActionError>;

    /// What a request that claims to come from the channel says. Only where answers come back so.
    ///
    /// # Errors
    /// Why it is not believed.
    fn hear(&self, _callback: &Callback<'_>) -> Result<Heard, Unheard> {
        Err(Unheard("no answers come from this connection: it sends links".to_owned()))
    }

    /// Tells whoever clicked a word that is for them alone. Only where answers come back so.
    ///
    /// # Errors
    /// When it was not taken.
    async fn reply(&self, _heard: &Heard, _word: &str) -> Result<(), ActionError> {
        Ok(())
    }
}

/// How an answer comes back from a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// People open a page of ours: each choice is the address of one.
    Links,
    /// The channel sends us what was clicked: each choice is a sealed value.
    Buttons,
}

/// What a look at a channel has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The message is there; what names it, where something does.
    Sent(Option<String>),
    /// It is not there.
    NotSent,
    /// The channel cannot be read.
    CannotTell,
}

/// To whom one message goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Recipient {
    /// A person, by their name in the site's teams; or a channel, by its name in the connection's settings.
    pub name: String,
    /// Whether it is one person, who alone reads it.
    pub personal: bool,
}

/// A question as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The same on every attempt, and for no other message.
    pub key: String,
    /// One line.
    pub title: String,
    /// What is asked.
    pub question: String,
    /// Names and values, in order.
    pub facts: Vec<(String, String)>,
    /// What can be answered.
    pub choices: Vec<Choice>,
    /// Nobody can answer after this moment.
    pub expires: Timestamp,
}

/// One answer that can be given.
#[derive(Clone, PartialEq, Eq)]
pub struct Choice {
    /// The word.
    pub label: String,
    /// What giving it takes: an address or a sealed value, as [`Answering`] says. Whoever has it can answer.
    pub seal: String,
    /// Whether it stops what was asked about.
    pub stops: bool,
}

/// The seal is not to be shown.
impl std::fmt::Debug for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Choice({})", self.label)
    }
}

/// A request that claims to come from a channel.
#[derive(Debug, Clone, Copy)]
pub struct Callback<'a> {
    /// Its headers, names in lower case.
    pub headers: &'a [(String, String)],
    /// The very bytes.
    pub body: &'a [u8],
    /// When it came.
    pub at: Timestamp,
}

/// What such a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Who clicked, by their name in the site's teams.
    pub by: String,
    /// The sealed value of what they clicked.
    pub seal: String,
    /// Where the channel takes a word for them alone, in its own form.
    pub back: Option<String>,
}

/// Why such a request is not believed. It may be shown to whoever sent it, and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unheard(pub String);

/// Whom questions reach through a connection, by its settings alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reaches {
    /// The people that it knows one by one, by their names in the site's teams.
    pub people: Vec<String>,
    /// Whether whoever reads its channel can answer, in the name of the connection.
    pub channel: bool,
}
