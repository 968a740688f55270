//! What cannot be understood, in a topic.

use chrono::DateTime;
use quell_ingest::dead_letter::letter_of_message;
use quell_ingest::{
    AlertSource, DeadLetter, DeadLetters, FileDeadLetters, IngestError, KafkaAccess, KafkaDeadLetters,
    KafkaLetters, KafkaSource, Origin, Payload,
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

fn origin(offset: i64) -> Origin {
    Origin::Kafka { topic: "t".into(), partition: 0, offset, timestamp_ms: None }
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
    // Random bytes cannot be compressed under the limit.
    let noise: Vec<u8> = (0..400).flat_map(|_| uuid::Uuid::now_v7().into_bytes()).collect();
    let both = [letter(origin(1), b"small".to_vec()), letter(origin(2), noise)];
    letters.write(&both).await.unwrap();
    let found = broker.read(&dead, 1).await;
    assert_eq!(letter_of_message(&found[0]).unwrap(), both[0]);
    let kept: Vec<_> = FileDeadLetters::read(&folder.path().join("too-large.jsonl")).unwrap().collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].as_ref().unwrap().letter.as_ref().unwrap(), &both[1]);
}

#[tokio::test]
async fn it_is_the_topic_that_says_what_is_too_large() {
    let (broker, _guard) = shared().await;
    let dead = unique("large");
    broker.create(&dead, 1, &[("max.message.bytes", "20000000")]).await;
    let (letters, folder) = letters(&broker, &dead).await;
    let large = letter(origin(1), vec![b'x'; 10_000_000]);
    letters.write(std::slice::from_ref(&large)).await.unwrap();
    assert!(letter_of_message(&broker.read(&dead, 1).await[0]).unwrap() == large);
    assert_eq!(FileDeadLetters::read(&folder.path().join("too-large.jsonl")).unwrap().count(), 0);
}

/// Everything up to the end, which must come by itself.
async fn all(mut letters: KafkaLetters) -> Vec<Result<DeadLetter, IngestError>> {
    let mut all = Vec::new();
    let reading = async {
        while let Some(found) = letters.next().await {
            all.push(found);
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the letters have no end");
    all
}

#[tokio::test]
async fn the_letters_of_a_topic_are_read_up_to_the_end_that_it_had_at_the_beginning() {
    let (broker, _guard) = shared().await;
    let dead = broker.topic(2).await;
    let (letters, _folder) = letters(&broker, &dead).await;
    let access = KafkaAccess::new(broker.connection());
    assert!(all(KafkaLetters::open(&access, &dead).await.unwrap()).await.is_empty());

    let key = |partition: i64| partition.to_string().into_bytes();
    let numbered = |n| DeadLetter { key: Some(key(n % 20)), ..letter(origin(n), b"x".to_vec()) };
    let many: Vec<_> = (0..100).map(numbered).collect();
    letters.write(&many).await.unwrap();
    let strange = broker.send(&dead, b"no letter").await;
    let reading = KafkaLetters::open(&access, &dead).await.unwrap();
    letters.write(&(100..200).map(numbered).collect::<Vec<_>>()).await.unwrap();

    let (found, others): (Vec<_>, Vec<_>) = all(reading).await.into_iter().partition(Result::is_ok);
    let mut found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
    found.sort_by_key(|letter| match &letter.origin {
        Origin::Kafka { offset, .. } => *offset,
        Origin::File { .. } => panic!("{letter:?}"),
    });
    assert_eq!(found, many);
    let [Err(IngestError::NotADeadLetter { place, .. })] = &others[..] else { panic!("{others:?}") };
    assert!(place.contains(&dead) && place.contains(&strange.to_string()), "{place}");
    assert!(broker.committed("quell-replay", &dead, 2).is_empty(), "reading leaves no trace");
    letters.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn letters_have_an_end_where_the_last_offset_belongs_to_no_message() {
    let (broker, _guard) = shared().await;
    let dead = broker.topic(1).await;
    broker.write_in_transaction(&dead, 5).await;
    let reading = KafkaLetters::open(&KafkaAccess::new(broker.connection()), &dead).await.unwrap();
    assert_eq!(all(reading).await.len(), 5);
}

#[tokio::test]
async fn letters_that_the_broker_forgets_before_they_are_read_are_not_passed_over_in_silence() {
    let (broker, _guard) = shared().await;
    let dead = broker.topic(1).await;
    // More than is read ahead, here and in the client.
    let payloads = vec![vec![b'x'; 900_000]; 80];
    broker.send_all(&dead, &payloads).await;
    let mut reading = KafkaLetters::open(&KafkaAccess::new(broker.connection()), &dead).await.unwrap();
    assert!(reading.next().await.is_some());
    broker.forget_before(&dead, 79).await;
    let found = all(reading).await;
    assert!(found.len() < 79, "nothing was forgotten");
    assert!(matches!(found.last(), Some(Err(IngestError::Kafka { .. }))), "{:?}", found.last());
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
}
