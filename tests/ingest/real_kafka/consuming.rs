//! Reading, accepting, committing, resting.

use std::time::Duration;

use futures::FutureExt as _;
use quell_ingest::kafka::StartAt;
use quell_ingest::{AlertSource, FlowLimits, KafkaSource, Origin, Payload};
use rdkafka::producer::FutureRecord;

use super::shared;
use crate::broker::{fetch, offsets, places, receipts};
use crate::waiting::{PATIENCE, until_true};

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the broker goes by the clock on the wall")]
async fn a_message_arrives_whole_and_says_where_it_was() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    let producer = broker.producer();
    let bytes = [0, 255, 10, 0];
    // Older ones are cleared away by the broker, perhaps before they are read.
    let written = chrono::Utc::now().timestamp_millis() - 3_600_123;
    let with_key = FutureRecord::<[u8], [u8]>::to(&topic).key(b"k\0").payload(&bytes).timestamp(written);
    producer.send(with_key, PATIENCE).await.unwrap();
    producer.send(FutureRecord::<[u8], [u8]>::to(&topic), PATIENCE).await.unwrap();

    let source = KafkaSource::start(&broker.settings(&topic)).await.unwrap();
    let all = fetch(&source, 2).await;
    let origin =
        Origin::Kafka { topic: topic.as_str().into(), partition: 0, offset: 0, timestamp_ms: Some(written) };
    assert_eq!(all[0].origin, origin);
    assert_eq!(all[0].key.as_deref(), Some(&b"k\0"[..]));
    assert_eq!(all[0].payload, Payload::Bytes(bytes.to_vec()));
    assert_eq!((&all[1].key, &all[1].payload), (&None, &Payload::Bytes(Vec::new())));
    source.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn only_what_has_nothing_open_before_it_is_committed() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..10).await;
    let settings = broker.settings(&topic);
    let source = KafkaSource::start(&settings).await.unwrap();
    let all = receipts(&fetch(&source, 10).await);

    // From the back: nothing may be committed until the first one is accepted.
    source.accept(&all[5..]);
    source.accept(&all[1..4]);
    broker.until_committed(&settings, 0).await;
    source.accept(&all[..1]);
    broker.until_committed(&settings, 4).await;
    assert_eq!(source.accept(&all).counted, 1, "only number 4 was still open");
    broker.until_committed(&settings, 10).await;
    source.close(PATIENCE).await.unwrap();
    assert_eq!(broker.committed(&settings.group, &topic, 1)[&0], 10);
}

#[tokio::test]
async fn closing_commits_what_was_accepted_and_the_rest_comes_again() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..10).await;
    let mut settings = broker.settings(&topic);
    // The clock must not do what closing has to do.
    settings.commit_interval_milliseconds = 3_600_000;
    let first = KafkaSource::start(&settings).await.unwrap();
    let all = receipts(&fetch(&first, 10).await);
    first.accept(&all[..6]);
    first.accept(&all[8..9]);
    first.close(PATIENCE).await.unwrap();
    assert!(first.fetch(1).await.unwrap().is_none());
    first.close(PATIENCE).await.unwrap();

    let second = KafkaSource::start(&settings).await.unwrap();
    assert_eq!(offsets(&fetch(&second, 4).await), [6, 7, 8, 9]);
    second.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn closing_waits_for_what_was_begun_and_lets_what_is_accepted_go_ahead() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..6).await;
    let mut settings = broker.settings(&topic);
    settings.commit_interval_milliseconds = 3_600_000;
    settings.hand_over_seconds = 200;
    let source = KafkaSource::start(&settings).await.unwrap();
    until_true("everything has come", || source.health().in_flight == 6).await;
    let begun = receipts(&fetch(&source, 4).await);
    source.accept(&begun[..2]);

    let mut closing = std::pin::pin!(source.close(PATIENCE));
    assert!((&mut closing).now_or_never().is_none(), "two were handed out and not accepted");
    assert!(source.fetch(1).now_or_never().unwrap().unwrap().is_none(), "nothing more is handed out");
    // Were the process killed now, what is accepted would not come again.
    broker.until_committed(&settings, 2).await;
    assert_eq!(source.accept(&begun).counted, 2, "what was begun may still be accepted");
    closing.await.unwrap();
    assert_eq!(broker.committed(&settings.group, &topic, 1)[&0], 4, "closed is closed: all is committed");
    let health = source.health();
    assert!(!health.connected && health.partitions.is_empty() && health.in_flight == 0, "{health:?}");
}

