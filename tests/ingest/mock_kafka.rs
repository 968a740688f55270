//! Against the client library's mock cluster: quick, and without any service.

use quell_ingest::kafka::{ConnectionSettings, KafkaSettings};
use quell_ingest::{AlertSource, IngestError, KafkaSource};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

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
    settings.connection.connect_deadline_seconds = 2;
    let Err(error) = KafkaSource::start(&settings).await else { panic!("it started") };
    assert!(matches!(error, IngestError::Unreachable { .. }), "{error}");
}
