//! Topics that are missing, made, taken away and brought back.

use quell_ingest::kafka::{KafkaAccess, TopicShape, look_for_topics};
use quell_ingest::{AlertSource, IngestError, KafkaSource};

use super::shared;
use crate::broker::{fetch, offsets, receipts, unique};
use crate::waiting::{PATIENCE, until_true};

#[tokio::test]
async fn a_missing_topic_is_named_and_not_made() {
    let (broker, _guard) = shared().await;
    let there = broker.topic(1).await;
    let missing = unique("missing");
    let mut settings = broker.settings(&there);
    settings.topics.push(missing.clone());
    for _ in 0..2 {
        // The second time shows that looking did not make it.
        let Err(error) = KafkaSource::start(&settings).await else { panic!("it started") };
        let IngestError::MissingTopics { topics, .. } = &error else { panic!("{error}") };
        assert_eq!(topics, std::slice::from_ref(&missing));
        assert!(error.to_string().contains(&missing) && error.to_string().contains("create"), "{error}");
    }
}

#[tokio::test]
async fn a_topic_is_made_when_the_settings_say_so_and_only_then() {
    let (broker, _guard) = shared().await;
    let topic = unique("made");
    let mut settings = broker.settings(&topic);
    settings.connection.create_topics = Some(TopicShape { partitions: 3, replication: 1 });
    let source = KafkaSource::start(&settings).await.unwrap();
    until_true("its partitions are assigned", || source.health().partitions.len() == 3).await;
    source.close(PATIENCE).await.unwrap();
    let access = KafkaAccess::new(settings.connection.clone());
    let found = look_for_topics(&access, std::slice::from_ref(&topic)).await.unwrap();
    assert_eq!(found[&topic], 3);

    settings.connection.create_topics = Some(TopicShape { partitions: 1, replication: 3 });
    settings.topics = vec![unique("impossible")];
    let Err(error) = KafkaSource::start(&settings).await else { panic!("it started") };
    let IngestError::CreateTopic { problem, .. } = &error else { panic!("{error}") };
    assert!(problem.contains("replication"), "the broker's own reason is told: {problem}");
}

#[tokio::test]
async fn engines_that_begin_at_the_same_time_make_a_topic_once() {
    let (broker, _guard) = shared().await;
    let topics = [unique("made")];
    let mut connection = broker.connection();
    connection.create_topics = Some(TopicShape { partitions: 3, replication: 1 });
    let access = KafkaAccess::new(connection);
    let looks = (0..8).map(|_| look_for_topics(&access, &topics));
    for found in futures::future::join_all(looks).await {
        assert_eq!(found.unwrap()[&topics[0]], 3);
    }
}

#[tokio::test]
async fn a_topic_that_vanishes_is_told_and_read_again_when_it_is_back() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..3).await;
    let mut settings = broker.settings(&topic);
    settings.connection.metadata_refresh_seconds = 1;
    let source = KafkaSource::start(&settings).await.unwrap();
    source.accept(&receipts(&fetch(&source, 3).await));

    broker.delete(&topic).await;
    until_true("health tells that the topic is gone", || {
        source.health().trouble.is_some_and(|trouble| trouble.what.contains(&topic))
    })
    .await;

    broker.create(&topic, 1, &[]).await;
    broker.write(&topic, 0, 0..2).await;
    assert_eq!(offsets(&fetch(&source, 2).await), [0, 1], "the new topic begins anew");
    until_true("that trouble is over", || {
        // That the committed offset of the old topic is not in the new one is told instead.
        source.health().trouble.is_none_or(|trouble| !trouble.what.contains("is gone"))
    })
    .await;
    source.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn messages_that_the_broker_forgot_before_they_were_read_are_not_missed_in_silence() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..10).await;
    let settings = broker.settings(&topic);
    let source = KafkaSource::start(&settings).await.unwrap();
    source.accept(&receipts(&fetch(&source, 3).await));
    broker.until_committed(&settings, 3).await;
    source.close(PATIENCE).await.unwrap();

    broker.forget_before(&topic, 7).await;
    let source = KafkaSource::start(&settings).await.unwrap();
    assert_eq!(offsets(&fetch(&source, 3).await), [7, 8, 9]);
    until_true("health tells of the loss", || {
        source.health().trouble.is_some_and(|trouble| trouble.what.contains("messages may be lost"))
    })
    .await;
    source.close(PATIENCE).await.unwrap();
}
