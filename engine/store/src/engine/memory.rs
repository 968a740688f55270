//! An engine in memory, for tests: it keeps apart what was applied and what was synced, and fails where it is told to.
//!
//! A [`MemoryDisk`] outlives the engines opened on it, as a disk outlives processes. [`MemoryDisk::cut_power`] takes away
//! everything that was not synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Batch, Direction, Engine, EngineError, Page, Scan};

type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

/// A disk that exists in memory only.
#[derive(Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<Contents>>);

#[derive(Default)]
struct Contents {
    applied: Pairs,
    synced: Pairs,
    unsynced: BTreeSet<Vec<u8>>,
    traffic: Traffic,
    operations: u64,
    fail: Option<Failing>,
    syncs: u64,
    acknowledged: u64,
}

/// What went between a store and its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Records looked up or walked over.
    pub read: u64,
    /// Their bytes.
    pub read_bytes: u64,
    /// Records written or taken away.
    pub written: u64,
    /// Their bytes, those of the keys included.
    pub written_bytes: u64,
}

/// From which write operation on, and until when, the disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// The first operation that fails; operations (each apply and each sync) are counted from 1.
    pub from: u64,
    /// How many operations fail.
    pub count: u64,
    /// Whether a failing apply leaves its changes behind all the same, as a real disk may.
    pub half_done: bool,
}

impl MemoryDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the disk fail as told, counting from the operations done so far.
    pub fn fail(&self, failing: Failing) {
        let mut contents = self.0.lock();
        let done = contents.operations;
        contents.fail = Some(Failing { from: done.saturating_add(failing.from), ..failing });
    }

    /// The disk works again.
    pub fn mend(&self) {
        self.0.lock().fail = None;
    }

    /// Takes away whatever was not synced.
    pub fn cut_power(&self) {
        let mut contents = self.0.lock();
        contents.applied = contents.synced.clone();
        contents.unsynced.clear();
    }

    /// How many write operations were tried so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.0.lock().operations
    }

    /// How many syncs succeeded so far.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.0.lock().syncs
    }

    /// Takes out what went to and fro since it was last taken out.
    #[must_use]
    pub fn take_traffic(&self) -> Traffic {
        std::mem::take(&mut self.0.lock().traffic)
    }

    /// The high-water mark, which lies on the same disk and is always synced.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.0.lock().acknowledged
    }

    pub(crate) fn acknowledge(&self, commit: u64) {
        self.0.lock().acknowledged = commit;
    }

    /// Everything that was synced.
    #[must_use]
    pub fn synced(&self) -> Pairs {
        self.0.lock().synced.clone()
    }

    /// Changes stored bytes behind the store's back.
    pub fn tamper(&self, change: impl Fn(&mut BTreeMap<Vec<u8>, Vec<u8>>)) {
        let mut contents = self.0.lock();
        change(&mut contents.applied);
        change(&mut contents.synced);
    }
}

/// An open engine on a [`MemoryDisk`].
pub(crate) struct MemoryEngine(pub(crate) MemoryDisk);

impl Contents {
    fn step(&mut self) -> Option<Failing> {
        self.operations += 1;
        let at = self.operations;
        self.fail.filter(|failing| at >= failing.from && at - failing.from < failing.count)
    }
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let mut contents = self.0.0.lock();
        let found = contents.applied.get(key).cloned();
        contents.traffic.read += 1;
        contents.traffic.read_bytes += found.as_ref().map_or(0, Vec::len) as u64;
        Ok(found)
    }

    fn scan(&self, scan: &Scan) -> Result<Page, EngineError> {
        let mut contents = self.0.0.lock();
        let Some(bounds) = scan.bounds() else { return Ok(Page::default()) };
        let walk = contents
            .applied
            .range(bounds)
            .map(|(key, value)| Ok((key.clone(), if scan.keys_only { Vec::new() } else { value.clone() })));
        let page = match scan.direction {
            Direction::Ascending => scan.collect(walk),
            Direction::Descending => scan.collect(walk.rev()),
        }?;
        contents.traffic.read += 1 + page.pairs.len() as u64;
        contents.traffic.read_bytes +=
            page.pairs.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum::<u64>();
        Ok(page)
    }

    fn apply(&self, batch: &Batch) -> Result<(), EngineError> {
        let mut contents = self.0.0.lock();
        let failing = contents.step();
        if failing.is_none_or(|failing| failing.half_done) {
            for (key, change) in &batch.changes {
                contents.unsynced.insert(key.clone());
                contents.traffic.written += 1;
                contents.traffic.written_bytes += (key.len() + change.as_ref().map_or(0, Vec::len)) as u64;
                match change {
                    Some(value) => contents.applied.insert(key.clone(), value.clone()),
                    None => contents.applied.remove(key),
                };
            }
        }
        failing.map_or(Ok(()), |_| Err(refused("apply a batch")))
    }

    fn sync(&self) -> Result<(), EngineError> {
        let mut contents = self.0.0.lock();
        if contents.step().is_some() {
            return Err(refused("sync"));
        }
        let Contents { applied, synced, unsynced, .. } = &mut *contents;
        for key in std::mem::take(unsynced) {
            match applied.get(&key) {
                Some(value) => synced.insert(key, value.clone()),
                None => synced.remove(&key),
            };
        }
        contents.syncs += 1;
        Ok(())
    }

    fn disk_bytes(&self) -> Result<u64, EngineError> {
        let contents = self.0.0.lock();
        Ok(contents.applied.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum())
    }
}

fn refused(during: &'static str) -> EngineError {
    let source = io::Error::new(io::ErrorKind::StorageFull, "the test said so");
    EngineError { engine: "memory", during, source: Box::new(source) }
}
