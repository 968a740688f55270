//! The audit log: everything that was decided and done, in the order in which it reached the disk, as a chain.
//!
//! Each record carries the hash of the one before it, so a record that is changed, dropped, added or moved breaks the
//! chain there, and everybody can see where. The records hold digests; what they are about stays where it is (a line of
//! a journal, an alert, an entry of the exclusion list), and is held against its digest as long as it is there.
//!
//! They travel in the commit of what they are about: the log is never behind, and never ahead.
//!
//! Somebody who can write to the disk can also write a whole new chain, or cut its end off together with the note of
//! where it ends. Against that helps an [`Anchor`] that is kept elsewhere: a number and a hash of this chain.

mod verify;

use std::fmt;
use std::str::FromStr;

use quell_alert::{AlertId, Timestamp};
use quell_run::{QuestionId, RunId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::committer::View;
use crate::engine::Scan;
use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::record::Kind;
use crate::store::Store;

pub use verify::{AuditVerdict, Break};

/// Before the first record.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What a record is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audited {
    /// A line of a run's journal.
    Line {
        /// The run.
        run: RunId,
        /// The line.
        number: u64,
    },
    /// A version of an alert was accepted.
    Alert {
        /// What all its versions have in common.
        detection: String,
        /// Which version.
        version: String,
    },
    /// A later alert was attached to a run that has its matter in hand: it starts none of its own.
    Attached {
        /// The run.
        run: RunId,
        /// The alert.
        alert: AlertId,
    },
    /// A finished run was forgotten with age, with all its lines.
    RunForgotten {
        /// The run.
        run: RunId,
    },
    /// An alert was forgotten with age, with all its versions.
    AlertForgotten {
        /// What all its versions had in common.
        detection: String,
    },
    /// The beginning of this log was forgotten with age.
    LogForgotten {
        /// Up to this record.
        up_to: u64,
    },
    /// The engine was paused: nothing disruptive begins.
    Paused {
        /// By whom.
        by: String,
        /// Why.
        because: String,
    },
    /// The engine goes on.
    Resumed {
        /// Who let it.
        by: String,
    },
    /// An operator's entry was added to the exclusion list.
    ExclusionAdded {
        /// The entry.
        id: String,
        /// What it says and who added it; nothing in records of earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<Value>,
    },
    /// The site's exclusion file came into force with other lines than before.
    ExclusionFile {
        /// How many lines are in force now.
        lines: u64,
        /// Those that are new.
        added: Vec<Value>,
        /// Those that are gone.
        removed: Vec<Value>,
    },
    /// A value was put into a named list.
    ListEntryAdded {
        /// The list.
        list: String,
        /// The value.
        value: String,
        /// By whom: a person, or `run …`.
        by: String,
    },
    /// A value was taken out of a named list.
    ListEntryRemoved {
        /// The list.
        list: String,
        /// The value.
        value: String,
        /// By whom: a person, or `run …`.
        by: String,
    },
    /// An answer was refused.
    AnswerRefused(RefusedAnswer),
    /// An operator's entry was taken from the exclusion list.
    ExclusionRemoved {
        /// The entry.
        id: String,
        /// By whom.
        by: String,
        /// What it said; nothing in records of earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<Value>,
    },
}

/// An answer that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RefusedAnswer {
    /// The run that it names; nothing where it was not sealed by us, since then it says nothing.
    pub run: Option<RunId>,
    /// The question that it names.
    pub question: Option<QuestionId>,
    /// The answer.
    pub choice: Option<String>,
    /// The connection by which it came; nothing for the terminal and the interface.
    pub through: Option<String>,
    /// In whose name.
    pub by: Option<String>,
    /// Why, in one word: `tampered`, `expired`, `settled`, `other_plan`, `not_asked`, `again` …
    pub why: String,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its place, from 0.
    pub number: u64,
    /// When what it is about happened.
    pub at: Timestamp,
    /// What it is about.
    pub what: Audited,
    /// The SHA-256 of that, in hex.
    pub digest: String,
    /// The hash of the record before.
    pub previous: String,
    /// The SHA-256 of all of the above, in hex.
    pub hash: String,
}

/// A place in the chain, to be kept elsewhere: `1042:9f86d0…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The record's number.
    pub number: u64,
    /// Its hash.
    pub hash: String,
}

/// A record with what it is about, where that is still there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exported {
    /// The record.
    #[serde(flatten)]
    pub record: AuditRecord,
    /// What it is about; left out where it was forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Value>,
}

/// The audit log of a store.
#[derive(Clone)]
pub struct Audit(Store);

impl Store {
    /// The audit log of this store.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit(self.clone())
    }
}

impl Audit {
    /// Follows the whole chain. With an anchor, the chain must go through it.
    pub async fn verify(&self, anchor: Option<Anchor>) -> Result<AuditVerdict, StoreError> {
        self.0.aside(move |store| verify::verify(store, anchor.as_ref())).await
    }

    /// Writes down that an answer was refused.
    pub async fn note_refused(&self, at: Timestamp, refused: RefusedAnswer) -> Result<(), StoreError> {
        self.0.decide(move |view| append(view, at, Audited::AnswerRefused(refused), b"")).await
    }

