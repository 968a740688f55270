//! Dead letters in a Kafka topic: the bytes as the message, everything else in its headers.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::future::join_all;
use parking_lot::Mutex;
use rdkafka::ClientConfig;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};

use super::in_file::FileDeadLetters;
use super::{DeadLetter, DeadLetters};
use crate::delivery::Origin;
use crate::error::IngestError;
use crate::kafka::explain::{About, explain, plain};
use crate::kafka::watch::{Watch, WatchState};
use crate::kafka::{KafkaAccess, client, look_for_topics};

/// How long the brokers may take to acknowledge a letter before the write fails. The record it stands for
/// is not accepted then, so it comes again.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);

// The headers' names are a promise to whoever reads the topic.
const REASON: &str = "quell-reason";
const PLACE: &str = "quell-place";
const TIME: &str = "quell-time";
const ENGINE_VERSION: &str = "quell-engine-version";
const ORIGIN: &str = "quell-origin";
const ORIGIN_TOPIC: &str = "quell-origin-topic";
const ORIGIN_PARTITION: &str = "quell-origin-partition";
const ORIGIN_OFFSET: &str = "quell-origin-offset";

/// Dead letters in a topic, acknowledged by every in-sync broker before a write returns.
pub struct KafkaDeadLetters {
    access: KafkaAccess,
    topic: String,
    producer: FutureProducer<Watch>,
    watch: Arc<Mutex<WatchState>>,
    too_large: FileDeadLetters,
}

impl KafkaDeadLetters {
    /// Connects and makes sure that the topic is there.
    ///
    /// A letter is larger than the message it stands for, by its headers. One that the topic is not
    /// allowed to hold goes to the file `too_large`: otherwise its partition could never go on.
    pub async fn start(
        access: &KafkaAccess,
        topic: impl Into<String>,
        too_large: FileDeadLetters,
    ) -> Result<Self, IngestError> {
        let topic = topic.into();
        look_for_topics(access, std::slice::from_ref(&topic)).await?;
        let context = access.watch();
        let watch = context.state();
        let producer = client::create(&producer_config(access)?, context)?;
        Ok(Self { access: access.clone(), topic, producer, watch, too_large })
    }

    /// Waits for what is on its way, and lets the connection go.
    pub async fn close(self, deadline: Duration) -> Result<(), IngestError> {
        let closing = tokio::task::spawn_blocking(move || {
            let flushed = self.producer.flush(deadline);
            drop(self.producer);
            flushed.map_err(|error| IngestError::DeadLetter {
                to: format!("topic {}", self.topic),
                problem: plain(&error),
            })
        });
        match tokio::time::timeout(deadline, closing).await {
            Ok(Ok(closed)) => closed,
            _ => Err(IngestError::StopDeadline { within: deadline }),
        }
    }

    /// Sends one letter; `false` when it is too large for the topic.
    async fn send(&self, letter: &DeadLetter) -> Result<bool, IngestError> {
        let record = FutureRecord::<[u8], [u8]>::to(&self.topic)
            .payload(letter.bytes.as_slice())
            .headers(headers(letter));
        let record = match &letter.key {
            Some(key) => record.key(key.as_slice()),
            None => record,
        };
        quell_crash::point!("ingest.letter.sending");
        let sent = self.producer.send(record, ACKNOWLEDGED_WITHIN).await;
        quell_crash::point!("ingest.letter.sent");
        match sent {
            Ok(_) => Ok(true),
            Err((error, _)) => match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize) => {
                    Ok(false)
                }
                code => {
                    let (about, words) = explain(code, &plain(&error), &self.access.connection);
                    let known = self.watch.lock().trouble();
                    let problem = match known {
                        Some(trouble) if about == About::Reach => trouble.what,
                        _ => words,
                    };
                    Err(IngestError::DeadLetter { to: format!("topic {}", self.topic), problem })
                }
            },
        }
    }
}

#[async_trait]
impl DeadLetters for KafkaDeadLetters {
    async fn write(&self, letters: &[DeadLetter]) -> Result<(), IngestError> {
        let sent = join_all(letters.iter().map(|letter| self.send(letter))).await;
        let mut too_large = Vec::new();
        for (letter, fits) in letters.iter().zip(sent) {
            // A broker refuses a whole batch for its size; by itself the letter may well fit.
            if fits? || self.send(letter).await? {
                continue;
            }
            tracing::warn!(
                origin = %letter.origin,
                bytes = letter.bytes.len(),
                "a dead letter is too large for topic {} and is kept in the {}", self.topic, self.too_large.place()
            );
            too_large.push(letter.clone());
        }
        if too_large.is_empty() { Ok(()) } else { self.too_large.write(&too_large).await }
    }

    fn place(&self) -> String {
        format!("topic {}", self.topic)
    }
}

impl fmt::Debug for KafkaDeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaDeadLetters").field("topic", &self.topic).finish_non_exhaustive()
    }
}

fn producer_config(access: &KafkaAccess) -> Result<ClientConfig, IngestError> {
    let mut config = access.config()?;
    config
        .set("acks", "all")
        .set("linger.ms", "5")
        // The broker's own limit decides, not the client's.
        .set("message.max.bytes", "1000000000")
        .set("delivery.timeout.ms", ACKNOWLEDGED_WITHIN.as_millis().to_string());
    Ok(config)
}

