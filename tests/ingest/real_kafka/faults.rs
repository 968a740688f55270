//! Brokers that stop, hang, and come back.

use quell_ingest::{
    AlertSource, DeadLetter, DeadLetters, FileDeadLetters, IngestError, KafkaAccess, KafkaDeadLetters,
    KafkaSource, Origin,
};

use super::{alone, control};
use crate::broker::{fetch, offsets, receipts};
use crate::waiting::{PATIENCE, until_true};

/// Puts the broker back whatever becomes of the test.
struct BackAtTheEnd;

impl Drop for BackAtTheEnd {
    fn drop(&mut self) {
        control(&["start"]);
    }
}

async fn control_elsewhere(command: &'static str) {
    tokio::task::spawn_blocking(move || control(&[command])).await.unwrap();
}

#[tokio::test]
async fn a_broker_that_is_stopped_or_killed_and_started_again_costs_nothing() {
    let (broker, _guard) = alone().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..10).await;
    let mut settings = broker.settings(&topic);
    // Longer than the broker is away: after that the group would give the partition away.
    settings.session_timeout_seconds = 120;
    let source = KafkaSource::start(&settings).await.unwrap();
    let begun = fetch(&source, 10).await;
    source.accept(&receipts(&begun[..4]));
    broker.until_committed(&settings, 4).await;

    let _back = BackAtTheEnd;
    let mut accepted = 4;
    for (round, command) in (1..).zip(["stop", "kill"]) {
        control_elsewhere(command).await;
        until_true("health tells that no broker is there", || {
            let health = source.health();
            !health.connected && health.trouble.is_some()
        })
        .await;
        // What was fetched before can be accepted while no broker is there.
        assert_eq!(source.accept(&receipts(&begun[accepted..accepted + 3])).counted, 3);
        accepted += 3;
        control_elsewhere("start").await;
        until_true("health tells that it is back", || {
            let health = source.health();
            health.connected && health.trouble.is_none()
        })
        .await;
        broker.until_committed(&settings, 4 + 3 * round).await;
    }
    source.accept(&receipts(&begun));
    broker.write(&topic, 0, 10..12).await;
    assert_eq!(offsets(&fetch(&source, 2).await), [10, 11], "nothing was read twice, nothing left out");
    source.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn without_a_broker_closing_keeps_to_its_deadline_and_starting_says_so() {
    let (broker, _guard) = alone().await;
    let topic = broker.topic(1).await;
    broker.write(&topic, 0, 0..2).await;
    let mut settings = broker.settings(&topic);
    let source = KafkaSource::start(&settings).await.unwrap();
    source.accept(&receipts(&fetch(&source, 2).await));
    let access = KafkaAccess::new(broker.connection());
    let folder = tempfile::tempdir().unwrap();
    let overflow = FileDeadLetters::open(folder.path().join("x")).unwrap();
    let letters = KafkaDeadLetters::start(&access, &topic, overflow).await.unwrap();

    // A broker that hangs takes connections and never answers: the worst kind.
    let resume = Resume;
    control_elsewhere("pause").await;
    let begun = std::time::Instant::now();
    let _ = source.close(std::time::Duration::from_secs(5)).await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());

    settings.connection.connect_deadline_seconds = 3;
    let Err(error) = KafkaSource::start(&settings).await else { panic!("it started") };
    assert!(matches!(error, IngestError::Unreachable { .. }), "{error}");
    let letter = DeadLetter {
        reason: "x".into(),
        place: None,
        origin: Origin::File { path: "x".into(), line: 1, byte: 0 },
        key: None,
        bytes: b"x".to_vec(),
        engine_version: "0".into(),
        time: chrono::DateTime::UNIX_EPOCH,
    };
    let write = letters.write(std::slice::from_ref(&letter));
    let hung = tokio::time::timeout(std::time::Duration::from_secs(2), write).await;
    assert!(hung.is_err(), "a letter that nobody acknowledged counts as written: {hung:?}");
    drop(resume);
    letters.write(std::slice::from_ref(&letter)).await.unwrap();
}

/// Lets the broker go on whatever becomes of the test.
struct Resume;

impl Drop for Resume {
    fn drop(&mut self) {
        control(&["resume"]);
    }
}
