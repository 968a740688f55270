//! Questions by mail: each person gets a mail of their own, with links that only they have.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{ActionError, Answering, Card, Carrier, Recipient};
use quell_kit::Message;

use crate::letter::Letter;
use crate::relay::Relay;

/// Carries questions by mail.
pub(crate) struct ByMail(pub(crate) Arc<Relay>);

impl ByMail {
    async fn write(
        &self,
        to: &Recipient,
        message: &Message,
        answers: Option<&str>,
        time_limit: Duration,
    ) -> Result<String, ActionError> {
        let settings = &self.0.settings;
        let nobody = || ActionError::rejected(format!("there is no address of {} under `people`", to.name));
        let address = settings.people.get(&to.name).ok_or_else(nobody)?;
        let letter = Letter::to_person(settings, address, message, answers)?;
        self.0.hand_over(&letter, time_limit).await?;
        Ok(letter.id)
    }
}

#[async_trait]
impl Carrier for ByMail {
    fn answering(&self) -> Answering {
        Answering::Links
    }

    fn recipients(&self, people: &[String]) -> Vec<Recipient> {
        let known = people.iter().filter(|person| self.0.settings.people.contains_key(*person));
        known.map(|person| Recipient { name: person.clone(), personal: true }).collect()
    }

    async fn ask(
        &self,
        to: &Recipient,
        card: &Card,
        time_limit: Duration,
    ) -> Result<Option<String>, ActionError> {
        self.write(to, &Message::asking(card)?, None, time_limit).await.map(Some)
    }

    async fn tell(
        &self,
        to: &Recipient,
        sent: Option<&str>,
        card: &Card,
        word: &str,
        time_limit: Duration,
    ) -> Result<(), ActionError> {
        self.write(to, &Message::telling(card, word)?, sent, time_limit).await.map(drop)
    }
}
