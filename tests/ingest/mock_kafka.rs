//! Against the client library's mock cluster: quick, and without any service.

use std::time::Duration;

use quell_ingest::kafka::{ConnectionSettings, KafkaSettings, TopicShape, look_for_topics};
use quell_ingest::{
    AlertSource, DeadLetter, DeadLetters, FileDeadLetters, FlowLimits, IngestError, KafkaAccess,
    KafkaDeadLetters, KafkaReplay, KafkaSource, Origin, ReplayFrom, ReplayRange, ReplayUntil,
};
use rdkafka::Message;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::broker::{Broker, fetch, offsets, receipts, unique};
use crate::waiting::{PATIENCE, until_true};

fn cluster() -> (MockCluster<'static, DefaultProducerContext>, Broker) {
    let cluster = MockCluster::new(1).unwrap();
    let broker = Broker { plain: cluster.bootstrap_servers() };
    (cluster, broker)
}

fn settings(broker: &Broker, topic: &str) -> KafkaSettings {
    let mut settings = KafkaSettings::new(ConnectionSettings::new([&broker.plain]), [topic]);
    settings.group = unique("group");
    settings.commit_interval_milliseconds = 50;
    settings.hand_over_seconds = 0;
    // The mock does not take note of members that leave: it waits until they are silent for so long.
    settings.session_timeout_seconds = 6;
    settings
}

