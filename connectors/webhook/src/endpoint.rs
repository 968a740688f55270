//! [`Endpoint`]: one receiver, and what is known of it.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quell_action::{ActionError, ConnectError};
use quell_kit::{Answer, Call, Http, Method, RateLimit, Url, chosen, host_of};

use crate::settings::{EndpointSettings, WebhookSettings};
use crate::signature::SigningKey;

/// The receivers of one connection, by name.
#[derive(Debug)]
pub struct Endpoints(BTreeMap<String, Endpoint>);

/// One receiver.
#[derive(Debug)]
pub struct Endpoint {
    name: String,
    url: Url,
    keys: Vec<SigningKey>,
    http: Http,
    rate: RateLimit,
    /// It has answered 410: it wants no more messages.
    gone: AtomicBool,
}

impl Endpoints {
    /// Reads the secrets and the certificates; reaches nobody.
    ///
    /// # Errors
    /// When a secret or a certificate is missing or unfit.
    pub fn new(settings: &WebhookSettings) -> Result<Self, ConnectError> {
        let endpoint = |(name, settings): (&String, &EndpointSettings)| {
            Ok((name.clone(), Endpoint::new(name, settings)?))
        };
        settings.endpoints.iter().map(endpoint).collect::<Result<_, _>>().map(Self)
    }

    /// The receiver of this name; without a name, the only one there is.
    ///
    /// # Errors
    /// When there is none of this name, or several to choose from.
    pub fn named(&self, name: Option<&str>) -> Result<&Endpoint, ActionError> {
        chosen(&self.0, name, "webhook endpoint").map(|(_, one)| one)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.values()
    }
}

impl Endpoint {
    fn new(name: &str, settings: &EndpointSettings) -> Result<Self, ConnectError> {
        let at = |error: ConnectError| ConnectError(format!("endpoints.{name}: {error}"));
        let refused = |why: &str| ConnectError(format!("endpoints.{name}.url {why}"));
        let references = std::iter::once(&settings.secret).chain(&settings.other_secret);
        let keys = references.map(SigningKey::resolve).collect::<Result<_, _>>().map_err(at)?;
        let calls = NonZeroU32::new(settings.per_minute).unwrap_or(NonZeroU32::MIN);
        Ok(Self {
            name: name.to_owned(),
            url: settings.address().map_err(refused)?,
            keys,
            http: Http::new(&settings.http).map_err(at)?,
            rate: RateLimit::new(
                calls,
                Duration::from_secs(60),
                calls.min(NonZeroU32::new(10).unwrap_or(calls)),
            ),
            gone: AtomicBool::new(false),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a signed message.
    ///
    /// # Errors
    /// When it was not taken. After 410 nothing is sent any more.
    pub async fn post(&self, id: &str, body: Vec<u8>, time_limit: Duration) -> Result<Answer, ActionError> {
        if self.gone.load(Ordering::Relaxed) {
            return Err(self.wants_no_more());
        }
        let time_left = self.rate.turn(time_limit).await?;
        let timestamp = quell_kit::now().timestamp();
        let signatures: Option<Vec<String>> =
            self.keys.iter().map(|key| key.sign(id, timestamp, &body)).collect();
        let signatures =
            signatures.ok_or_else(|| ActionError::rejected("the message could not be signed"))?;
        let request = self
            .http
            .request(Method::POST, self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(body);
        let answer = self.http.send(request, Call::WritesKeyed, time_left).await?;
        if answer.status() == 410 {
            self.gone.store(true, Ordering::Relaxed);
            tracing::warn!(endpoint = self.name, "the receiver wants no more messages");
            return Err(self.wants_no_more());
        }
        answer.success()
    }

    /// Asks whether it is there, without a message.
    pub(crate) async fn reach(&self) -> Result<String, String> {
        let request = self.http.request(Method::HEAD, self.url.clone());
        let answer = self.http.send(request, Call::Reads, Duration::from_secs(10)).await;
        answer
            .map(|answer| format!("{} at {} (status {})", self.name, host_of(&self.url), answer.status()))
            .map_err(|error| format!("{}: {error}", self.name))
    }

    fn wants_no_more(&self) -> ActionError {
        ActionError::rejected(format!(
            "the webhook endpoint {} has answered 410 Gone: it wants no more messages and gets none until the next start",
            self.name
        ))
    }
}