    /// Records from this number on, with what they are about; at most `most`.
    pub async fn export(&self, from: u64, most: usize) -> Result<Vec<Exported>, StoreError> {
        self.0
            .aside(move |store| {
                let mut all = Vec::new();
                let scan = Scan::prefix(keys::AUDIT_RECORD).from(record_key(from)).limit(most.clamp(1, 1000));
                store.walk(Kind::Audit, scan, |record: AuditRecord| {
                    let content = verify::content(store, &record.what)?;
                    all.push(Exported {
                        record,
                        content: content.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
                    });
                    Ok(all.len() < most)
                })?;
                Ok(all)
            })
            .await
    }
}

/// Stages a record about something that is staged in the same write.
pub(crate) fn append(
    view: &mut View<'_>,
    at: Timestamp,
    what: Audited,
    content: &[u8],
) -> Result<(), StoreError> {
    let end = end(view)?;
    let number = end.as_ref().map_or(0, |end| end.number + 1);
    let previous = end.map_or_else(|| NOTHING.to_owned(), |end| end.hash);
    let digest = digest_of(content);
    let hash = link(number, at, &what, &digest, &previous);
    let record = AuditRecord { number, at, what, digest, previous, hash: hash.clone() };
    view.record(Kind::Audit, record_key(number), &record)?;
    view.record(Kind::AuditEnd, keys::AUDIT_END.as_bytes().to_vec(), &Anchor { number, hash })
}

/// The oldest records, up to the first that is not before this moment.
pub(crate) fn older_than(store: &Store, before: Timestamp, most: usize) -> Result<Vec<Anchor>, StoreError> {
    let mut old = Vec::new();
    store.walk(Kind::Audit, Scan::prefix(keys::AUDIT_RECORD).limit(most), |record: AuditRecord| {
        let go = record.at < before && old.len() < most;
        if go {
            old.push(Anchor { number: record.number, hash: record.hash });
        }
        Ok(go)
    })?;
    Ok(old)
}

/// How many records are before this moment, counted from the first on.
pub(crate) fn count_older(store: &Store, before: Timestamp) -> Result<u64, StoreError> {
    let mut count = 0;
    store.walk(Kind::Audit, Scan::prefix(keys::AUDIT_RECORD), |record: AuditRecord| {
        let go = record.at < before;
        count += u64::from(go);
        Ok(go)
    })?;
    Ok(count)
}

/// Stages forgetting these records, of which `last` is the last, and says so at the other end of the log. Not where
/// somebody else forgets as well and came first: the log would begin before its first record.
pub(crate) fn forget(
    view: &mut View<'_>,
    at: Timestamp,
    old: &[Anchor],
    last: &Anchor,
) -> Result<bool, StoreError> {
    if view.get(&record_key(last.number))?.is_none() {
        return Ok(false);
    }
    append(view, at, Audited::LogForgotten { up_to: last.number }, b"")?;
    old.iter().for_each(|record| view.delete(record_key(record.number)));
    view.record(Kind::AuditEnd, keys::AUDIT_START.as_bytes().to_vec(), last)?;
    Ok(true)
}

/// Where the chain ends. When that cannot be read nothing can be recorded truthfully, so nothing is written at all: that
/// concerns the whole store, and not only the record that was to be written.
fn end(view: &View<'_>) -> Result<Option<Anchor>, StoreError> {
    view.read(Kind::AuditEnd, keys::AUDIT_END.as_bytes()).map_err(|error| StoreError::Unavailable {
        reason: format!("the end of the audit log cannot be read ({error}); restore a backup"),
    })
}

pub(crate) fn record_key(number: u64) -> Vec<u8> {
    Key::of(keys::AUDIT_RECORD).number(number).build()
}

/// The digest of some content.
fn digest_of(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

/// The hash of a record.
fn link(number: u64, at: Timestamp, what: &Audited, digest: &str, previous: &str) -> String {
    let mut hasher = Sha256::new();
    let what = serde_json::to_string(what).unwrap_or_default();
    let at = at.to_rfc3339();
    for part in [&number.to_string(), &at, &what, digest, previous] {
        // Lengths keep the parts apart, whatever stands in them.
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text} is no anchor: write NUMBER:HASH, as `quell audit verify` prints it");
        let (number, hash) = text.split_once(':').ok_or_else(wrong)?;
        let whole = hash.len() == NOTHING.len() && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        match number.parse() {
            Ok(number) if whole => Ok(Self { number, hash: hash.to_ascii_lowercase() }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::memory::MemoryDisk;

    /// One of them has looked, and the other has forgotten that much and more before it writes.
    #[tokio::test]
    async fn of_two_who_forget_at_once_the_later_one_does_not_move_the_beginning_back() {
        let store = Store::in_memory(&MemoryDisk::default()).unwrap();
        let at = |seconds: i64| Timestamp::from_timestamp(1_700_000_000 + seconds, 0).unwrap();
        for number in 0..9 {
            let what = Audited::Resumed { by: "ann".into() };
            store.decide(move |view| append(view, at(number), what, b"")).await.unwrap();
        }
        let forget_up_to = |old: Vec<Anchor>| {
            let last = old.last().cloned().unwrap();
            store.decide(move |view| forget(view, at(100), &old, &last))
        };
        let seen = older_than(&store, at(3), 1000).unwrap();
        assert!(forget_up_to(older_than(&store, at(6), 1000).unwrap()).await.unwrap());
        assert!(!forget_up_to(seen).await.unwrap());
        let verdict = verify::verify(&store, None).unwrap();
        assert_eq!((verdict.records, verdict.first, verdict.broken), (4, Some(6), None));
    }
}
