//! Questions to a program: a signed message with the question and an address for each answer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{ActionError, Answering, Card, Carrier, Choice, Recipient, RequestKey};
use serde_json::{Map, Value, json};

use crate::endpoint::Endpoints;
use crate::post::body;
use crate::signature::message_id;

/// Carries questions to one receiver.
pub(crate) struct ToEndpoint {
    pub(crate) endpoints: Arc<Endpoints>,
    pub(crate) endpoint: Option<String>,
}

impl ToEndpoint {
    async fn send(
        &self,
        card: &Card,
        kind: &str,
        change: Map<String, Value>,
        time_limit: Duration,
    ) -> Result<String, ActionError> {
        let facts: Map<String, Value> =
            card.facts.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let mut data = Map::new();
        data.insert("key".into(), json!(card.key));
        data.insert("title".into(), json!(card.title));
        data.insert("question".into(), json!(card.question));
        data.insert("facts".into(), Value::Object(facts));
        data.extend(change);
        let id = message_id(&RequestKey(card.key.clone()));
        self.endpoints.named(self.endpoint.as_deref())?.post(&id, body(kind, &data)?, time_limit).await?;
        Ok(id)
    }
}

#[async_trait]
impl Carrier for ToEndpoint {
    fn answering(&self) -> Answering {
        Answering::Links
    }

    fn recipients(&self, _: &[String]) -> Vec<Recipient> {
        match self.endpoints.named(self.endpoint.as_deref()) {
            Ok(endpoint) => vec![Recipient { name: endpoint.name().to_owned(), personal: false }],
            Err(_) => Vec::new(),
        }
    }

    /// By its id, which stays the same.
    fn recognises_repetition(&self) -> bool {
        true
    }

    async fn ask(
        &self,
        _: &Recipient,
        card: &Card,
        time_limit: Duration,
    ) -> Result<Option<String>, ActionError> {
        let choice =
            |choice: &Choice| json!({ "answer": choice.label, "open": choice.seal, "stops": choice.stops });
        let choices: Vec<Value> = card.choices.iter().map(choice).collect();
        let mut change = Map::new();
        change.insert("choices".into(), json!(choices));
        change.insert("expires".into(), json!(card.expires.to_rfc3339()));
        self.send(card, "quell.question", change, time_limit).await.map(Some)
    }

    async fn tell(
        &self,
        _: &Recipient,
        sent: Option<&str>,
        card: &Card,
        word: &str,
        time_limit: Duration,
    ) -> Result<(), ActionError> {
        let mut change = Map::new();
        change.insert("answered".into(), json!(word));
        change.insert("message".into(), json!(sent));
        self.send(card, "quell.question.settled", change, time_limit).await.map(drop)
    }
}
