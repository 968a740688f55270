//! sled 0.34.7, the default engine, with the cure for each of its weaknesses. All of them stand in this file.
//!
//! Used as it comes, this version of sled can lose acknowledged data at a power cut, and say nothing. Every point below
//! was reproduced before its cure was written; the tests of the store hold them in place.
//!
//! 1. *`flush()` does not sync.* On Linux it calls `sync_file_range`, which orders pages to be written and promises
//!    nothing about a power cut. [`SledEngine::sync`] therefore flushes and then calls `sync_data` on a second handle of
//!    the same file. A second handle also has its own memory of write errors: an error that sled's flusher thread has
//!    already been told about is told to us again, and not lost in its log.
//! 2. *Large leaves become files that are never synced.* A leaf larger than a quarter of a segment goes to a file under
//!    `blobs/`. A leaf holds at most 17 items, so with [`SEGMENT`] of 8 MiB (the limit is then 2 MiB) and no value over
//!    32 KiB (see `chunk.rs`) no leaf can grow that far. Should a file appear under `blobs/` all the same,
//!    [`SledEngine::alarms`] says so.
//! 3. *A snapshot cut short stops the opening.* Files `snap.*.generating` are unfinished by definition; they are removed
//!    before opening.
//! 4. *A young database can come back empty, without an error.* [`SledEngine::create`] writes the first record, flushes,
//!    closes, then syncs every file and the folder. The caller does this under another name and renames the finished
//!    folder into place, so a half-made database is never opened as an empty one.
//! 5. *Opening a torn file may panic, and dropping a failed one may wait for ever.* Both happen on threads of their own
//!    (`guard.rs`), which turn a panic into an error and give up waiting.
//! 6. *A closed database keeps its lock for a while,* until its pool of threads lets go of the file. The store's own lock
//!    (`home.rs`) has already settled that no other process is there, so [`SledEngine::open`] waits for it.
//! 7. *`flush_every_ms(None)` also switches off the collection of garbage,* and memory grows without bound. It stays at
//!    200 ms, though nobody relies on that flush.
//! 8. *The cache may take a gigabyte by default.* [`CACHE`] bounds it.
//! 9. *Transaction closures run again on a conflict, and many flushers slow each other down.* Neither is used: one thread
//!    writes (`committer.rs`), in one tree, through `apply_batch`, which was whole after every kill and cut.
//! 10. *Everything may be gone without a word.* The high-water mark (`high_water.rs`) stands beside this folder and tells
//!     what must be here; the store refuses to start when it is not.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sled::{Config, Db, IVec};

use super::chunk::{self, Head};
use super::{Batch, Direction, Engine, EngineError, Page, Pair, Scan};

/// Segment size, fixed at creation for the life of the database: changing it needs a conversion of every store.
const SEGMENT: usize = 8 * 1024 * 1024;

/// Bytes of pages kept in memory.
const CACHE: u64 = 32 * 1024 * 1024;

/// See point 7.
const FLUSH_EVERY_MS: u64 = 200;

/// See point 6.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// How often a reader starts again because a large value was replaced under its hands.
const READ_ATTEMPTS: usize = 16;

/// An open sled database.
pub(crate) struct SledEngine {
    db: Db,
    file: File,
    dir: PathBuf,
}

impl SledEngine {
    /// Makes a new database in `dir`, holding one batch, all of it on disk.
    pub(crate) fn create(dir: &Path, first: &Batch) -> Result<(), EngineError> {
        fs::create_dir_all(dir).map_err(|error| failed("create its folder", error))?;
        let engine = Self::open(dir)?;
        engine.apply(first)?;
        engine.sync()?;
        drop(engine);
        sync_tree(dir).map_err(|error| failed("sync a new database", error))
    }

    /// Opens the database in `dir`.
    pub(crate) fn open(dir: &Path) -> Result<Self, EngineError> {
        remove_unfinished_snapshots(dir).map_err(|error| failed("remove unfinished snapshots", error))?;
        let ours = || File::options().read(true).write(true).open(dir.join("db"));
        // Before sled, where the file is there: its flusher begins at once, and a handle tells of no error that came
        // before it.
        let earlier = ours().ok();
        let db = open_when_free(dir).map_err(|error| failed("open its files", error))?;
        let file = match earlier {
            Some(file) => file,
            None => ours().map_err(|error| failed("open its file a second time", error))?,
        };
        Ok(Self { db, file, dir: dir.to_path_buf() })
    }

    /// The bytes that belong to a head; nothing where its pieces are not (or no longer) there.
    fn assemble(&self, head: &IVec) -> Option<Vec<u8>> {
        let pieces = match chunk::parse(head)? {
            Head::Inline(value) => return Some(value),
            Head::Chunked(pieces) => pieces,
        };
        let mut value = Vec::new();
        for key in pieces.keys() {
            value.extend_from_slice(&self.db.get(key).ok()??);
        }
        pieces.complete(&value).then_some(value)
    }

