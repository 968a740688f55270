//! What tests do with a broker besides reading alerts from it: make topics, write, look at commits.

use std::collections::HashMap;
use std::time::Duration;

use quell_ingest::kafka::{ConnectionSettings, KafkaSettings};
use quell_ingest::{AlertSource, Delivery, KafkaSource, Origin, Receipt};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::OwnedMessage;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::waiting::{PATIENCE, until};

/// A broker, by its unencrypted listener.
#[derive(Clone)]
pub struct Broker {
    pub plain: String,
}

impl Broker {
    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.plain);
        config
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config().create().unwrap()
    }

    /// A topic that nobody else has, with so many partitions.
    pub async fn topic(&self, partitions: i32) -> String {
        let name = unique("alerts");
        self.create(&name, partitions, &[]).await;
        name
    }

    pub async fn create(&self, name: &str, partitions: i32, config: &[(&str, &str)]) {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in config {
            topic = topic.set(key, value);
        }
        let admin = self.admin();
        let options = AdminOptions::new().request_timeout(Some(Duration::from_secs(5)));
        until(&format!("{name} is made"), async || {
            // A broker that has just come back may leave a request unanswered.
            let answers = admin.create_topics([&topic], &options).await.ok()?;
            let made = |answer: &Result<_, (String, RDKafkaErrorCode)>| {
                matches!(answer, Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)))
            };
            answers.iter().all(made).then_some(())
        })
        .await;
        let consumer: BaseConsumer = self.config().create().unwrap();
        until(&format!("{name} has leaders"), async || {
            let metadata = consumer.fetch_metadata(Some(name), Duration::from_secs(5)).ok()?;
            let topic = metadata.topics().first()?;
            let led = topic.partitions().iter().filter(|partition| partition.leader() >= 0).count();
            (topic.error().is_none() && led == partitions as usize).then_some(())
        })
        .await;
    }

    pub async fn delete(&self, name: &str) {
        for one in self.admin().delete_topics(&[name], &AdminOptions::new()).await.unwrap() {
            one.unwrap();
        }
    }

    /// Lets the broker forget the messages before this offset, as it does with old ones.
    pub async fn forget_before(&self, topic: &str, offset: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, 0, Offset::Offset(offset)).unwrap();
        let left = self.admin().delete_records(&list, &AdminOptions::new()).await.unwrap();
        left.elements()[0].error().unwrap();
    }

    pub fn producer(&self) -> FutureProducer {
        self.config().set("message.max.bytes", "100000000").create().unwrap()
    }

    /// Writes records `first`, `first + 1`, … into one partition.
    pub async fn write(&self, topic: &str, partition: i32, numbers: std::ops::Range<i64>) {
        let producer = self.producer();
        let texts: Vec<_> = numbers.map(|n| format!("record {n}")).collect();
        let sending = texts.iter().map(|text| {
            let record = FutureRecord::<str, str>::to(topic).partition(partition).payload(text).key("key");
            producer.send(record, PATIENCE)
        });
        for sent in futures::future::join_all(sending).await {
            sent.unwrap();
        }
    }

    /// Writes one message into the first partition; its offset.
    pub async fn send(&self, topic: &str, payload: &[u8]) -> i64 {
        let record = FutureRecord::<[u8], [u8]>::to(topic).partition(0).payload(payload);
        let sent = self.producer().send(record, PATIENCE).await;
        sent.unwrap_or_else(|(error, _)| panic!("the broker does not take {} bytes: {error}", payload.len()))
            .offset
    }

    /// Writes messages into the first partition, in this order, at once.
    pub async fn send_all(&self, topic: &str, payloads: &[Vec<u8>]) {
        self.send_all_to(topic, 0, payloads).await;
    }

    /// Writes messages into this partition, in this order, at once.
    pub async fn send_all_to(&self, topic: &str, partition: i32, payloads: &[Vec<u8>]) {
        let producer = self.producer();
        let sending = payloads.iter().map(|payload| {
            let record = FutureRecord::<[u8], [u8]>::to(topic).partition(partition).payload(payload);
            producer.send(record, PATIENCE)
        });
        for sent in futures::future::join_all(sending).await {
            sent.unwrap();
        }
    }

    /// Writes records `0`, `1`, … into the first partition in one transaction. Its end is marked in the topic: the last
    /// offset there belongs to no message.
    pub async fn write_in_transaction(&self, topic: &str, count: usize) {
        let mut config = self.config();
        let producer: FutureProducer = config.set("transactional.id", unique("writer")).create().unwrap();
        let topic = topic.to_owned();
        let writing = tokio::task::spawn_blocking(move || {
            producer.init_transactions(PATIENCE).unwrap();
            producer.begin_transaction().unwrap();
            for number in 0..count {
                let text = format!("record {number}");
                let record = FutureRecord::<str, str>::to(&topic).partition(0).payload(&text);
                drop(producer.send_result(record).unwrap_or_else(|(error, _)| panic!("{error}")));
            }
            producer.commit_transaction(PATIENCE).unwrap();
        });
        writing.await.unwrap();
    }

    /// The messages of the first partition, as soon as there are so many.
    pub async fn read(&self, topic: &str, count: usize) -> Vec<OwnedMessage> {
        let mut config = self.config();
        config.set("group.id", "reader").set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
        consumer.assign(&list).unwrap();
        let mut all = Vec::new();
        until(&format!("{topic} has {count} messages"), async || {
            while let Some(message) = consumer.poll(Duration::ZERO) {
                all.push(message.unwrap().detach());
            }
            (all.len() >= count).then_some(())
        })
        .await;
        all
    }

    /// The committed offset of a group, by partition.
    pub fn committed(&self, group: &str, topic: &str, partitions: i32) -> HashMap<i32, i64> {
        let consumer: BaseConsumer = self.config().set("group.id", group).create().unwrap();
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition(topic, partition);
        }
        let Ok(found) = consumer.committed_offsets(list, Duration::from_secs(10)) else {
            return HashMap::new();
        };
        let elements = found.elements();
        let committed = elements.iter().filter_map(|element| match element.offset() {
            Offset::Offset(offset) => Some((element.partition(), offset)),
            _ => None,
        });
        committed.collect()
    }

    pub async fn until_committed(&self, settings: &KafkaSettings, offset: i64) {
        let topic = &settings.topics[0];
        until(&format!("{topic} is committed up to {offset}"), async || {
            let committed = self.committed(&settings.group, topic, 1);
            (committed.get(&0) == Some(&offset)).then_some(())
        })
        .await;
    }

    /// Joins a group that others are in.
    pub async fn join(&self, topic: &str, group: &str) -> Member {
        let mut settings = self.settings(topic);
        group.clone_into(&mut settings.group);
        Member(KafkaSource::start(&settings).await.unwrap())
    }

    pub fn connection(&self) -> ConnectionSettings {
        ConnectionSettings::new([&self.plain])
    }

    /// Settings of a group that nobody else has, quick enough for tests.
    pub fn settings(&self, topic: &str) -> KafkaSettings {
        let mut settings = KafkaSettings::new(self.connection(), [topic]);
        settings.group = unique("group");
        settings.commit_interval_milliseconds = 50;
        settings.session_timeout_seconds = 6;
        settings.hand_over_seconds = 0;
        settings
    }
}

