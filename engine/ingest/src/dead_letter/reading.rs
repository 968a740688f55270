//! Reads the letters of a topic, from the oldest to the newest there is when it begins.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::Message;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use tokio::sync::mpsc;

use super::{DeadLetter, letter_of_message};
use crate::error::IngestError;
use crate::kafka::watch::Watch;
use crate::kafka::{KafkaAccess, look_for_topics};
use crate::replay::{self, ReplayFrom, ReplayRange, ReplayUntil};

/// How many letters are read ahead of whoever looks at them.
const AHEAD: usize = 16;

/// The letters of a topic. No group is joined and nothing is committed: reading leaves no trace.
#[derive(Debug)]
pub struct KafkaLetters {
    letters: mpsc::Receiver<Result<DeadLetter, IngestError>>,
}

impl KafkaLetters {
    /// Connects, and begins to read.
    pub async fn open(access: &KafkaAccess, topic: &str) -> Result<Self, IngestError> {
        let topic = topic.to_owned();
        let partitions = look_for_topics(access, std::slice::from_ref(&topic)).await?;
        let count = partitions.get(&topic).copied().unwrap_or_default();
        let range =
            ReplayRange { topic, partitions: None, from: ReplayFrom::Oldest, until: ReplayUntil::Newest };
        let (consumer, ends) = replay::connect(access, access.watch(), range, count).await?;
        let ends = ends.into_iter().map(|(partition, stretch)| (partition, stretch.end)).collect();
        let (sender, letters) = mpsc::channel(AHEAD);
        std::thread::Builder::new()
            .name("quell-dead-letters".into())
            .spawn(move || read(&consumer, ends, &sender))
            .map_err(|source| IngestError::Thread { purpose: "reading dead letters", source })?;
        Ok(Self { letters })
    }

    /// The next letter; a message that is none is told as such. `None` at the end of the topic.
    pub async fn next(&mut self) -> Option<Result<DeadLetter, IngestError>> {
        self.letters.recv().await
    }
}

/// Reads each partition up to its end, until nobody listens any more.
fn read(
    consumer: &BaseConsumer<Watch>,
    mut ends: HashMap<i32, i64>,
    sender: &mpsc::Sender<Result<DeadLetter, IngestError>>,
) {
    while !ends.is_empty() && !sender.is_closed() {
        let letter = match consumer.poll(Duration::from_millis(100)) {
            None => continue,
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                ends.remove(&partition);
                continue;
            }
            Some(Err(error)) if replay::is_final(&error) => {
                let _ = sender.blocking_send(Err(replay::failed(&error)));
                return;
            }
            Some(Err(_)) => continue,
            Some(Ok(message)) => {
                let (partition, offset) = (message.partition(), message.offset());
                let Some(end) = ends.get(&partition).copied() else { continue };
                if offset + 1 >= end {
                    ends.remove(&partition);
                }
                if offset >= end {
                    continue;
                }
                letter_of_message(&message)
            }
        };
        if sender.blocking_send(letter).is_err() {
            return;
        }
    }
}
