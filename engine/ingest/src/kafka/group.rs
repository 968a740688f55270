//! The partitions in our care, and how they come and go.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::explain::plain;
use super::watch::Watch;
use crate::intake::Intake;
use crate::source::PartitionHealth;

/// The consumer of a group member.
pub(crate) type Member = BaseConsumer<GroupContext>;

/// Which stream of the hand-over belongs to which partition.
#[derive(Default)]
pub(crate) struct Assignment {
    streams: Mutex<HashMap<(Arc<str>, i32), u64>>,
}

/// Listens to a group member.
pub(crate) struct GroupContext {
    watch: Watch,
    intake: Arc<Intake>,
    assignment: Arc<Assignment>,
    /// Whether reading rests. Partitions that are newly assigned must rest as well.
    pub(crate) paused: Arc<AtomicBool>,
    hand_over: Arc<HandOver>,
}

/// How long a partition that is given up waits for what was begun with. Leaving may shorten it.
pub(crate) struct HandOver(AtomicU64);

impl HandOver {
    pub(crate) fn new(wait: Duration) -> Self {
        Self(AtomicU64::new(milliseconds(wait)))
    }

    pub(crate) fn shorten_to(&self, wait: Duration) {
        self.0.fetch_min(milliseconds(wait), Ordering::Relaxed);
    }

    fn wait(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

fn milliseconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

impl Assignment {
    /// The stream of this partition, and the topic's name to share; a new stream where there is none.
    pub(crate) fn stream(&self, intake: &Intake, topic: &str, partition: i32) -> (Arc<str>, u64) {
        let key = (Arc::from(topic), partition);
        let stream = *self.streams.lock().entry(key.clone()).or_insert_with(|| intake.open_stream());
        (key.0, stream)
    }

    /// Begins anew with this partition: what was open of it goes stale.
    pub(crate) fn renew(&self, intake: &Intake, topic: &str, partition: i32) -> (Arc<str>, u64) {
        if let Some(stream) = self.remove(topic, partition) {
            intake.close_stream(stream);
        }
        self.stream(intake, topic, partition)
    }

    pub(crate) fn health(&self, intake: &Intake, lag: &HashMap<(String, i32), i64>) -> Vec<PartitionHealth> {
        let streams = self.streams.lock().clone();
        let mut partitions: Vec<_> = streams
            .into_iter()
            .filter_map(|((topic, partition), stream)| {
                let (accepted_up_to, in_flight) = intake.stream(stream)?;
                let topic = topic.to_string();
                let lag = lag.get(&(topic.clone(), partition)).copied();
                Some(PartitionHealth { topic, partition, accepted_up_to, in_flight, lag })
            })
            .collect();
        partitions.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        partitions
    }

    /// Gives the client library the positions that have moved; it commits them by its clock.
    pub(crate) fn store_positions(&self, intake: &Intake, consumer: &Member) {
        let moved: HashMap<u64, i64> = intake.take_positions().into_iter().collect();
        if moved.is_empty() {
            return;
        }
        // A list that has been through `store_offsets` holds on to the partitions, and a consumer that is
        // dropped waits for ever for whoever does. So the list lives in this block and nowhere else.
        let mut list = TopicPartitionList::with_capacity(moved.len());
        for ((topic, partition), stream) in self.streams.lock().iter() {
            if let Some(position) = moved.get(stream) {
                let _ = list.add_partition_offset(topic, *partition, Offset::Offset(*position));
            }
        }
        quell_crash::point!("ingest.offsets.storing");
        let stored = consumer.store_offsets(&list);
        quell_crash::point!("ingest.offsets.stored");
        if let Err(error) = stored {
            // Only partitions that are not ours any more are refused; they are delivered to their new owner.
            tracing::debug!(problem = plain(&error), "an offset was not stored");
        }
    }

    fn streams_of(&self, list: &TopicPartitionList) -> Vec<u64> {
        let streams = self.streams.lock();
        list.elements()
            .iter()
            .filter_map(|element| streams.get(&(Arc::from(element.topic()), element.partition())).copied())
            .collect()
    }

    fn remove(&self, topic: &str, partition: i32) -> Option<u64> {
        self.streams.lock().remove(&(Arc::from(topic), partition))
    }
}

impl GroupContext {
    pub(crate) fn new(
        watch: Watch,
        intake: Arc<Intake>,
        assignment: Arc<Assignment>,
        hand_over: Arc<HandOver>,
    ) -> Self {
        Self { watch, intake, assignment, paused: Arc::default(), hand_over }
    }

    /// A message of this topic has come.
    pub(crate) fn note_read(&self, topic: &str) {
        self.watch.note_read(topic);
    }

    fn assign(&self, list: &TopicPartitionList) {
        for element in list.elements() {
            tracing::info!(topic = element.topic(), partition = element.partition(), "partition assigned");
            self.assignment.renew(&self.intake, element.topic(), element.partition());
        }
        if list.count() > 0 {
            self.watch.state().lock().note_assigned();
        }
    }

    /// Gives partitions up gracefully: what nobody has begun with is withdrawn at once, what was handed
    /// out may still be accepted for a moment, and all that was accepted is made known before they go.
    fn revoke(&self, consumer: &Member, list: &TopicPartitionList) {
        let streams = self.assignment.streams_of(list);
        self.intake.withdraw(&streams);
        // Partitions that were lost have their new owner already: waiting would be of no use.
        if !consumer.assignment_lost() && !self.intake.wait_until_accepted(&streams, self.hand_over.wait()) {
            tracing::warn!("partitions are given up with records not yet accepted; they are delivered again");
        }
        self.assignment.store_positions(&self.intake, consumer);
        for element in list.elements() {
            let (topic, partition) = (element.topic(), element.partition());
            let left =
                self.assignment.remove(topic, partition).map(|stream| self.intake.close_stream(stream));
            tracing::info!(topic, partition, left = left.unwrap_or_default(), "partition given up");
        }
    }
}

impl ConsumerContext for GroupContext {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => self.assign(list),
            Rebalance::Revoke(list) => self.revoke(consumer, list),
            Rebalance::Error(error) => {
                tracing::warn!(problem = plain(error), "the group could not be rebalanced; trying again");
            }
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(list) = rebalance
            && list.count() > 0
            && self.paused.load(Ordering::Relaxed)
            && let Err(error) = consumer.pause(list)
        {
            tracing::warn!(problem = plain(&error), "a new partition could not be paused");
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(error) = result {
            // The next commit holds the same or later positions, so nothing is lost by going on.
            tracing::warn!(problem = plain(&error), "offsets could not be committed; trying again");
        }
        quell_crash::point!("ingest.offsets.committed");
    }
}

impl ClientContext for GroupContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, about: &str, words: &str) {
        self.watch.log(level, about, words);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.watch.error(error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.watch.stats_raw(statistics);
    }

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.watch.generate_oauth_token(config)
    }
}
