//! The key-value engine under the store: a thin trait, and what is said through it.
//!
//! An engine keeps bytes under bytes, in order of the keys. It knows nothing of records, versions or checksums.
//! Two engines exist ([`sled`] and [`redb`]) and one that lives in memory and fails on demand ([`memory`]); one suite
//! of tests runs against all of them.

pub(crate) mod chunk;
pub mod memory;
pub(crate) mod redb;
pub(crate) mod sled;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The largest value that one key may hold.
pub const VALUE_LIMIT: usize = 64 * 1024 * 1024;

/// How many bytes of values one page of a scan holds at most, the last pair excepted.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Which engine keeps the store: `store.engine` in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// sled 0.34.7 with its cures; the default.
    #[default]
    Sled,
    /// redb 4.
    Redb,
}

impl EngineKind {
    /// Every kind, in the order of preference.
    pub const ALL: [Self; 2] = [Self::Sled, Self::Redb];

    /// The name in the configuration, and of the engine's folder inside the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sled => "sled",
            Self::Redb => "redb",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for EngineKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| format!("unknown engine {text}: choose sled or redb"))
    }
}

/// What every engine can do. Keys and values are bytes; keys are ordered.
pub trait Engine: Send + Sync {
    /// The value under a key. One that cannot be put together any more comes back empty, here and in a scan: no record
    /// is empty, so its own check reports it, and its neighbours are read all the same.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// One page of pairs in order.
    fn scan(&self, scan: &Scan) -> Result<Page, EngineError>;

    /// Applies all changes of the batch or none of them, also across a crash. Readers see them at once; they are
    /// safe from a power cut only after [`Engine::sync`].
    fn apply(&self, batch: &Batch) -> Result<(), EngineError>;

    /// Returns when everything applied so far is on the disk.
    fn sync(&self) -> Result<(), EngineError>;

    /// Things that need an operator's eye though nothing failed yet.
    fn alarms(&self) -> Vec<String> {
        Vec::new()
    }

    /// Bytes on disk.
    fn disk_bytes(&self) -> Result<u64, EngineError>;
}

/// Changes that happen together. A key stands in it once: the last word counts.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The commit's number: higher than that of every batch before it.
    pub number: u64,
    /// The new value of each key, or nothing where it is deleted.
    pub changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

/// In which order a scan returns its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// What to read: the keys that begin with `prefix`, from `from` on in the direction given.
#[derive(Debug, Clone)]
pub struct Scan {
    /// What every key returned begins with.
    pub prefix: Vec<u8>,
    /// The first key to return, or the next after it; nothing means the end of the range in that direction.
    pub from: Option<Vec<u8>>,
    /// How many pairs at most.
    pub limit: usize,
    /// In which order.
    pub direction: Direction,
    /// Leaves the values out (they come back empty).
    pub keys_only: bool,
}

impl Scan {
    /// All keys with this prefix, smallest first, a thousand to the page.
    #[must_use]
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        Self {
            prefix: prefix.into(),
            from: None,
            limit: 1000,
            direction: Direction::Ascending,
            keys_only: false,
        }
    }

    /// Largest key first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.direction = Direction::Descending;
        self
    }

    /// Begins at this key.
    #[must_use]
    pub fn from(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.from = Some(key.into());
        self
    }

    /// At most this many pairs.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Keys without their values.
    #[must_use]
    pub fn keys_only(mut self) -> Self {
        self.keys_only = true;
        self
    }

    /// The range of keys, or nothing where it is empty.
    pub(crate) fn bounds(&self) -> Option<Bounds> {
        let end = prefix_end(&self.prefix);
        let (low, high) = match (&self.from, self.direction) {
            (Some(from), Direction::Ascending) => {
                let low = from.max(&self.prefix).clone();
                (low, end.map_or(Bound::Unbounded, Bound::Excluded))
            }
            (Some(from), Direction::Descending) if end.as_ref().is_none_or(|end| from < end) => {
                (self.prefix.clone(), Bound::Included(from.clone()))
            }
            _ => (self.prefix.clone(), end.map_or(Bound::Unbounded, Bound::Excluded)),
        };
        let empty = match &high {
            Bound::Included(high) => *high < low,
            Bound::Excluded(high) => *high <= low,
            Bound::Unbounded => false,
        };
        (!empty).then_some((Bound::Included(low), high))
    }

    /// Collects one page out of an ordered walk over the range.
    pub(crate) fn collect<I>(&self, walk: I) -> Result<Page, EngineError>
    where
        I: Iterator<Item = Result<Pair, EngineError>>,
    {
        let mut page = Page::default();
        let mut bytes = 0;
        for pair in walk {
            let (key, value) = pair?;
            if page.pairs.len() >= self.limit || bytes >= PAGE_BYTES {
                page.next = Some(key);
                break;
            }
            bytes += key.len() + value.len();
            page.pairs.push((key, value));
        }
        Ok(page)
    }
}

/// The first and the last key of a range.
pub(crate) type Bounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Some pairs, and where to go on.
#[derive(Debug, Default)]
pub struct Page {
    /// The pairs in the order asked for.
    pub pairs: Vec<Pair>,
    /// The key with which the next page begins, where there is more.
    pub next: Option<Vec<u8>>,
}

/// A failure inside an engine.
#[derive(Debug, thiserror::Error)]
#[error("{engine} failed to {during}")]
pub struct EngineError {
    /// Which engine.
    pub engine: &'static str,
    /// What it was doing, as a verb.
    pub during: &'static str,
    /// What it said.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// The first key after all keys with this prefix, where there is one.
fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_the_next_key_of_no_such_prefix() {
        assert_eq!(prefix_end(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(prefix_end(b"a\xff\xff"), Some(b"b".to_vec()));
        assert_eq!(prefix_end(b"\xff"), None);
        assert_eq!(prefix_end(b""), None);
    }

    #[test]
    fn a_start_outside_the_prefix_gives_the_whole_range_or_none_of_it() {
        let low = Bound::Included(b"b".to_vec());
        let high = Bound::Excluded(b"c".to_vec());
        assert_eq!(Scan::prefix("b").from("a").bounds(), Some((low.clone(), high.clone())));
        assert_eq!(Scan::prefix("b").from("c").bounds(), None);
        assert_eq!(Scan::prefix("b").descending().from("z").bounds(), Some((low, high)));
        assert_eq!(Scan::prefix("b").descending().from("a").bounds(), None);
    }
}
