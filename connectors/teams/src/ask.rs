//! Questions to a channel of Teams: a card with a button for each answer, which opens a page. A workflow cannot change a
//! card that it has posted, so a word about what became of the question comes as another one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{ActionError, Answering, Card, Carrier, Recipient};
use quell_kit::Message;

use crate::card;
use crate::channels::Channels;

/// Carries questions to one channel.
pub(crate) struct ToChannel {
    pub(crate) channels: Arc<Channels>,
    pub(crate) channel: Option<String>,
}

#[async_trait]
impl Carrier for ToChannel {
    fn answering(&self) -> Answering {
        Answering::Links
    }

    fn recipients(&self, _: &[String]) -> Vec<Recipient> {
        let name = self.channels.name_of(self.channel.as_deref());
        name.map(|name| Recipient { name: name.to_owned(), personal: false }).into_iter().collect()
    }

    async fn ask(
        &self,
        _: &Recipient,
        card: &Card,
        time_limit: Duration,
    ) -> Result<Option<String>, ActionError> {
        let channel = self.channels.named(self.channel.as_deref())?;
        self.channels.post(channel, card::render(&Message::asking(card)?), time_limit).await?;
        Ok(None)
    }

    async fn tell(
        &self,
        _: &Recipient,
        _: Option<&str>,
        card: &Card,
        word: &str,
        time_limit: Duration,
    ) -> Result<(), ActionError> {
        let channel = self.channels.named(self.channel.as_deref())?;
        let message = Message::telling(card, word)?;
        self.channels.post(channel, card::render(&message), time_limit).await.map(drop)
    }
}
