//! What the store knows about itself: its format, and the number of its last commit.

use crate::engine::{Batch, Engine};
use crate::error::StoreError;
use crate::guard;
use crate::home::Home;
use crate::record::{self, Kind};

/// Where every batch leaves its number.
pub(crate) const COMMIT: &[u8] = b"meta/commit";

/// Where the format of the whole store stands.
const FORMAT: &[u8] = b"meta/format";

/// The format that this version makes and reads.
const VERSION: u32 = 1;

/// The first batch of a new store.
pub(crate) fn first_batch() -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    batch.changes.insert(FORMAT.to_vec(), Some(record::encode(Kind::Meta, FORMAT, &VERSION)?));
    batch.changes.insert(COMMIT.to_vec(), Some(commit_record(0)?));
    Ok(batch)
}

/// The record that holds a commit's number.
pub(crate) fn commit_record(number: u64) -> Result<Vec<u8>, StoreError> {
    record::encode(Kind::Meta, COMMIT, &number)
}

/// Checks a freshly opened engine: its format is known and nothing that was acknowledged is missing. Returns the number
/// of its last commit.
pub(crate) fn verify(engine: &dyn Engine, home: &dyn Home) -> Result<u64, StoreError> {
    let behind = |found: String| StoreError::Behind {
        dir: home.path().to_path_buf(),
        acknowledged: home.acknowledged(),
        found,
    };
    let Some(bytes) = guard::call("read", || engine.get(FORMAT))? else {
        return Err(behind("nothing: it is empty".into()));
    };
    let format: u32 = record::decode(Kind::Meta, FORMAT, &bytes)?;
    if format > VERSION {
        return Err(StoreError::NewerFormat { found: format, known: VERSION });
    }
    let commit =
        last_commit(engine)?.ok_or_else(|| behind("an unknown commit: its number is missing".into()))?;
    if commit < home.acknowledged() {
        return Err(behind(format!("commit {commit}")));
    }
    Ok(commit)
}

/// The number of the last commit that an engine holds.
pub(crate) fn last_commit(engine: &dyn Engine) -> Result<Option<u64>, StoreError> {
    let bytes = guard::call("read", || engine.get(COMMIT))?;
    bytes.map(|bytes| record::decode(Kind::Meta, COMMIT, &bytes)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::engine::memory::MemoryDisk;

    /// What a newer version has written may mean something else by now: it is left as it is.
    #[test]
    fn a_store_of_a_newer_version_is_refused() {
        let disk = MemoryDisk::new();
        Store::in_memory(&disk).unwrap().close();
        let newer = record::encode(Kind::Meta, FORMAT, &(VERSION + 1)).unwrap();
        disk.tamper(|pairs| drop(pairs.insert(FORMAT.to_vec(), newer.clone())));
        let refused = Store::in_memory(&disk).err().unwrap();
        assert!(matches!(refused, StoreError::NewerFormat { found: 2, known: 1 }), "{refused}");
    }
}
