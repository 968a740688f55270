//! Members that come and go.

use std::collections::BTreeSet;
use std::time::Duration;

use quell_ingest::{AlertSource, KafkaSource};

use super::shared;
use crate::broker::{Broker, fetch, offsets, places, receipts};
use crate::waiting::{PATIENCE, until, until_true};

fn partitions(source: &KafkaSource) -> BTreeSet<i32> {
    source.health().partitions.iter().map(|partition| partition.partition).collect()
}

async fn two_partitions(broker: &Broker) -> String {
    let topic = broker.topic(2).await;
    broker.write(&topic, 0, 0..10).await;
    broker.write(&topic, 1, 0..10).await;
    topic
}

#[tokio::test]
async fn a_partition_is_handed_over_after_what_was_begun_is_accepted() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(2).await;
    let mut settings = broker.settings(&topic);
    settings.hand_over_seconds = 200;
    settings.commit_interval_milliseconds = 3_600_000;
    let first = KafkaSource::start(&settings).await.unwrap();
    // The first half of each partition is begun with, the second half waits to be fetched.
    let mut begun = Vec::new();
    for partition in 0..2 {
        broker.write(&topic, partition, 0..5).await;
        begun.push(fetch(&first, 5).await);
    }
    for partition in 0..2 {
        broker.write(&topic, partition, 5..10).await;
    }
    until_true("everything has come", || first.health().in_flight == 20).await;

    let second = KafkaSource::start(&settings).await.unwrap();
    // The first member must give one partition up. What of it nobody has begun with is taken back at once, and nothing
    // of the other partition.
    until_true("one partition is given up", || first.health().in_flight < 20).await;
    assert_eq!(first.health().in_flight, 15);
    let too_early = tokio::time::timeout(Duration::from_secs(3), second.fetch(1)).await;
    assert!(too_early.is_err(), "it was handed over before what was begun was accepted: {too_early:?}");
    let begun = receipts(&begun.concat());
    assert_eq!(first.accept(&begun).counted, 10, "nothing goes stale while it is waited for");
    until_true("each member has a partition", || {
        partitions(&first).len() == 1 && partitions(&second).len() == 1
    })
    .await;
    assert!(partitions(&first).is_disjoint(&partitions(&second)));

    // What the first one has accepted does not come twice, and each one goes on with its own.
    for member in [&first, &second] {
        let partition = *partitions(member).first().unwrap();
        let rest = fetch(member, 5).await;
        assert_eq!(places(&rest), (5..10).map(|offset| (partition, offset)).collect::<Vec<_>>());
        assert_eq!(member.accept(&receipts(&rest)).counted, 5);
    }
    first.close(PATIENCE).await.unwrap();
    second.close(PATIENCE).await.unwrap();
    assert_eq!(broker.committed(&settings.group, &topic, 2), [(0, 10), (1, 10)].into());
}

#[tokio::test]
async fn who_is_let_go_without_a_word_leaves_its_partitions_to_others_at_once() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..3).await;
    let mut settings = broker.settings(&topic);
    settings.hand_over_seconds = 200;
    // The group must not be what loses patience.
    settings.session_timeout_seconds = 120;
    let first = KafkaSource::start(&settings).await.unwrap();
    fetch(&first, 3).await;
    drop(first);
    let second = KafkaSource::start(&settings).await.unwrap();
    let again = tokio::time::timeout(Duration::from_secs(100), fetch(&second, 3)).await;
    let again = again.expect("the first one is still in the group");
    assert_eq!(offsets(&again), [0, 1, 2]);
    second.accept(&receipts(&again));
    second.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn what_is_not_accepted_in_time_goes_stale_and_comes_to_the_new_owner() {
    let (broker, _guard) = shared().await;
    let topic = two_partitions(&broker).await;
    let settings = broker.settings(&topic);
    let first = KafkaSource::start(&settings).await.unwrap();
    let begun = fetch(&first, 20).await;
    let second = KafkaSource::start(&settings).await.unwrap();
    until_true("each member has a partition", || {
        partitions(&first).len() == 1 && partitions(&second).len() == 1
    })
    .await;

    let moved = *partitions(&second).first().unwrap();
    let again = fetch(&second, 10).await;
    assert_eq!(places(&again), (0..10).map(|offset| (moved, offset)).collect::<Vec<_>>());
    for delivery in &begun {
        let stays = places(std::slice::from_ref(delivery))[0].0 != moved;
        assert_eq!(first.is_current(&delivery.receipt), stays, "{delivery:?}");
    }
    let late = first.accept(&receipts(&begun));
    assert_eq!((late.counted, late.ignored), (10, 10), "late acceptance is no error and no acceptance");
    let stays = 1 - moved;
    until("only what is ours is committed", async || {
        let committed = broker.committed(&settings.group, &topic, 2);
        (committed.get(&stays) == Some(&10)).then_some(())
    })
    .await;
    assert!(broker.committed(&settings.group, &topic, 2).get(&moved).is_none_or(|offset| *offset == 0));
    first.close(PATIENCE).await.unwrap();
    second.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn while_reading_rests_a_new_partition_rests_too() {
    let (broker, _guard) = shared().await;
    let topic = two_partitions(&broker).await;
    let mut settings = broker.settings(&topic);
    let first = KafkaSource::start(&settings).await.unwrap();
    fetch(&first, 20).await;
    settings.flow.high_count = 1;
    settings.flow.low_count = 0;
    let second = KafkaSource::start(&settings).await.unwrap();
    let held = fetch(&second, 1).await;
    until_true("the second member rests", || second.health().paused).await;
    first.close(PATIENCE).await.unwrap();
    until_true("the second member has both", || partitions(&second).len() == 2).await;
    assert!(second.health().paused);
    let too_early = tokio::time::timeout(Duration::from_secs(3), second.fetch(1)).await;
    assert!(too_early.is_err(), "it was read while the other one rests: {too_early:?}");
    assert_eq!(second.accept(&receipts(&held)).counted, 1);
    let mut seen = BTreeSet::from_iter(places(&held));
    while seen.len() < 20 {
        let one = fetch(&second, 1).await;
        second.accept(&receipts(&one));
        assert!(seen.insert(places(&one)[0]), "twice: {one:?}");
    }
    second.close(PATIENCE).await.unwrap();
}
