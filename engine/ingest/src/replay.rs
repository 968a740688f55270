//! Reading a stretch of a Kafka topic once more, for `quell replay`.
//!
//! Partitions are assigned by hand, no group is joined, and nothing is ever committed: a replay leaves no
//! trace on the brokers, and running engines do not notice it. Its end is fixed when it begins.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

mod range;

use crate::delivery::{Delivery, Receipt};
use crate::error::IngestError;
use crate::intake::Intake;
use crate::kafka::explain::plain;
use crate::kafka::probe::{on_blocking_thread, while_polling};
use crate::kafka::reading::incoming;
use crate::kafka::watch::{Watch, WatchState};
use crate::kafka::{KafkaAccess, client, look_for_topics};
use crate::source::{Acceptance, AlertSource, FlowLimits, PartitionHealth, SourceHealth};

/// What to read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayRange {
    /// The topic.
    pub topic: String,
    /// Only these partitions; all of them when left out.
    pub partitions: Option<Vec<i32>>,
    /// Where to begin, in each partition.
    pub from: ReplayFrom,
    /// Where to end, in each partition; what comes later than the beginning of the replay is never read.
    pub until: ReplayUntil,
}

/// Where a replay begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayFrom {
    /// At the oldest message that is kept.
    Oldest,
    /// At this offset.
    Offset(i64),
    /// At the first message written at this time or later.
    Time(DateTime<Utc>),
}

/// Where a replay ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayUntil {
    /// With the newest message there is when the replay begins.
    Newest,
    /// Before this offset.
    Offset(i64),
    /// Before the first message written at this time or later.
    Time(DateTime<Utc>),
}

/// A stretch of a topic, read once.
pub struct KafkaReplay {
    intake: Arc<Intake>,
    watch: Arc<Mutex<WatchState>>,
    stop: Arc<AtomicBool>,
    topic: String,
    total: u64,
    streams: HashMap<i32, u64>,
}

impl KafkaReplay {
    /// Connects, works out the offsets of the range, and begins to read.
    pub async fn start(
        access: &KafkaAccess,
        range: ReplayRange,
        flow: FlowLimits,
    ) -> Result<Self, IngestError> {
        flow.check()?;
        let partitions = look_for_topics(access, std::slice::from_ref(&range.topic)).await?;
        let count = partitions.get(&range.topic).copied().unwrap_or_default();
        let watch = access.watch();
        let state = watch.state();
        let (consumer, stretches) = connect(access, watch, range.clone(), count).await?;

        let intake = Arc::new(Intake::new(flow));
        let stop = Arc::<AtomicBool>::default();
        let streams: HashMap<i32, u64> =
            stretches.keys().map(|partition| (*partition, intake.open_stream())).collect();
        let total = stretches.values().map(|stretch| stretch.end.abs_diff(stretch.start)).sum();
        let reading = Reading {
            consumer,
            topic: Arc::from(range.topic.as_str()),
            ends: stretches.into_iter().map(|(partition, stretch)| (partition, stretch.end)).collect(),
            streams: streams.clone(),
            intake: intake.clone(),
            stop: stop.clone(),
            paused: false,
        };
        std::thread::Builder::new()
            .name("quell-replay".into())
            .spawn(move || reading.run())
            .map_err(|source| IngestError::Thread { purpose: "reading from kafka", source })?;
        Ok(Self { intake, watch: state, stop, topic: range.topic, total, streams })
    }

    /// How many offsets the range has, for a progress bar. Where the topic is compacted or holds
    /// transactions, fewer messages come.
    pub fn total_offsets(&self) -> u64 {
        self.total
    }
}

#[async_trait]
impl AlertSource for KafkaReplay {
    async fn fetch(&self, most: usize) -> Result<Option<Vec<Delivery>>, IngestError> {
        self.intake.fetch(most).await
    }

    fn accept(&self, receipts: &[Receipt]) -> Acceptance {
        self.intake.accept(receipts)
    }

    fn is_current(&self, receipt: &Receipt) -> bool {
        self.intake.is_current(receipt)
    }

    fn health(&self) -> SourceHealth {
        let load = self.intake.load();
        let watch = self.watch.lock();
        let partitions = self.streams.iter().filter_map(|(partition, stream)| {
            let (accepted_up_to, in_flight) = self.intake.stream(*stream)?;
            let topic = self.topic.clone();
            Some(PartitionHealth { topic, partition: *partition, accepted_up_to, in_flight, lag: None })
        });
        SourceHealth {
            connected: watch.connected,
            paused: self.intake.is_over(),
            in_flight: load.in_flight,
            in_flight_bytes: load.in_flight_bytes,
            accepted: load.accepted,
            partitions: partitions.collect(),
            trouble: watch.trouble(),
        }
    }

