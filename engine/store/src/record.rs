//! The form in which one record stands on disk, whatever the engine.
//!
//! ```text
//! byte 0      version of this form
//! byte 1      kind of record
//! bytes 2-5   CRC-32 over version, kind, key and payload, big-endian
//! bytes 6-    payload: JSON
//! ```
//!
//! The key is part of the checksum, so a good record that turns up under another key is as damaged as one with a wrong
//! bit. A record that fails its check is an error, always: it is never taken for a good record, and never for an absent
//! one, because much is done *because* a record is absent (an alert is decided, an action is called).

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

/// The version that is written.
const VERSION: u8 = 1;
const HEADER: usize = 6;

/// What a record is about. The numbers are on disk: they are never given a second meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// What the store knows about itself.
    Meta = 0,
    /// A detection in one line.
    AlertHead = 1,
    /// One version of an alert.
    AlertVersion = 2,
    /// Where a detection can be found.
    AlertMark = 3,
    /// A line of a journal.
    RunLine = 4,
    /// A run in one line.
    RunSummary = 5,
    /// Where a run can be found.
    RunMark = 6,
    /// A state of a target that is held.
    Holds = 7,
    /// An operator's entry of the exclusion list.
    Exclusion = 8,
    /// A sliding window.
    Counter = 9,
    /// The text of a playbook.
    Playbook = 10,
    /// One link of the audit log.
    Audit = 11,
    /// Where the audit log ends, or begins.
    AuditEnd = 12,
    /// Who paused the engine.
    Paused = 13,
    /// One who holds a state of a target.
    Holder = 14,
    /// The site's exclusion file as it was last in force.
    ExclusionFile = 15,
    /// Who has a claim.
    Claim = 20,
    /// A later alert that belongs to a run.
    Attached = 21,
    /// How far a schedule has been seen to.
    Schedule = 22,
    /// An entry of a named list.
    ListEntry = 30,
    /// What runs keep for an alert.
    Kept = 31,
    /// Bytes that only tests write.
    Test = 255,
}

impl Kind {
    /// The kind in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "note of the store about itself",
            Self::AlertHead => "alert in one line",
            Self::AlertVersion => "version of an alert",
            Self::AlertMark => "index entry of an alert",
            Self::RunLine => "line of a journal",
            Self::RunSummary => "run in one line",
            Self::RunMark => "index entry of a run",
            Self::Holds => "hold",
            Self::Exclusion => "entry of the exclusion list",
            Self::Counter => "counter",
            Self::Playbook => "playbook",
            Self::Audit => "record of the audit log",
            Self::AuditEnd => "end of the audit log",
            Self::Paused => "note of a pause",
            Self::Holder => "holder of a state",
            Self::ExclusionFile => "exclusion file as it was last in force",
            Self::Claim => "claim of a run",
            Self::Attached => "alert that belongs to a run",
            Self::Schedule => "note of a schedule",
            Self::ListEntry => "entry of a named list",
            Self::Kept => "values kept for an alert",
            Self::Test => "test record",
        }
    }
}

/// Turns a value into the bytes that are stored under `key`.
pub fn encode<T: Serialize>(kind: Kind, key: &[u8], value: &T) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![VERSION, kind as u8, 0, 0, 0, 0];
    serde_json::to_writer(&mut bytes, value)
        .map_err(|source| StoreError::Encode { kind: kind.name(), source })?;
    let crc = checksum(&bytes, key);
    bytes[2..HEADER].copy_from_slice(&crc.to_be_bytes());
    Ok(bytes)
}

/// Reads a value back from the bytes found under `key`.
pub fn decode<T: DeserializeOwned>(kind: Kind, key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
    let damaged = |reason: String| StoreError::Damaged { key: readable(key), reason };
    let payload = check(key, bytes).map_err(|reason| damaged(reason.to_owned()))?;
    if bytes[0] != VERSION {
        return Err(StoreError::NewerFormat { found: bytes[0].into(), known: VERSION.into() });
    }
    if bytes[1] != kind as u8 {
        return Err(damaged(format!("it is of kind {}, expected was a {}", bytes[1], kind.name())));
    }
    serde_json::from_slice(payload).map_err(|error| damaged(format!("its content does not fit: {error}")))
}

/// Verifies a record without understanding it; returns its payload, or what is wrong with it.
pub fn check<'a>(key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], &'static str> {
    if bytes.is_empty() {
        return Err("its content is missing");
    }
    if bytes.len() < HEADER {
        return Err("it is cut short");
    }
    if bytes[2..HEADER] != checksum(bytes, key).to_be_bytes() {
        return Err("its checksum does not fit");
    }
    Ok(&bytes[HEADER..])
}

/// A key as a person may read it.
#[must_use]
pub fn readable(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}

fn checksum(bytes: &[u8], key: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..2]);
    hasher.update(&(key.len() as u64).to_be_bytes());
    hasher.update(key);
    hasher.update(&bytes[HEADER..]);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        encode(Kind::Test, b"some/key", &vec!["one", "two"]).unwrap()
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let back: Vec<String> = decode(Kind::Test, b"some/key", &sample()).unwrap();
        assert_eq!(back, ["one", "two"]);
    }

    #[test]
    fn every_change_of_every_byte_is_noticed() {
        let good = sample();
        for position in 0..good.len() {
            for change in 1..=255_u8 {
                let mut bad = good.clone();
                bad[position] ^= change;
                let read = decode::<Vec<String>>(Kind::Test, b"some/key", &bad);
                assert!(
                    matches!(read, Err(StoreError::Damaged { .. })),
                    "byte {position} ^ {change}: {read:?}"
                );
            }
        }
    }

    #[test]
    fn every_cut_and_every_addition_is_noticed() {
        let good = sample();
        for length in 0..good.len() {
            assert!(
                decode::<Vec<String>>(Kind::Test, b"some/key", &good[..length]).is_err(),
                "cut at {length}"
            );
        }
        let longer = [good.as_slice(), b" "].concat();
        assert!(decode::<Vec<String>>(Kind::Test, b"some/key", &longer).is_err());
    }

    #[test]
    fn a_good_record_under_another_key_or_of_another_kind_is_damaged() {
        assert!(matches!(
            decode::<Vec<String>>(Kind::Test, b"some/kez", &sample()),
            Err(StoreError::Damaged { .. })
        ));
        assert!(matches!(
            decode::<Vec<String>>(Kind::Meta, b"some/key", &sample()),
            Err(StoreError::Damaged { .. })
        ));
    }

    #[test]
    fn a_record_of_a_newer_version_asks_for_a_newer_program() {
        let mut newer = sample();
        newer[0] = VERSION + 1;
        let crc = checksum(&newer, b"some/key");
        newer[2..HEADER].copy_from_slice(&crc.to_be_bytes());
        let read = decode::<Vec<String>>(Kind::Test, b"some/key", &newer);
        assert!(matches!(read, Err(StoreError::NewerFormat { found: 2, known: 1 })), "{read:?}");
    }
}
