//! What a source hands out: bytes, and where they came from.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where a record was read. It is recorded with the alert and shown to people.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// A message of a Kafka topic.
    Kafka {
        /// The topic's name.
        topic: Arc<str>,
        /// The partition's number.
        partition: i32,
        /// The message's offset in the partition.
        offset: i64,
        /// When the message was written, as the broker says, in milliseconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timestamp_ms: Option<i64>,
    },
    /// A record in a file, or on standard input.
    File {
        /// The path as it was given or found; `-` is standard input.
        path: Arc<str>,
        /// The line on which the record begins, counted from 1.
        line: u64,
        /// The byte at which the record begins, counted from 0, after decompression.
        byte: u64,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kafka { topic, partition, offset, .. } => {
                write!(f, "topic {topic}, partition {partition}, offset {offset}")
            }
            Self::File { path, line, .. } if &**path == "-" => write!(f, "standard input, line {line}"),
            Self::File { path, line, .. } => write!(f, "{path}:{line}"),
        }
    }
}

/// One record as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where it was read.
    pub origin: Origin,
    /// What to give back to the source once the record is durably recorded.
    pub receipt: Receipt,
    /// The message key, where there is one.
    pub key: Option<Vec<u8>>,
    /// The record itself.
    pub payload: Payload,
}

/// The bytes of a record, or why there are none to decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The whole record, untouched. A Kafka message without a value has no bytes.
    Bytes(Vec<u8>),
    /// The source could not read the record; it belongs to the dead letters.
    Refused(Refusal),
}

/// A record that the source would not or could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was wrong, in words.
    pub reason: String,
    /// The beginning of the record, as far as it was kept, so that a person can recognise it.
    pub beginning: Vec<u8>,
    /// How many bytes the record has, when that is known.
    pub size: Option<u64>,
}

/// Names one delivery to the source it came from.
///
/// A receipt belongs to one assignment of one partition. When the partition is taken away the receipt
/// goes stale: giving it back changes nothing, even if the same partition has come back meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    pub(crate) stream: u64,
    pub(crate) offset: i64,
}

impl Payload {
    /// How much memory the record takes, for back-pressure.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Refused(refusal) => refusal.beginning.len(),
        }
    }

    /// The bytes that were read, whole or not.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Refused(refusal) => &refusal.beginning,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_reads_as_people_say_it_and_survives_json() {
        let kafka = Origin::Kafka { topic: "alerts".into(), partition: 3, offset: 17, timestamp_ms: Some(5) };
        assert_eq!(kafka.to_string(), "topic alerts, partition 3, offset 17");
        let file = Origin::File { path: "a/b.jsonl".into(), line: 4, byte: 90 };
        assert_eq!(file.to_string(), "a/b.jsonl:4");
        let stdin = Origin::File { path: "-".into(), line: 1, byte: 0 };
        assert_eq!(stdin.to_string(), "standard input, line 1");
        for origin in [kafka, file, stdin] {
            let json = serde_json::to_string(&origin).unwrap();
            assert_eq!(serde_json::from_str::<Origin>(&json).unwrap(), origin);
        }
    }
}
