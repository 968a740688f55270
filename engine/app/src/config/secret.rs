//! Secrets of the Kafka section: they stand there by reference, and are read when the connection is made.

use quell_kit::SecretRef;
use secrecy::ExposeSecret;
use serde::Deserialize as _;
use serde_json::Value;

use super::Config;

/// Where the Kafka section has secrets.
const PLACES: [&str; 2] = ["/connection/security/sasl/password", "/connection/security/tls/key_password"];

/// The dotted places at which a secret itself stands in place of a reference.
pub(super) fn written_out(config: &Config) -> Vec<String> {
    let Some(kafka) = &config.source.kafka else { return Vec::new() };
    PLACES
        .iter()
        .filter(|place| kafka.pointer(place).is_some_and(|value| SecretRef::deserialize(value).is_err()))
        .map(|place| format!("source.kafka{}", place.replace('/', ".")))
        .collect()
}

/// The Kafka section with its references replaced by what they lead to. Never to be shown or logged.
pub(crate) fn followed(mut kafka: Value) -> anyhow::Result<Value> {
    for place in PLACES {
        if let Some(value) = kafka.pointer_mut(place) {
            let secret = SecretRef::deserialize(&*value)?.resolve()?;
            *value = Value::from(secret.expose_secret());
        }
    }
    Ok(kafka)
}

/// The Kafka section with its references replaced by nothing that could be a secret, so that it can be checked.
pub(crate) fn hidden(mut kafka: Value) -> Value {
    for place in PLACES {
        if let Some(value) = kafka.pointer_mut(place) {
            *value = Value::from("-");
        }
    }
    kafka
}