/// Another member of a group: it reads what it is given, and accepts nothing.
pub struct Member(KafkaSource);

impl Member {
    /// Returns when it has been given so many records.
    pub async fn read(&self, count: usize) {
        fetch(&self.0, count).await;
    }

    /// Leaves the group; what it read is given to others.
    pub async fn leave(self) {
        self.0.close(PATIENCE).await.unwrap();
    }
}

/// A name that was never used before.
pub fn unique(what: &str) -> String {
    format!("{what}-{}", uuid::Uuid::now_v7().simple())
}

/// Fetches until there are so many.
pub async fn fetch(source: &dyn AlertSource, count: usize) -> Vec<Delivery> {
    let mut all = Vec::new();
    let fetching = async {
        while all.len() < count {
            let most = count - all.len();
            all.extend(source.fetch(most).await.unwrap().expect("the source has ended"));
        }
    };
    if tokio::time::timeout(PATIENCE, fetching).await.is_err() {
        panic!("{} of {count} deliveries within {PATIENCE:?}; {:#?}", all.len(), source.health());
    }
    all
}

pub fn receipts(deliveries: &[Delivery]) -> Vec<Receipt> {
    deliveries.iter().map(|delivery| delivery.receipt).collect()
}

/// Partition and offset of each delivery.
pub fn places(deliveries: &[Delivery]) -> Vec<(i32, i64)> {
    let place = |delivery: &Delivery| match &delivery.origin {
        Origin::Kafka { partition, offset, .. } => (*partition, *offset),
        Origin::File { .. } => panic!("not from kafka: {delivery:?}"),
    };
    deliveries.iter().map(place).collect()
}

pub fn offsets(deliveries: &[Delivery]) -> Vec<i64> {
    places(deliveries).into_iter().map(|(_, offset)| offset).collect()
}
