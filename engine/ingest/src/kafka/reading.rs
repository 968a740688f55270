//! The thread that reads: it polls, hands over, pauses and resumes, and stores offsets. It does nothing
//! that could take long, so the group never loses patience with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::Message;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;

use super::explain::plain;
use super::group::{Assignment, Member};
use crate::delivery::{Origin, Payload};
use crate::error::IngestError;
use crate::intake::{Incoming, Intake, Pushed};

/// How long a poll waits for the first message. Accepted offsets are stored at least this often.
const POLL: Duration = Duration::from_millis(100);
/// How many messages are taken in before offsets are stored and the load is looked at again.
const BATCH: usize = 500;

/// What the reading thread works with.
pub(crate) struct Reading {
    pub(crate) consumer: Member,
    pub(crate) intake: Arc<Intake>,
    pub(crate) assignment: Arc<Assignment>,
    pub(crate) stop: Arc<AtomicBool>,
}

impl Reading {
    /// Reads until told to stop, then leaves the group.
    pub(crate) fn run(self) {
        let _end = EndIntake(self.intake.clone());
        let mut latest = Latest::default();
        while !self.stop.load(Ordering::Relaxed) {
            self.pause_or_resume();
            if let Err(fatal) = self.poll(&mut latest) {
                let problem = plain(&fatal);
                self.intake.end(Some(IngestError::Kafka { doing: "reading from kafka".into(), problem }));
                break;
            }
            self.assignment.store_positions(&self.intake, &self.consumer);
        }
        // What is accepted already should not have to wait for what may still be.
        let _ = self.consumer.commit_consumer_state(CommitMode::Async);
        // Dropping the consumer gives its partitions up, which stores what has been accepted until then
        // and commits it, and leaves the group. It may block; this thread is there for that.
        drop(self.consumer);
    }

    fn pause_or_resume(&self) {
        let paused = &self.consumer.context().paused;
        let over = self.intake.is_over();
        if over == paused.load(Ordering::Relaxed) {
            return;
        }
        let done = self.consumer.assignment().and_then(|partitions| match over {
            true => self.consumer.pause(&partitions),
            false => self.consumer.resume(&partitions),
        });
        match done {
            Ok(()) => {
                paused.store(over, Ordering::Relaxed);
                tracing::debug!(paused = over, "reading from kafka pauses or goes on");
            }
            Err(error) => tracing::warn!(problem = plain(&error), "partitions cannot be paused or resumed"),
        }
    }

    fn poll(&self, latest: &mut Latest) -> Result<(), KafkaError> {
        let resting = self.consumer.context().paused.load(Ordering::Relaxed);
        if resting {
            // Wait for acceptance rather than for messages, so that reading goes on at once.
            self.intake.wait_for_room(POLL);
        }
        let mut wait = if resting { Duration::ZERO } else { POLL };
        for _ in 0..BATCH {
            match self.consumer.poll(wait) {
                Some(Ok(message)) => self.take(latest, &message),
                Some(Err(error)) => return self.only_if_fatal(error),
                None => break,
            }
            if self.intake.is_over() {
                break;
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    fn take(&self, latest: &mut Latest, message: &BorrowedMessage<'_>) {
        let (name, partition) = (message.topic(), message.partition());
        self.consumer.context().note_read(name);
        if !latest.is(name, partition) {
            *latest = Latest::of(partition, self.assignment.stream(&self.intake, name, partition));
        }
        match self.push(latest, message) {
            Pushed::Taken => return,
            // The partition went and came back since the message before.
            Pushed::Closed => {
                *latest = Latest::of(partition, self.assignment.stream(&self.intake, name, partition));
            }
            Pushed::Rewound => {
                let offset = message.offset();
                tracing::warn!(
                    topic = name,
                    partition,
                    offset,
                    "the partition went back; reading again from there"
                );
                *latest = Latest::of(partition, self.assignment.renew(&self.intake, name, partition));
            }
        }
        self.push(latest, message);
    }

    fn push(&self, latest: &Latest, message: &BorrowedMessage<'_>) -> Pushed {
        self.intake.push(latest.stream, incoming(message, latest.topic.clone()))
    }

    /// Errors have been noted for health by the context; the library goes on trying by itself, unless it
    /// says that it cannot.
    fn only_if_fatal(&self, error: KafkaError) -> Result<(), KafkaError> {
        match error {
            KafkaError::MessageConsumptionFatal(_) => Err(error),
            _ => Ok(()),
        }
    }
}

/// The partition that the last message came from: most messages come in runs.
struct Latest {
    topic: Arc<str>,
    partition: i32,
    stream: u64,
}

impl Default for Latest {
    fn default() -> Self {
        Self::of(-1, (Arc::from(""), 0))
    }
}

impl Latest {
    fn of(partition: i32, (topic, stream): (Arc<str>, u64)) -> Self {
        Self { topic, partition, stream }
    }

    fn is(&self, topic: &str, partition: i32) -> bool {
        self.partition == partition && &*self.topic == topic
    }
}

/// The message as it is handed over. Its bytes are copied once, out of the client's memory.
pub(crate) fn incoming(message: &BorrowedMessage<'_>, topic: Arc<str>) -> Incoming {
    let (partition, offset) = (message.partition(), message.offset());
    Incoming {
        offset,
        origin: Origin::Kafka { topic, partition, offset, timestamp_ms: message.timestamp().to_millis() },
        key: message.key().map(<[u8]>::to_vec),
        payload: Payload::Bytes(message.payload().unwrap_or_default().to_vec()),
    }
}

/// Ends the hand-over when the thread ends, however it ends, so that nobody waits for it in vain.
struct EndIntake(Arc<Intake>);

impl Drop for EndIntake {
    fn drop(&mut self) {
        let failure = std::thread::panicking().then(|| IngestError::Kafka {
            doing: "reading from kafka".into(),
            problem: "the reading thread failed; restart the engine".into(),
        });
        self.0.end(failure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FlowLimits;

    #[tokio::test]
    async fn a_reading_thread_that_fails_is_not_taken_for_an_end() {
        for fails in [false, true] {
            let intake = Arc::new(Intake::new(FlowLimits::default()));
            let end = EndIntake(intake.clone());
            let reading = std::thread::spawn(move || {
                let _end = end;
                if fails {
                    std::panic::resume_unwind(Box::new("a defect"));
                }
            });
            assert_eq!(reading.join().is_err(), fails);
            assert_eq!(intake.fetch(1).await.is_err(), fails);
            assert!(intake.fetch(1).await.unwrap().is_none());
        }
    }
}