#[tokio::test]
async fn closing_leaves_the_group_within_its_deadline_whatever_is_still_open() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..3).await;
    let mut settings = broker.settings(&topic);
    settings.hand_over_seconds = 200;
    let source = KafkaSource::start(&settings).await.unwrap();
    let begun = receipts(&fetch(&source, 3).await);
    source.accept(&begun[..1]);
    source.close(Duration::from_secs(8)).await.unwrap();
    assert_eq!(broker.committed(&settings.group, &topic, 1)[&0], 1);
    assert_eq!(source.accept(&begun).counted, 0, "the partition is somebody else's now");
}

#[tokio::test]
async fn topics_of_one_source_are_kept_apart() {
    let (broker, _guard) = shared().await;
    let (one, other) = (broker.topic(1).await, broker.topic(1).await);
    let mut settings = broker.settings(&one);
    settings.topics.push(other.clone());
    let source = KafkaSource::start(&settings).await.unwrap();
    let mut begun = Vec::new();
    for (topic, numbers) in [(&one, 0..2), (&other, 0..1), (&one, 2..3), (&other, 1..2)] {
        let expected: Vec<_> = numbers.clone().map(|offset| (topic.clone(), offset)).collect();
        broker.write(topic, 0, numbers).await;
        let come = fetch(&source, expected.len()).await;
        let from = come.iter().map(|delivery| match &delivery.origin {
            Origin::Kafka { topic, offset, .. } => (topic.to_string(), *offset),
            Origin::File { .. } => panic!("{delivery:?}"),
        });
        assert_eq!(from.collect::<Vec<_>>(), expected);
        begun.extend(come);
    }
    source.accept(&receipts(&begun));
    source.close(PATIENCE).await.unwrap();
    assert_eq!(broker.committed(&settings.group, &one, 1)[&0], 3);
    assert_eq!(broker.committed(&settings.group, &other, 1)[&0], 2);
}

