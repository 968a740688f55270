//! [`Services`]: the services that incidents are raised at.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use quell_action::{ActionError, ConnectError};
use quell_kit::{Call, Http, Method, RateLimit, Redactor, Url, chosen, host_of};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::settings::PagerDutySettings;

/// What PagerDuty takes of one key in a minute.
const PER_MINUTE: u32 = 120;

/// The services of one connection, by name.
#[derive(Debug)]
pub struct Services {
    http: Http,
    events: Url,
    services: BTreeMap<String, Service>,
    redactor: Redactor,
}

#[derive(Debug)]
struct Service {
    key: SecretString,
    rate: RateLimit,
}

/// What PagerDuty says of an event that it takes.
#[derive(Debug, Deserialize)]
struct Taken {
    status: String,
    #[serde(default)]
    dedup_key: Option<String>,
}

/// What PagerDuty says of an event that it does not take.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    message: String,
    errors: Vec<String>,
}

impl Services {
    /// Reads the keys; reaches nobody.
    ///
    /// # Errors
    /// When one is missing or unfit.
    pub(crate) fn new(settings: &PagerDutySettings) -> Result<Self, ConnectError> {
        let events = settings.address().ok_or_else(|| ConnectError("events is no address".into()))?;
        let mut services = BTreeMap::new();
        for (name, reference) in &settings.services {
            let key =
                reference.resolve().map_err(|error| ConnectError(format!("services.{name}: {error}")))?;
            let calls = NonZeroU32::new(PER_MINUTE).unwrap_or(NonZeroU32::MIN);
            let burst = NonZeroU32::MIN.saturating_add(19);
            services.insert(
                name.clone(),
                Service { key, rate: RateLimit::new(calls, Duration::from_secs(60), burst) },
            );
        }
        let redactor = Redactor::new(services.values().map(|service| &service.key));
        Ok(Self { http: Http::new(&settings.http)?, events, services, redactor })
    }

    /// Sends an event. What is lost on the way can be sent again: its key is known over there.
    ///
    /// # Errors
    /// When it was not taken.
    pub(crate) async fn send(
        &self,
        service: Option<&str>,
        mut event: Value,
        time_limit: Duration,
    ) -> Result<(), ActionError> {
        let service = self.named(service)?;
        let left = service.rate.turn(time_limit).await?;
        event["routing_key"] = json!(service.key.expose_secret());
        let request = self.http.request(Method::POST, self.events.clone()).json(&event);
        let answer = self.http.send(request, Call::WritesKeyed, left).await?;
        let Some(failure) = answer.failure() else {
            // Whoever else answers in its place has raised nothing.
            let taken: Taken = answer.json()?;
            let is_about_it = taken.dedup_key.is_none_or(|key| event["dedup_key"] == key);
            return match taken.status == "success" && is_about_it {
                true => Ok(()),
                false => Err(answer.unreadable("it does not say that this event was taken")),
            };
        };
        let refusal: Refusal = serde_json::from_slice(answer.body()).unwrap_or_default();
        let mut error = answer.refusal(failure);
        let said = std::iter::once(refusal.message).chain(refusal.errors).filter(|word| !word.is_empty());
        let said = self.redactor.redact(&said.take(4).collect::<Vec<_>>().join("; "));
        if !said.is_empty() {
            error.message.push_str(": ");
            error.message.extend(said.chars().take(300));
        }
        Err(error)
    }

    /// Asks whether PagerDuty is there. Whether it takes a key, only an event could tell.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn reach(&self) -> Result<String, ActionError> {
        let request = self.http.request(Method::HEAD, self.events.clone());
        self.http.send(request, Call::Reads, Duration::from_secs(10)).await?;
        Ok(host_of(&self.events))
    }

    fn named(&self, name: Option<&str>) -> Result<&Service, ActionError> {
        chosen(&self.services, name, "PagerDuty service").map(|(_, one)| one)
    }
}
