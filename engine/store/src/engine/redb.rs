//! redb 4, the second engine.
//!
//! A commit with `Durability::Immediate` returns when it is on the disk, values may be large, and a transaction is whole.
//! So [`RedbEngine::apply`] already does what [`RedbEngine::sync`] promises. It makes about half as many commits per
//! second as the default engine and takes a third of its disk.
//!
//! One cure is needed: after a clean end redb trusts its pages, and a flipped bit in a key would make a record absent
//! without a word. So [`RedbEngine::open`] has all checksums verified. That reads the whole file, about a second and a
//! half for a gigabyte.

use std::fs::{self, File};
use std::ops::Bound;
use std::path::Path;

use redb::{AccessGuard, Database, Durability, ReadableDatabase, TableDefinition};

use super::{Batch, Direction, Engine, EngineError, Page, Pair, Scan};

const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");

/// The one file inside the engine's folder.
const FILE: &str = "records.redb";

/// Bytes of pages kept in memory.
const CACHE: usize = 32 * 1024 * 1024;

/// An open redb database.
pub(crate) struct RedbEngine {
    db: Database,
    file: std::path::PathBuf,
}

impl RedbEngine {
    /// Makes a new database in `dir`, holding one batch, all of it on disk.
    pub(crate) fn create(dir: &Path, first: &Batch) -> Result<(), EngineError> {
        fs::create_dir_all(dir).map_err(|error| failed("create its folder", error))?;
        let db = Database::builder()
            .set_cache_size(CACHE)
            .create(dir.join(FILE))
            .map_err(|error| failed("create its file", error))?;
        Self { db, file: dir.join(FILE) }.apply(first)?;
        let sync = || File::open(dir.join(FILE))?.sync_all().and_then(|()| File::open(dir)?.sync_all());
        sync().map_err(|error| failed("sync a new database", error))
    }

    /// Opens the database in `dir`.
    pub(crate) fn open(dir: &Path) -> Result<Self, EngineError> {
        let mut db = Database::builder()
            .set_cache_size(CACHE)
            .open(dir.join(FILE))
            .map_err(|error| failed("open its file", error))?;
        let clean = db.check_integrity().map_err(|error| failed("verify its file", error))?;
        if !clean {
            tracing::warn!(dir = %dir.display(), "redb repaired its file; the high-water mark tells whether it lost something");
        }
        Ok(Self { db, file: dir.join(FILE) })
    }

    fn table(&self) -> Result<redb::ReadOnlyTable<&'static [u8], &'static [u8]>, EngineError> {
        let transaction = self.db.begin_read().map_err(|error| failed("begin to read", error))?;
        transaction.open_table(RECORDS).map_err(|error| failed("open its table", error))
    }
}

impl Engine for RedbEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let value = self.table()?.get(key).map_err(|error| failed("read", error))?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn scan(&self, scan: &Scan) -> Result<Page, EngineError> {
        let Some((low, high)) = scan.bounds() else { return Ok(Page::default()) };
        let range: (Bound<&[u8]>, Bound<&[u8]>) =
            (low.as_ref().map(Vec::as_slice), high.as_ref().map(Vec::as_slice));
        let walk = self.table()?.range::<&[u8]>(range).map_err(|error| failed("scan", error))?;
        match scan.direction {
            Direction::Ascending => scan.collect(walk.map(|at| pair(scan, at))),
            Direction::Descending => scan.collect(walk.rev().map(|at| pair(scan, at))),
        }
    }

    fn apply(&self, batch: &Batch) -> Result<(), EngineError> {
        let mut transaction = self.db.begin_write().map_err(|error| failed("begin to write", error))?;
        transaction
            .set_durability(Durability::Immediate)
            .map_err(|error| failed("ask for a durable commit", error))?;
        {
            let mut table =
                transaction.open_table(RECORDS).map_err(|error| failed("open its table", error))?;
            for (key, change) in &batch.changes {
                match change {
                    Some(value) => table.insert(key.as_slice(), value.as_slice()).map(drop),
                    None => table.remove(key.as_slice()).map(drop),
                }
                .map_err(|error| failed("apply a batch", error))?;
            }
        }
        transaction.commit().map_err(|error| failed("commit", error))
    }

    fn sync(&self) -> Result<(), EngineError> {
        Ok(())
    }

    fn disk_bytes(&self) -> Result<u64, EngineError> {
        let file = fs::metadata(&self.file).map_err(|error| failed("measure its file", error))?;
        Ok(file.len())
    }
}

type Walked<'a> =
    Result<(AccessGuard<'a, &'static [u8]>, AccessGuard<'a, &'static [u8]>), redb::StorageError>;

fn pair(scan: &Scan, walked: Walked<'_>) -> Result<Pair, EngineError> {
    let (key, value) = walked.map_err(|error| failed("scan", error))?;
    let value = if scan.keys_only { Vec::new() } else { value.value().to_vec() };
    Ok((key.value().to_vec(), value))
}

fn failed(during: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> EngineError {
    EngineError { engine: "redb", during, source: Box::new(error) }
}
