//! Reading a stretch of a topic once more.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use quell_ingest::{
    AlertSource, Delivery, FlowLimits, IngestError, KafkaAccess, KafkaReplay, ReplayFrom, ReplayRange,
    ReplayUntil,
};
use rdkafka::producer::FutureRecord;

use super::shared;
use crate::broker::{Broker, offsets, places, receipts};
use crate::waiting::{PATIENCE, until_true};

fn range(topic: &str, from: ReplayFrom, until: ReplayUntil) -> ReplayRange {
    ReplayRange { topic: topic.into(), partitions: None, from, until }
}

async fn replay(broker: &Broker, range: ReplayRange) -> Result<KafkaReplay, IngestError> {
    KafkaReplay::start(&KafkaAccess::new(broker.connection()), range, FlowLimits::default()).await
}

/// Everything up to the end, which must come by itself.
async fn all(replay: &KafkaReplay) -> Vec<Delivery> {
    let mut all = Vec::new();
    let reading = async {
        while let Some(batch) = replay.fetch(7).await.unwrap() {
            replay.accept(&receipts(&batch));
            all.extend(batch);
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the replay has no end");
    all
}

async fn sorted_places(broker: &Broker, range: ReplayRange) -> Vec<(i32, i64)> {
    let replay = replay(broker, range).await.unwrap();
    let mut places = places(&all(&replay).await);
    assert_eq!(places.len() as u64, replay.total_offsets());
    assert!(replay.health().trouble.is_none(), "{:?}", replay.health());
    places.sort_unstable();
    places
}

#[tokio::test]
async fn a_range_of_offsets_is_read_to_its_end_and_nothing_is_committed() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(2).await;
    broker.write(&topic, 0, 0..20).await;
    broker.write(&topic, 1, 0..5).await;
    let whole = sorted_places(&broker, range(&topic, ReplayFrom::Oldest, ReplayUntil::Newest)).await;
    assert_eq!(whole.len(), 25);
    let part = range(&topic, ReplayFrom::Offset(3), ReplayUntil::Offset(8));
    assert_eq!(
        sorted_places(&broker, part.clone()).await,
        [(0, 3), (0, 4), (0, 5), (0, 6), (0, 7), (1, 3), (1, 4)]
    );
    let one = ReplayRange { partitions: Some(vec![1]), ..part };
    assert_eq!(sorted_places(&broker, one).await, [(1, 3), (1, 4)]);
    assert!(broker.committed("quell-replay", &topic, 2).is_empty());
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a broker clears away what is older than it keeps")]
async fn a_range_of_time_is_read() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    let producer = broker.producer();
    let first = DateTime::from_timestamp(Utc::now().timestamp() - 3600, 0).unwrap();
    let at = |second: i64| first + TimeDelta::seconds(second);
    for second in 0..10 {
        let time = at(second).timestamp_millis();
        let record = FutureRecord::<str, str>::to(&topic).payload("x").timestamp(time);
        producer.send(record, PATIENCE).await.unwrap();
    }
    let cases = [
        (ReplayFrom::Time(at(2)), ReplayUntil::Time(at(5)), 2..5),
        (ReplayFrom::Time(at(-100)), ReplayUntil::Time(at(1)), 0..1),
        (ReplayFrom::Time(at(8)), ReplayUntil::Time(at(100)), 8..10),
        (ReplayFrom::Time(at(8)), ReplayUntil::Newest, 8..10),
        (ReplayFrom::Time(at(50)), ReplayUntil::Newest, 0..0),
    ];
    for (from, until, expected) in cases {
        let found = sorted_places(&broker, range(&topic, from, until)).await;
        assert_eq!(found, expected.map(|offset| (0, offset)).collect::<Vec<_>>(), "{from:?} {until:?}");
    }
}

/// The whole topic, of which no more than one message is in flight.
async fn one_at_a_time(broker: &Broker, topic: &str) -> KafkaReplay {
    let flow = FlowLimits { high_count: 1, low_count: 0, ..FlowLimits::default() };
    let access = KafkaAccess::new(broker.connection());
    let whole = range(topic, ReplayFrom::Oldest, ReplayUntil::Newest);
    KafkaReplay::start(&access, whole, flow).await.unwrap()
}

#[tokio::test]
async fn what_comes_after_the_beginning_of_a_replay_is_not_part_of_it() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..10).await;
    let replay = one_at_a_time(&broker, &topic).await;
    let held = replay.fetch(1).await.unwrap().unwrap();
    let too_early = tokio::time::timeout(Duration::from_secs(2), replay.fetch(1)).await;
    assert!(too_early.is_err(), "a second one came while the first was in flight: {too_early:?}");
    broker.write(&topic, 0, 10..20).await;
    replay.accept(&receipts(&held));
    assert_eq!(held.len() + all(&replay).await.len(), 10);
}

#[tokio::test]
async fn a_replay_ends_where_the_last_offset_belongs_to_no_message() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write_in_transaction(&topic, 5).await;
    let whole = replay(&broker, range(&topic, ReplayFrom::Oldest, ReplayUntil::Newest)).await.unwrap();
    assert_eq!((all(&whole).await.len(), whole.total_offsets()), (5, 6));
    // And when the next message that there is came after the beginning.
    let replay = one_at_a_time(&broker, &topic).await;
    let held = replay.fetch(1).await.unwrap().unwrap();
    broker.write(&topic, 0, 0..3).await;
    replay.accept(&receipts(&held));
    assert_eq!(offsets(&all(&replay).await), [1, 2, 3, 4]);
}

#[tokio::test]
async fn messages_that_the_broker_forgets_before_they_are_read_end_a_replay_with_an_error() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..10).await;
    let replay = one_at_a_time(&broker, &topic).await;
    let held = replay.fetch(1).await.unwrap().unwrap();
    until_true("it rests", || replay.health().paused).await;
    broker.forget_before(&topic, 7).await;
    replay.accept(&receipts(&held));
    let failed = tokio::time::timeout(PATIENCE, replay.fetch(1)).await.expect("it has no end");
    assert!(matches!(failed, Err(IngestError::Kafka { .. })), "a gap was passed over: {failed:?}");
}

#[tokio::test]
async fn an_empty_topic_is_at_its_end_and_a_missing_one_is_an_error() {
    let (broker, _guard) = shared().await;
    let empty = broker.topic(3).await;
    let nothing = replay(&broker, range(&empty, ReplayFrom::Oldest, ReplayUntil::Newest)).await.unwrap();
    assert!(all(&nothing).await.is_empty());
    let missing = replay(&broker, range("no-such-topic", ReplayFrom::Oldest, ReplayUntil::Newest)).await;
    assert!(matches!(missing, Err(IngestError::MissingTopics { .. })));
    let absent =
        ReplayRange { partitions: Some(vec![9]), ..range(&empty, ReplayFrom::Oldest, ReplayUntil::Newest) };
    assert!(matches!(replay(&broker, absent).await, Err(IngestError::Range { .. })));
}

#[tokio::test]
async fn closing_ends_a_replay() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..100).await;
    let replay = replay(&broker, range(&topic, ReplayFrom::Oldest, ReplayUntil::Newest)).await.unwrap();
    replay.fetch(1).await.unwrap();
    replay.close(PATIENCE).await.unwrap();
    assert!(replay.fetch(1).now_or_never().unwrap().unwrap().is_none());
}