#[tokio::test]
async fn who_begins_with_the_latest_reads_nothing_older_and_goes_on_where_it_was() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..3).await;
    let mut settings = broker.settings(&topic);
    settings.start = StartAt::Latest;
    let source = KafkaSource::start(&settings).await.unwrap();
    let mut next = 3;
    // Where the latest is, is worked out some time after the partition was given to us.
    let first = loop {
        broker.write(&topic, 0, next..next + 1).await;
        next += 1;
        if let Ok(come) = tokio::time::timeout(Duration::from_millis(200), source.fetch(1)).await {
            break come.unwrap().unwrap();
        }
    };
    assert!(offsets(&first)[0] >= 3, "{first:?}");
    source.accept(&receipts(&first));
    source.close(PATIENCE).await.unwrap();
    broker.write(&topic, 0, next..next + 1).await;
    let again = KafkaSource::start(&settings).await.unwrap();
    assert_eq!(
        offsets(&fetch(&again, 1).await),
        [offsets(&first)[0] + 1],
        "nothing is left out while it is away"
    );
    again.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn partitions_keep_their_order_and_are_committed_each_by_itself() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(3).await;
    for partition in 0..3 {
        broker.write(&topic, partition, 0..50).await;
    }
    let settings = broker.settings(&topic);
    let source = KafkaSource::start(&settings).await.unwrap();
    let all = fetch(&source, 150).await;
    for partition in 0..3 {
        let of_partition: Vec<_> = places(&all).into_iter().filter(|place| place.0 == partition).collect();
        assert_eq!(of_partition, (0..50).map(|offset| (partition, offset)).collect::<Vec<_>>());
    }
    let (second, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|delivery| places(std::slice::from_ref(delivery))[0].0 == 1);
    source.accept(&receipts(&others));
    source.accept(&receipts(&second[..7]));
    crate::waiting::until("each partition is committed as far as it was accepted", async || {
        let committed = broker.committed(&settings.group, &topic, 3);
        let expected = [(0, 50), (1, 7), (2, 50)];
        (expected.iter().all(|(partition, offset)| committed.get(partition) == Some(offset))).then_some(())
    })
    .await;
    let health = source.health();
    assert_eq!((health.partitions.len(), health.partitions[1].accepted_up_to), (3, Some(7)));
    source.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn reading_pauses_under_load_without_leaving_the_group_and_goes_on_without_loss() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(2).await;
    broker.write(&topic, 0, 0..200).await;
    broker.write(&topic, 1, 0..200).await;
    let mut settings = broker.settings(&topic);
    settings.flow = FlowLimits { high_count: 20, low_count: 5, ..FlowLimits::default() };
    let source = KafkaSource::start(&settings).await.unwrap();
    let mut seen = Vec::new();
    let mut rests = 0;
    while seen.len() < 400 {
        until_true("something waits", || source.health().in_flight > 0).await;
        let mut batch = fetch(&source, source.health().in_flight).await;
        if source.health().paused {
            rests += 1;
            let in_flight = source.health().in_flight;
            assert!(in_flight <= 21, "{:?}", source.health());
            // What was read after we had asked, and before it came to rest, still waits.
            batch.extend(fetch(&source, in_flight - batch.len()).await);
            assert!(source.fetch(1).now_or_never().is_none(), "nothing may come while reading rests");
        }
        seen.extend(places(&batch));
        source.accept(&receipts(&batch));
    }
    assert!(rests >= 5, "it rested only {rests} times");
    assert_eq!(source.health().partitions.len(), 2, "it never left the group");
    for partition in 0..2 {
        let of_partition: Vec<_> =
            seen.iter().filter(|place| place.0 == partition).map(|place| place.1).collect();
        assert_eq!(of_partition, (0..200).collect::<Vec<_>>(), "none lost, none twice, in order");
    }
    until_true("it does not rest for ever", || !source.health().paused).await;
    source.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_rest_longer_than_the_groups_patience_does_not_cost_the_partition() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..10).await;
    let mut settings = broker.settings(&topic);
    settings.flow = FlowLimits { high_count: 1, low_count: 0, ..FlowLimits::default() };
    let source = KafkaSource::start(&settings).await.unwrap();
    let held = fetch(&source, 1).await;
    // Twice the session timeout, seen from the broker's side by a fetch that must not be answered.
    let waited = tokio::time::timeout(Duration::from_secs(13), source.fetch(1)).await;
    assert!(waited.is_err(), "a second delivery came while the first was in flight");
    assert_eq!(source.accept(&receipts(&held)).counted, 1, "the partition is still ours");
    assert_eq!(offsets(&fetch(&source, 1).await), [1]);
    source.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn lag_is_told() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..10).await;
    let source = KafkaSource::start(&broker.settings(&topic)).await.unwrap();
    let all = receipts(&fetch(&source, 10).await);
    source.accept(&all[..3]);
    until_true("the lag is seven", || source.health().partitions.first().is_some_and(|p| p.lag == Some(7)))
        .await;
    let health = source.health();
    assert!(health.connected && health.trouble.is_none() && health.in_flight == 7, "{health:?}");
    source.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_message_of_thirty_megabytes_comes_through() {
    let (broker, _guard) = shared().await;
    let topic = crate::broker::unique("large");
    broker.create(&topic, 1, &[("max.message.bytes", "60000000")]).await;
    let large = vec![b'x'; 30 << 20];
    let producer = broker.producer();
    producer.send(FutureRecord::<[u8], [u8]>::to(&topic).payload(&large), PATIENCE).await.unwrap();
    broker.write(&topic, 0, 1..3).await;
    let mut settings = broker.settings(&topic);
    settings.fetch_ahead_kilobytes = 1024;
    let source = KafkaSource::start(&settings).await.unwrap();
    let first = fetch(&source, 1).await;
    assert!(first[0].payload.bytes() == large);
    source.accept(&receipts(&first));
    assert_eq!(offsets(&fetch(&source, 2).await), [1, 2]);
    source.close(PATIENCE).await.unwrap();
}