    async fn close(&self, _: Duration) -> Result<(), IngestError> {
        // There is nothing to make known to the brokers, so nothing to wait for.
        self.stop.store(true, Ordering::Relaxed);
        self.intake.stop();
        Ok(())
    }
}

impl Drop for KafkaReplay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.intake.stop();
    }
}

/// What is read of one partition: from `start` up to but without `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    start: i64,
    pub(crate) end: i64,
}

pub(crate) async fn connect(
    access: &KafkaAccess,
    watch: Watch,
    range: ReplayRange,
    partitions: usize,
) -> Result<(BaseConsumer<Watch>, HashMap<i32, Stretch>), IngestError> {
    let mut config = access.config()?;
    config
        // Needed to assign by hand; this group is never joined and never committed to.
        .set("group.id", "quell-replay")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        // A start that is no longer kept is an error and not a silent jump.
        .set("auto.offset.reset", "error")
        .set("statistics.interval.ms", "2000")
        .set("queued.max.messages.kbytes", "16384");
    client::limit_messages(&mut config, 512, 16384);
    let deadline = access.connection.connect_deadline();
    on_blocking_thread("working out the range", move || {
        let consumer: BaseConsumer<Watch> = client::create(&config, watch)?;
        let stretches =
            while_polling(&consumer, || range::stretches(&consumer, &range, partitions, deadline))?;
        let mut list = TopicPartitionList::with_capacity(stretches.len());
        for (partition, stretch) in &stretches {
            let _ = list.add_partition_offset(&range.topic, *partition, Offset::Offset(stretch.start));
        }
        consumer.assign(&list).map_err(|error| failed(&error))?;
        drop(list);
        Ok((consumer, stretches))
    })
    .await
}

/// The thread that reads.
struct Reading {
    consumer: BaseConsumer<Watch>,
    topic: Arc<str>,
    /// Where each partition ends that is not yet read to its end.
    ends: HashMap<i32, i64>,
    streams: HashMap<i32, u64>,
    intake: Arc<Intake>,
    stop: Arc<AtomicBool>,
    paused: bool,
}

impl Reading {
    fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) && !self.ends.is_empty() {
            if let Err(error) = self.pause_or_resume().and_then(|()| self.poll()) {
                self.intake.end(Some(failed(&error)));
            }
            if self.intake.has_ended() {
                break;
            }
        }
        self.intake.end(None);
    }

    fn poll(&mut self) -> Result<(), KafkaError> {
        if self.paused {
            self.intake.wait_for_room(Duration::from_millis(100));
        }
        let wait = if self.paused { Duration::ZERO } else { Duration::from_millis(100) };
        match self.consumer.poll(wait) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.ends.remove(&partition);
            }
            Some(Err(error)) if is_final(&error) => return Err(error),
            Some(Err(_)) => {}
            Some(Ok(message)) => {
                let (partition, offset) = (message.partition(), message.offset());
                let end = self.ends.get(&partition).copied();
                if let (Some(end), Some(stream)) = (end, self.streams.get(&partition))
                    && offset < end
                {
                    self.intake.push(*stream, incoming(&message, self.topic.clone()));
                }
                drop(message);
                if end.is_some_and(|end| offset + 1 >= end) {
                    self.ends.remove(&partition);
                    self.pause_only(partition)?;
                }
            }
        }
        Ok(())
    }

    fn pause_or_resume(&mut self) -> Result<(), KafkaError> {
        let over = self.intake.is_over();
        if over != self.paused {
            let mut list = TopicPartitionList::new();
            for partition in self.ends.keys() {
                list.add_partition(&self.topic, *partition);
            }
            if over {
                self.consumer.pause(&list)?
            } else {
                self.consumer.resume(&list)?
            }
            self.paused = over;
        }
        Ok(())
    }

    fn pause_only(&self, partition: i32) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.topic, partition);
        self.consumer.pause(&list)
    }
}

/// Whether trying again cannot help: the library tries again by itself with everything else.
pub(crate) fn is_final(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(error, KafkaError::MessageConsumptionFatal(_))
        || matches!(
            error.rdkafka_error_code(),
            Some(
                Code::AutoOffsetReset
                    | Code::OffsetOutOfRange
                    | Code::UnknownTopicOrPartition
                    | Code::UnknownPartition
                    | Code::UnknownTopic
                    | Code::TopicAuthorizationFailed
            )
        )
}

pub(crate) fn failed(error: &KafkaError) -> IngestError {
    IngestError::Kafka { doing: "reading the range".into(), problem: plain(error) }
}
