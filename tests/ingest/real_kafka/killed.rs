//! A process that is killed in the middle. The child is this test program itself.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use quell_ingest::{AlertSource, KafkaSource};

use super::{shared, variable};
use crate::broker::{Broker, fetch, offsets, receipts};
use crate::waiting::PATIENCE;

const TOPIC: &str = "QUELL_TEST_CHILD_TOPIC";
const GROUP: &str = "QUELL_TEST_CHILD_GROUP";

#[tokio::test]
async fn what_a_killed_process_had_not_accepted_is_delivered_again() {
    let (broker, _guard) = shared().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..10).await;
    let mut settings = broker.settings(&topic);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "real_kafka::killed::child_of_the_test_above"])
        .env(TOPIC, &topic)
        .env(GROUP, &settings.group)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready =
        tokio::task::spawn_blocking(|| lines.map_while(Result::ok).any(|line| line.contains("ready")));
    let ready = tokio::time::timeout(PATIENCE, ready).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(ready, Ok(Ok(true))), "the child did not get as far as it should: {ready:?}");

    settings.session_timeout_seconds = 6;
    let source = KafkaSource::start(&settings).await.unwrap();
    assert_eq!(offsets(&fetch(&source, 4).await), [6, 7, 8, 9]);
    source.close(PATIENCE).await.unwrap();
}

/// Accepts 0 to 5 and 8, sees that committed, and then waits to be killed.
#[tokio::test]
#[ignore = "only as the child of the test above"]
async fn child_of_the_test_above() {
    let broker = Broker { plain: variable("QUELL_TEST_KAFKA") };
    let mut settings = broker.settings(&variable(TOPIC));
    settings.group = variable(GROUP);
    let source = KafkaSource::start(&settings).await.unwrap();
    let all = receipts(&fetch(&source, 10).await);
    source.accept(&all[..6]);
    source.accept(&all[8..9]);
    broker.until_committed(&settings, 6).await;
    println!("ready");
    std::future::pending::<()>().await;
}