/// Reads a message of a dead-letter topic as the letter that it is.
pub fn letter_of_message(message: &impl Message) -> Result<DeadLetter, IngestError> {
    let place = format!("topic {}, offset {}", message.topic(), message.offset());
    let not_a_letter = |problem: String| IngestError::NotADeadLetter { place: place.clone(), problem };
    let texts = header_texts(message);
    let get =
        |name: &str| texts.get(name).cloned().ok_or_else(|| not_a_letter(format!("it has no header {name}")));
    let origin: Origin =
        serde_json::from_str(&get(ORIGIN)?).map_err(|e| not_a_letter(format!("{ORIGIN}: {e}")))?;
    let time = DateTime::parse_from_rfc3339(&get(TIME)?)
        .map_err(|e| not_a_letter(format!("{TIME}: {e}")))?
        .with_timezone(&Utc);
    Ok(DeadLetter {
        reason: get(REASON)?,
        place: texts.get(PLACE).cloned(),
        origin,
        key: message.key().map(<[u8]>::to_vec),
        bytes: message.payload().unwrap_or_default().to_vec(),
        engine_version: get(ENGINE_VERSION)?,
        time,
    })
}

fn headers(letter: &DeadLetter) -> OwnedHeaders {
    let origin = serde_json::to_string(&letter.origin).unwrap_or_default();
    let mut headers = OwnedHeaders::new()
        .insert(text(REASON, &letter.reason))
        .insert(text(TIME, &letter.time.to_rfc3339_opts(SecondsFormat::Nanos, true)))
        .insert(text(ENGINE_VERSION, &letter.engine_version))
        .insert(text(ORIGIN, &origin));
    if let Some(place) = &letter.place {
        headers = headers.insert(text(PLACE, place));
    }
    // The parts of the origin once more by themselves, for tools that only show headers.
    if let Origin::Kafka { topic, partition, offset, .. } = &letter.origin {
        headers = headers
            .insert(text(ORIGIN_TOPIC, topic))
            .insert(text(ORIGIN_PARTITION, &partition.to_string()))
            .insert(text(ORIGIN_OFFSET, &offset.to_string()));
    }
    headers
}

fn text<'a>(key: &'a str, value: &'a str) -> Header<'a, &'a str> {
    Header { key, value: Some(value) }
}

fn header_texts(message: &impl Message) -> HashMap<String, String> {
    let Some(headers) = message.headers() else { return HashMap::new() };
    let texts = headers.iter().filter_map(|header| {
        let value = header.value.and_then(|bytes| std::str::from_utf8(bytes).ok())?;
        Some((header.key.to_owned(), value.to_owned()))
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use rdkafka::message::{OwnedMessage, Timestamp};

    use super::*;
    use crate::kafka::ConnectionSettings;

    fn letter() -> DeadLetter {
        DeadLetter {
            reason: "expected `}` — got nothing".into(),
            place: Some("records[3]".into()),
            origin: Origin::Kafka { topic: "alerts".into(), partition: 2, offset: 41, timestamp_ms: None },
            key: Some(b"k".to_vec()),
            bytes: b"\xff\x00{".to_vec(),
            engine_version: "0.1.0".into(),
            time: DateTime::from_timestamp(1_700_000_000, 123).unwrap(),
        }
    }

    fn message(letter: &DeadLetter, headers: Option<OwnedHeaders>) -> OwnedMessage {
        let (bytes, key) = (Some(letter.bytes.clone()), letter.key.clone());
        OwnedMessage::new(bytes, key, "dead".into(), Timestamp::NotAvailable, 0, 5, headers)
    }

    #[test]
    fn a_letter_survives_the_way_through_headers() {
        let mut other = letter();
        other.place = None;
        other.origin = Origin::File { path: "x".into(), line: 3, byte: 9 };
        for letter in [letter(), other] {
            let back = letter_of_message(&message(&letter, Some(headers(&letter)))).unwrap();
            assert_eq!(back, letter);
        }
    }

    #[test]
    fn every_broker_that_is_in_sync_has_a_letter_before_it_counts_as_written() {
        let access = KafkaAccess::new(ConnectionSettings::new(["127.0.0.1:1"]));
        assert_eq!(producer_config(&access).unwrap().get("acks"), Some("all"));
    }

    #[test]
    fn a_message_that_is_no_letter_is_told_by_what_it_lacks() {
        let error = letter_of_message(&message(&letter(), None)).unwrap_err().to_string();
        assert!(error.contains("topic dead, offset 5") && error.contains(ORIGIN), "{error}");
    }

    #[test]
    fn nothing_that_a_letter_lacks_is_made_up() {
        let whole = headers(&letter());
        for lacking in [REASON, TIME, ENGINE_VERSION, ORIGIN] {
            let rest = whole.iter().filter(|header| header.key != lacking);
            let rest = rest.fold(OwnedHeaders::new(), |some, header| some.insert(header));
            let error = letter_of_message(&message(&letter(), Some(rest))).unwrap_err().to_string();
            assert!(error.contains(lacking), "{error}");
        }
    }
}
