//! What cannot be understood, in a topic.

use chrono::DateTime;
use quell_ingest::dead_letter::letter_of_message;
use quell_ingest::{
    AlertSource, DeadLetter, DeadLetters, FileDeadLetters, FlowLimits, IngestError, KafkaAccess,
    KafkaDeadLetters, KafkaSource, Origin, Payload,
};
use rdkafka::message::{Headers, Message};
use rdkafka::producer::FutureRecord;

use super::shared;
use crate::broker::{Broker, fetch, offsets, receipts, unique};
use crate::waiting::PATIENCE;

fn letter(origin: Origin, bytes: Vec<u8>) -> DeadLetter {
    DeadLetter {
        reason: "no JSON: expected value at line 1 column 1".into(),
        place: Some("line 1, column 1".into()),
        origin,
        key: Some(b"key".to_vec()),
        bytes,
        engine_version: "0.1.0".into(),
        time: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
    }
}

async fn letters(broker: &Broker, topic: &str) -> (KafkaDeadLetters, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let overflow = FileDeadLetters::open(folder.path().join("too-large.jsonl")).unwrap();
    let access = KafkaAccess::new(broker.connection());
    (KafkaDeadLetters::start(&access, topic, overflow).await.unwrap(), folder)
}

#[tokio::test]
async fn a_poison_message_goes_to_the_dead_letters_and_the_stream_goes_on() {
    let (broker, _guard) = shared().await;
    let (topic, dead) = (broker.topic(1).await, broker.topic(1).await);
    broker.write(&topic, 0, 0..1).await;
    let poison = b"\xff\xfe{\x00".to_vec();
    let record = FutureRecord::<[u8], [u8]>::to(&topic).key(b"key").payload(&poison);
    broker.producer().send(record, PATIENCE).await.unwrap();
    broker.write(&topic, 0, 2..3).await;

    let settings = broker.settings(&topic);
    let source = KafkaSource::start(&settings).await.unwrap();
    let (letters, _folder) = letters(&broker, &dead).await;
    let all = fetch(&source, 3).await;
    let Payload::Bytes(bytes) = &all[1].payload else { panic!("{:?}", all[1]) };
    let written = letter(all[1].origin.clone(), bytes.clone());
    letters.write(std::slice::from_ref(&written)).await.unwrap();
    source.accept(&receipts(&all));
    broker.until_committed(&settings, 3).await;

    let found = broker.read(&dead, 1).await;
    assert_eq!(found[0].payload(), Some(&poison[..]), "the bytes are untouched");
    assert_eq!(letter_of_message(&found[0]).unwrap(), written);
    let header = |name: &str| {
        let headers = found[0].headers().unwrap();
        let value = headers.iter().find(|header| header.key == name).and_then(|header| header.value);
        String::from_utf8(value.unwrap_or_default().to_vec()).unwrap()
    };
    assert_eq!(header("quell-origin-topic"), topic);
    assert_eq!((header("quell-origin-partition"), header("quell-origin-offset")), ("0".into(), "1".into()));
    assert_eq!(header("quell-engine-version"), "0.1.0");
    letters.close(PATIENCE).await.unwrap();
    source.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn many_letters_are_written_at_once_and_can_be_read_as_a_topic_again() {
    let (broker, _guard) = shared().await;
    let dead = broker.topic(1).await;
    let (letters, _folder) = letters(&broker, &dead).await;
    let origin = |offset| Origin::Kafka { topic: "t".into(), partition: 0, offset, timestamp_ms: None };
    let many: Vec<_> = (0..500).map(|n| letter(origin(n), n.to_string().into_bytes())).collect();
    letters.write(&many).await.unwrap();
    letters.close(PATIENCE).await.unwrap();
    let found = broker.read(&dead, 500).await;
    assert_eq!(found.iter().map(|message| letter_of_message(message).unwrap()).collect::<Vec<_>>(), many);
    let again = KafkaSource::start(&broker.settings(&dead)).await.unwrap();
    assert_eq!(offsets(&fetch(&again, 500).await).len(), 500);
    again.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_letter_too_large_for_the_topic_goes_to_the_file_instead_of_blocking_for_ever() {
    let (broker, _guard) = shared().await;
    let dead = unique("small");
    broker.create(&dead, 1, &[("max.message.bytes", "2000")]).await;
    let (letters, folder) = letters(&broker, &dead).await;
    let origin = Origin::Kafka { topic: "t".into(), partition: 0, offset: 1, timestamp_ms: None };
    // Random bytes cannot be compressed under the limit.
    let noise: Vec<u8> = (0..400).flat_map(|_| uuid::Uuid::now_v7().into_bytes()).collect();
    let both = [letter(origin.clone(), b"small".to_vec()), letter(origin, noise)];
    letters.write(&both).await.unwrap();
    let found = broker.read(&dead, 1).await;
    assert_eq!(letter_of_message(&found[0]).unwrap(), both[0]);
    let kept: Vec<_> = FileDeadLetters::read(&folder.path().join("too-large.jsonl")).unwrap().collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].as_ref().unwrap().letter.as_ref().unwrap(), &both[1]);
}

#[tokio::test]
async fn a_missing_dead_letter_topic_is_named_at_the_start() {
    let (broker, _guard) = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let overflow = FileDeadLetters::open(folder.path().join("x")).unwrap();
    let missing = unique("missing");
    let access = KafkaAccess::new(broker.connection());
    let Err(error) = KafkaDeadLetters::start(&access, &missing, overflow).await else { panic!("it started") };
    assert!(
        matches!(&error, IngestError::MissingTopics { topics, .. } if *topics == [missing.clone()]),
        "{error}"
    );
    let _ = FlowLimits::default();
}