#[tokio::test]
async fn what_was_not_accepted_is_delivered_again() {
    let (cluster, broker) = cluster();
    cluster.create_topic("alerts", 1, 1).unwrap();
    broker.write("alerts", 0, 0..6).await;
    let settings = settings(&broker, "alerts");
    let source = KafkaSource::start(&settings).await.unwrap();
    let all = receipts(&fetch(&source, 6).await);
    source.accept(&all[..2]);
    source.accept(&all[3..]);
    broker.until_committed(&settings, 2).await;
    source.close(PATIENCE).await.unwrap();

    let again = KafkaSource::start(&settings).await.unwrap();
    assert_eq!(offsets(&fetch(&again, 4).await), [2, 3, 4, 5]);
    again.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_broker_that_is_away_is_told_and_waited_for() {
    let (cluster, broker) = cluster();
    cluster.create_topic("alerts", 1, 1).unwrap();
    broker.write("alerts", 0, 0..1).await;
    let source = KafkaSource::start(&settings(&broker, "alerts")).await.unwrap();
    source.accept(&receipts(&fetch(&source, 1).await));
    cluster.broker_down(1).unwrap();
    until_true("health tells that the broker is away", || {
        let health = source.health();
        !health.connected && health.trouble.is_some()
    })
    .await;
    cluster.broker_up(1).unwrap();
    broker.write("alerts", 0, 1..2).await;
    assert_eq!(offsets(&fetch(&source, 1).await), [1]);
    assert!(source.health().connected);
    source.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_broker_that_was_never_there_is_an_error_within_the_deadline() {
    let mut settings = settings(&Broker { plain: "127.0.0.1:1".into() }, "alerts");
    settings.connection.connect_deadline_seconds = 3;
    let begun = std::time::Instant::now();
    let Err(error) = KafkaSource::start(&settings).await else { panic!("it started") };
    assert!(matches!(error, IngestError::Unreachable { .. }), "{error}");
    assert!(begun.elapsed().as_secs() >= 3, "it was not waited for: {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_replay_with_marks_that_would_stop_it_for_good_is_refused() {
    let access = KafkaAccess::new(ConnectionSettings::new(["127.0.0.1:1"]));
    let range = ReplayRange {
        topic: "alerts".into(),
        partitions: None,
        from: ReplayFrom::Oldest,
        until: ReplayUntil::Newest,
    };
    let flow = FlowLimits { high_count: 1, low_count: 1, ..FlowLimits::default() };
    let Err(error) = KafkaReplay::start(&access, range, flow).await else { panic!("it started") };
    assert!(matches!(error, IngestError::Settings { .. }), "{error}");
}

#[tokio::test]
async fn a_partition_that_is_lost_is_let_go_of_at_once_and_comes_again() {
    let (cluster, broker) = cluster();
    cluster.create_topic("alerts", 1, 1).unwrap();
    broker.write("alerts", 0, 0..4).await;
    let mut settings = settings(&broker, "alerts");
    settings.hand_over_seconds = 200;
    let source = KafkaSource::start(&settings).await.unwrap();
    let begun = receipts(&fetch(&source, 4).await);
    source.accept(&begun[..1]);
    broker.until_committed(&settings, 1).await;

    // The group has lost patience by the time the broker is back: the partition is another's for all we know.
    cluster.broker_down(1).unwrap();
    let gone = until_true("the partition is let go of", || source.health().partitions.is_empty());
    tokio::time::timeout(Duration::from_secs(100), gone).await.expect("waiting is of no use, and blocks");
    assert_eq!(source.accept(&begun).counted, 0, "whoever has the partition now decides them");
    cluster.broker_up(1).unwrap();
    let again = fetch(&source, 3).await;
    assert_eq!(offsets(&again), [1, 2, 3]);
    assert!(again.iter().all(|delivery| source.is_current(&delivery.receipt)));
    source.accept(&receipts(&again));
    broker.until_committed(&settings, 4).await;
    source.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_partition_that_goes_back_is_read_again_from_there() {
    let (cluster, broker) = cluster();
    cluster.create_topic("alerts", 1, 1).unwrap();
    broker.write("alerts", 0, 0..4).await;
    let source = KafkaSource::start(&settings(&broker, "alerts")).await.unwrap();
    let begun = receipts(&fetch(&source, 4).await);
    source.accept(&begun[..2]);
    broker.write("alerts", 0, 4..5).await;
    // As with a topic that was made anew: its beginning is read again. Not every error reaches the client.
    let out_of_range = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE];
    for _ in 0..10 {
        cluster.request_errors(RDKafkaApiKey::Fetch, &out_of_range);
        let back = until_true("the partition goes back", || !source.is_current(&begun[3]));
        if tokio::time::timeout(Duration::from_secs(5), back).await.is_ok() {
            break;
        }
    }
    let mut again = Vec::new();
    while again.len() < 5 {
        again.extend(fetch(&source, 1).await);
        again.retain(|delivery| source.is_current(&delivery.receipt));
    }
    assert_eq!(offsets(&again), [0, 1, 2, 3, 4]);
    assert_eq!(source.accept(&begun).counted, 0, "what was begun before is another record for all we know");
    let trouble = source.health().trouble.unwrap();
    assert!(trouble.what.contains("messages may be lost"), "{trouble:?}");
    source.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_topic_that_we_may_not_read_is_not_taken_for_a_missing_one() {
    let (cluster, broker) = cluster();
    cluster.create_topic("alerts", 1, 1).unwrap();
    cluster.topic_error("alerts", RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED).unwrap();
    let mut settings = settings(&broker, "alerts");
    settings.connection.create_topics = Some(TopicShape { partitions: 1, replication: 1 });
    let Err(error) = KafkaSource::start(&settings).await else { panic!("it started") };
    assert!(error.to_string().contains("grant READ and DESCRIBE"), "{error}");
}

#[tokio::test]
async fn a_topic_whose_leaders_are_being_chosen_is_there() {
    let (cluster, broker) = cluster();
    cluster.create_topic("alerts", 1, 1).unwrap();
    cluster.topic_error("alerts", RDKafkaRespErr::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE).unwrap();
    let access = KafkaAccess::new(ConnectionSettings::new([&broker.plain]));
    assert!(look_for_topics(&access, &["alerts".into()]).await.unwrap().contains_key("alerts"));
}

fn letter(bytes: &[u8]) -> DeadLetter {
    DeadLetter {
        reason: "no JSON".into(),
        place: None,
        origin: Origin::Kafka { topic: "alerts".into(), partition: 0, offset: 7, timestamp_ms: None },
        key: None,
        bytes: bytes.to_vec(),
        engine_version: "0".into(),
        time: chrono::DateTime::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn a_letter_that_the_broker_refuses_is_an_error_unless_it_is_for_its_size() {
    use RDKafkaRespErr::{
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE as TOO_LARGE, RD_KAFKA_RESP_ERR_POLICY_VIOLATION as NOT_ALLOWED,
    };
    let (cluster, broker) = cluster();
    cluster.create_topic("dead", 1, 1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("too-large.jsonl");
    let access = KafkaAccess::new(ConnectionSettings::new([&broker.plain]));
    let letters =
        KafkaDeadLetters::start(&access, "dead", FileDeadLetters::open(&file).unwrap()).await.unwrap();
    let in_file = || FileDeadLetters::read(&file).unwrap().count();

    // Refused at once, or when a batch was too large and the letter is sent once more by itself.
    for errors in [&[NOT_ALLOWED][..], &[TOO_LARGE, NOT_ALLOWED]] {
        cluster.request_errors(RDKafkaApiKey::Produce, errors);
        let error = letters.write(&[letter(b"refused")]).await.unwrap_err().to_string();
        assert!(error.contains("topic dead") && error.contains("violation"), "{error}");
        assert_eq!(in_file(), 0, "only what is too large belongs there");
    }
    cluster.request_errors(RDKafkaApiKey::Produce, &[TOO_LARGE]);
    letters.write(&[letter(b"fits by itself")]).await.unwrap();
    assert_eq!(in_file(), 0);
    cluster.request_errors(RDKafkaApiKey::Produce, &[TOO_LARGE, TOO_LARGE]);
    letters.write(&[letter(b"never fits")]).await.unwrap();
    assert_eq!(in_file(), 1);
    assert_eq!(broker.read("dead", 1).await[0].payload(), Some(&b"fits by itself"[..]));
}
