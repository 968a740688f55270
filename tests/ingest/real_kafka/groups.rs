//! Members that come and go.

use std::collections::BTreeSet;

use futures::FutureExt as _;
use quell_ingest::{AlertSource, KafkaSource};

use super::shared;
use crate::broker::{Broker, fetch, places, receipts};
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
    let topic = two_partitions(&broker).await;
    let mut settings = broker.settings(&topic);
    settings.hand_over_seconds = 60;
    settings.commit_interval_milliseconds = 3_600_000;
    let first = KafkaSource::start(&settings).await.unwrap();
    let begun = fetch(&first, 20).await;

    let second = KafkaSource::start(&settings).await.unwrap();
    // The first member must give one partition up, and waits with that until all is accepted.
    let mut kept = begun.clone();
    while kept.len() > 1 {
        let one = kept.pop().unwrap();
        assert_eq!(first.accept(&receipts(&[one])).counted, 1, "nothing goes stale while it is waited for");
    }
    assert!(second.fetch(1).now_or_never().is_none(), "nothing was handed over yet");
    assert_eq!(first.accept(&receipts(&kept)).counted, 1);
    until_true("each member has a partition", || {
        partitions(&first).len() == 1 && partitions(&second).len() == 1
    })
    .await;
    assert!(partitions(&first).is_disjoint(&partitions(&second)));

    // Everything was accepted by the first, so nothing may come twice; what is new goes to its owner.
    broker.write(&topic, 0, 10..11).await;
    broker.write(&topic, 1, 10..11).await;
    let (of_first, of_second) = (fetch(&first, 1).await, fetch(&second, 1).await);
    assert_eq!(places(&of_first), [(*partitions(&first).first().unwrap(), 10)]);
    assert_eq!(places(&of_second), [(*partitions(&second).first().unwrap(), 10)]);
    first.accept(&receipts(&of_first));
    second.accept(&receipts(&of_second));
    first.close(PATIENCE).await.unwrap();
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
    assert!(second.health().paused && second.fetch(1).now_or_never().is_none());
    assert_eq!(second.accept(&receipts(&held)).counted, 1);
    let mut seen = BTreeSet::from_iter(places(&held));
    while seen.len() < 20 {
        let one = fetch(&second, 1).await;
        second.accept(&receipts(&one));
        assert!(seen.insert(places(&one)[0]), "twice: {one:?}");
    }
    second.close(PATIENCE).await.unwrap();
}