    fn remove_pieces(&self, head_key: &[u8], out: &mut sled::Batch) -> Result<(), EngineError> {
        let old = self.db.get(head_key).map_err(|error| failed("read", error))?;
        // A damaged head tells nothing about its pieces. They stay behind, which costs room and nothing else.
        if let Some(Head::Chunked(pieces)) = old.and_then(|head| chunk::parse(&head)) {
            pieces.keys().for_each(|key| out.remove(key));
        }
        Ok(())
    }

    fn pair(&self, scan: &Scan, walked: sled::Result<(IVec, IVec)>) -> Result<Option<Pair>, EngineError> {
        let (head_key, head) = walked.map_err(|error| failed("scan", error))?;
        let key = head_key[1..].to_vec();
        if scan.keys_only {
            return Ok(Some((key, Vec::new())));
        }
        let value = match self.assemble(&head) {
            Some(value) => Some(value),
            None => self.get(&key)?,
        };
        Ok(value.map(|value| (key, value)))
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let head_key = chunk::head_key(key);
        let read = || self.db.get(&head_key).map_err(|error| failed("read", error));
        let Some(mut head) = read()? else { return Ok(None) };
        for _ in 0..READ_ATTEMPTS {
            if let Some(value) = self.assemble(&head) {
                return Ok(Some(value));
            }
            // The pieces are gone. Either the value was replaced between the two reads, then the head is another one
            // now, or the store is damaged.
            match read()? {
                None => return Ok(None),
                Some(same) if same == head => return Ok(Some(Vec::new())),
                Some(newer) => head = newer,
            }
        }
        Ok(Some(Vec::new()))
    }

    fn scan(&self, scan: &Scan) -> Result<Page, EngineError> {
        let Some((low, high)) = scan.bounds() else { return Ok(Page::default()) };
        let high = match high {
            std::ops::Bound::Unbounded => std::ops::Bound::Excluded(vec![chunk::HEAD + 1]),
            bounded => bounded.map(|key| chunk::head_key(&key)),
        };
        let range = (low.map(|key| chunk::head_key(&key)), high);
        let walk = self.db.range::<Vec<u8>, _>(range);
        match scan.direction {
            Direction::Ascending => scan.collect(walk.filter_map(|at| self.pair(scan, at).transpose())),
            Direction::Descending => {
                scan.collect(walk.rev().filter_map(|at| self.pair(scan, at).transpose()))
            }
        }
    }

    fn apply(&self, batch: &Batch) -> Result<(), EngineError> {
        let mut out = sled::Batch::default();
        for (place, (key, change)) in batch.changes.iter().enumerate() {
            let head_key = chunk::head_key(key);
            self.remove_pieces(&head_key, &mut out)?;
            match change {
                None => out.remove(head_key),
                Some(value) => {
                    let (head, pieces) = chunk::split(value, batch.number, place as u32);
                    pieces.into_iter().for_each(|(key, piece)| out.insert(key, piece));
                    out.insert(head_key, head);
                }
            }
        }
        self.db.apply_batch(out).map_err(|error| failed("apply a batch", error))
    }

    fn sync(&self) -> Result<(), EngineError> {
        self.db.flush().map_err(|error| failed("flush", error))?;
        self.file.sync_data().map_err(|error| failed("sync its file", error))
    }

    fn alarms(&self) -> Vec<String> {
        let blobs = self.dir.join("blobs");
        let count = fs::read_dir(&blobs).map(Iterator::count).unwrap_or(0);
        if count == 0 {
            return Vec::new();
        }
        vec![format!(
            "{} holds {count} files; these are not safe from a power cut. Make a copy with `quell store backup` and \
             report this",
            blobs.display()
        )]
    }

    fn disk_bytes(&self) -> Result<u64, EngineError> {
        self.db.size_on_disk().map_err(|error| failed("measure its files", error))
    }
}

fn failed(during: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> EngineError {
    EngineError { engine: "sled", during, source: Box::new(error) }
}

fn open_when_free(dir: &Path) -> sled::Result<Db> {
    let config = Config::new()
        .path(dir)
        .segment_size(SEGMENT)
        .cache_capacity(CACHE)
        .flush_every_ms(Some(FLUSH_EVERY_MS));
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match config.open() {
            Err(sled::Error::Io(error)) if is_lock(&error) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            opened => return opened,
        }
    }
}

/// sled has no kind of error for a lock that somebody holds; the words are all there is.
fn is_lock(error: &std::io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn remove_unfinished_snapshots(dir: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Syncs every file below a folder, then the folder itself.
pub(crate) fn sync_tree(dir: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(dir)?.sync_all()
}
