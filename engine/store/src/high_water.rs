//! The high-water mark: a small file beside the engine's folder that holds the highest acknowledged commit.
//!
//! An engine that lost its data opens as a smaller or an empty store and says nothing. This file knows better: it is
//! synced before a commit is acknowledged, so a store that ends below it has lost something that somebody relies on.
//!
//! The file has two blocks of 4 KiB and never grows, so one `fdatasync` of an overwritten block is all it costs. The
//! blocks are written in turn: a write cut short destroys the older number only.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

const BLOCK: u64 = 4096;
const MAGIC: &[u8; 4] = b"QHW1";
const SLOT: usize = 16;

/// The open file and what it says.
pub(crate) struct HighWater {
    file: File,
    path: PathBuf,
    commit: u64,
    next: u64,
}

impl HighWater {
    /// Writes a new file with this number, in place of whatever was there, and opens it.
    pub(crate) fn create(path: &Path, commit: u64) -> Result<Self, StoreError> {
        let unfinished = path.with_extension("creating");
        let write = || {
            let mut blocks = vec![0; 2 * BLOCK as usize];
            blocks[..SLOT].copy_from_slice(&slot(commit));
            fs::write(&unfinished, &blocks)?;
            File::open(&unfinished)?.sync_all()?;
            fs::rename(&unfinished, path)?;
            File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
        };
        write().map_err(StoreError::io("create", path))?;
        Self::open(path)
    }

    /// Opens the file and reads its number.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let problem = |problem| StoreError::HighWater { path: path.to_path_buf(), problem };
        let file = match File::options().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(problem("missing")),
            Err(error) => return Err(StoreError::io("open", path)(error)),
        };
        let slots = [read_slot(&file, 0), read_slot(&file, 1)];
        let commit = slots.iter().flatten().max().copied().ok_or_else(|| problem("damaged"))?;
        let next = if slots[0] == Some(commit) { 1 } else { 0 };
        Ok(Self { file, path: path.to_path_buf(), commit, next })
    }

    /// The highest commit that was acknowledged.
    pub(crate) fn commit(&self) -> u64 {
        self.commit
    }

    /// Writes a higher number down; returns when it is on disk.
    pub(crate) fn raise(&mut self, commit: u64) -> Result<(), StoreError> {
        let write = || {
            self.file.write_all_at(&slot(commit), self.next * BLOCK)?;
            quell_crash::point!("store.mark.written");
            self.file.sync_data()
        };
        write().map_err(StoreError::io("write the high-water mark", &self.path))?;
        self.next = 1 - self.next;
        self.commit = commit;
        Ok(())
    }
}

fn slot(commit: u64) -> [u8; SLOT] {
    let mut bytes = [0; SLOT];
    bytes[..4].copy_from_slice(MAGIC);
    bytes[4..12].copy_from_slice(&commit.to_be_bytes());
    let crc = crc32fast::hash(&bytes[..12]);
    bytes[12..].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn read_slot(file: &File, index: u64) -> Option<u64> {
    let mut bytes = [0; SLOT];
    file.read_exact_at(&mut bytes, index * BLOCK).ok()?;
    let commit = u64::from_be_bytes(bytes[4..12].try_into().ok()?);
    (bytes == slot(commit)).then_some(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_survives_reopening_and_the_loss_of_either_block() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("high-water");
        let mut mark = HighWater::create(&path, 0).unwrap();
        for commit in 1..=7 {
            mark.raise(commit).unwrap();
            assert_eq!(HighWater::open(&path).unwrap().commit(), commit);
        }
        let good = fs::read(&path).unwrap();
        for position in (0..64).chain(BLOCK as usize..BLOCK as usize + 64) {
            let mut bad = good.clone();
            bad[position] ^= 0x41;
            fs::write(&path, &bad).unwrap();
            let seen = HighWater::open(&path).unwrap().commit();
            assert!(seen == 7 || seen == 6, "byte {position} turned the mark into {seen}");
        }
    }

    #[test]
    fn after_a_torn_write_the_next_one_does_not_touch_the_good_block() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("high-water");
        HighWater::create(&path, 0).unwrap().raise(1).unwrap();
        let mut torn = fs::read(&path).unwrap();
        torn[5] = 0xff;
        fs::write(&path, &torn).unwrap();
        let mut mark = HighWater::open(&path).unwrap();
        assert_eq!((mark.commit(), mark.next), (1, 0));
        mark.raise(2).unwrap();
        assert_eq!(HighWater::open(&path).unwrap().commit(), 2);
    }

    #[test]
    fn a_missing_and_a_wholly_damaged_mark_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("high-water");
        assert!(matches!(HighWater::open(&path), Err(StoreError::HighWater { problem: "missing", .. })));
        for bytes in [vec![], vec![0; 8192], vec![7; 8192], vec![0; 10]] {
            fs::write(&path, bytes).unwrap();
            assert!(matches!(HighWater::open(&path), Err(StoreError::HighWater { problem: "damaged", .. })));
        }
    }
}
