//! What could not be understood, kept with everything that is needed to look into it and send it again.
//!
//! A record is accepted only after its dead letter is safe, so a letter may be written twice (a crash in
//! between) and is never missing.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::delivery::Origin;
use crate::error::IngestError;

mod in_file;
mod in_topic;
mod reading;

pub use in_file::{FileDeadLetters, FileLetter};
pub use in_topic::{KafkaDeadLetters, letter_of_message};
pub use reading::KafkaLetters;

/// A record that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Why, in words.
    pub reason: String,
    /// The place in the bytes, where one is known: `line 3, column 14`, `records[2]`.
    pub place: Option<String>,
    /// Where it was read.
    pub origin: Origin,
    /// The key of the message, where there was one.
    pub key: Option<Vec<u8>>,
    /// The bytes, untouched.
    pub bytes: Vec<u8>,
    /// Which version of the engine could not understand it.
    pub engine_version: String,
    /// When.
    pub time: DateTime<Utc>,
}

impl DeadLetter {
    /// Names the record that could not be understood. Letters about the same record, which a crash can leave, have the
    /// same name wherever they are kept.
    pub fn id(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(serde_json::to_vec(&self.origin).unwrap_or_default());
        digest.update([0]);
        digest.update(&self.bytes);
        digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A place where dead letters are kept.
#[async_trait]
pub trait DeadLetters: Send + Sync + Debug {
    /// Writes these letters. When it returns they are safe: flushed to disk, or acknowledged by every
    /// in-sync broker. On an error none of them may be taken as written.
    async fn write(&self, letters: &[DeadLetter]) -> Result<(), IngestError>;

    /// Where the letters are kept, in words, for people who look for them.
    fn place(&self) -> String;
}
