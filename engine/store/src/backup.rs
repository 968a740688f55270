//! Copies of the store: made while it works, put back into an empty folder, or into another engine.
//!
//! A copy is one file: a mark, then every change as a frame with its own checksum, then an end that counts them. It is
//! written under another name and renamed when it is synced, so a file that has its name is whole.
//!
//! Copying does not stop the engine. The keys are walked over while commits go on; every commit made meanwhile is also
//! handed to the copy and stands behind the walk. Putting back replays both in order, so that each key ends with its
//! latest value: the copy shows the store as it was when the walk ended.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use serde::{Deserialize, Serialize};

use crate::committer::Changes;
use crate::engine::{Batch, EngineKind, Scan, VALUE_LIMIT};
use crate::error::StoreError;
use crate::home::{Folder, Replacement};
use crate::meta;
use crate::record::{self, Kind};
use crate::store::{Store, StoreOptions};

const MAGIC: &[u8] = b"quell store copy 1\n";
const PUT: u8 = b'P';
const DELETE: u8 = b'D';
const END: u8 = b'E';

/// Changes are put back in batches of about so many bytes.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// The longest key that is believed.
const KEY_LIMIT: usize = 64 * 1024;

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Changes in it.
    pub changes: u64,
    /// The commit at which it shows the store.
    pub commit: u64,
}

impl Store {
    /// Copies the store into a new file while it works.
    pub async fn backup(&self, file: &Path) -> Result<Copied, StoreError> {
        let file = file.to_path_buf();
        self.aside(move |store| copy_out(store, &file)).await
    }

    /// Makes a store from a copy. What the folder held is kept beside it, under the name returned, where there was any.
    pub fn restore(file: &Path, options: &StoreOptions) -> Result<(Copied, Option<PathBuf>), StoreError> {
        // Once over the whole copy before anything is touched.
        read_copy(file, |_, _| Ok(()))?;
        let replacement = Folder::replace(&options.dir, options.engine)?;
        copy_in(file, replacement)
    }

    /// Turns a store that nobody has open into one of another engine. What was there is kept beside it.
    pub fn convert(options: &StoreOptions, to: EngineKind) -> Result<(Copied, Option<PathBuf>), StoreError> {
        let file = options.dir.join("conversion");
        let store = Self::open(options)?;
        let copied = copy_out(&store, &file);
        store.close();
        drop(store);
        copied?;
        let restored = Self::restore(&file, &options.clone().engine(to));
        std::fs::remove_file(&file).map_err(StoreError::io("remove", &file))?;
        restored
    }
}

fn copy_out(store: &Store, file: &Path) -> Result<Copied, StoreError> {
    // Before any file is touched: two copies to the same place must not write into one another.
    let (tap, tapped) = channel();
    let tapping = store.tap(tap)?;
    let unfinished = file.with_added_extension("unfinished");
    let failed = |error| StoreError::io("write", &unfinished)(error);
    // What the store holds is nobody's business but its owner's, whoever may have made a file of this name before.
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let file_of_ours = File::options().write(true).create_new(true).mode(0o600).open(&unfinished);
    let mut out = Writer { out: BufWriter::new(file_of_ours.map_err(failed)?), changes: 0, commit: 0 };
    out.out.write_all(MAGIC).map_err(failed)?;
    walk(store, |key, value| out.change(key, Some(value)).map_err(failed))?;
    tapping.finish()?;
    write_tapped(&tapped, &mut out).map_err(failed)?;
    out.end().map_err(failed)?;
    quell_crash::point!("store.copy.written");
    std::fs::rename(&unfinished, file).map_err(StoreError::io("rename into place", file))?;
    quell_crash::point!("store.copy.in-place");
    let folder = file.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::io("sync", folder))?;
    drop(tapping);
    Ok(Copied { changes: out.changes, commit: out.commit })
}

fn walk(
    store: &Store,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut scan = Scan::prefix([]);
    loop {
        let page = store.scan(&scan)?;
        page.pairs.iter().try_for_each(|(key, value)| each(key, value))?;
        match page.next {
            Some(next) => scan.from = Some(next),
            None => return Ok(()),
        }
    }
}

fn write_tapped(tapped: &Receiver<Changes>, out: &mut Writer) -> std::io::Result<()> {
    for changes in tapped.try_iter() {
        for (key, change) in &changes {
            out.change(key, change.as_deref())?;
        }
    }
    Ok(())
}

struct Writer {
    out: BufWriter<File>,
    changes: u64,
    commit: u64,
}

impl Writer {
    fn change(&mut self, key: &[u8], value: Option<&[u8]>) -> std::io::Result<()> {
        if let Some(value) = value.filter(|_| key == meta::COMMIT) {
            self.commit = record::decode(Kind::Meta, key, value).unwrap_or(self.commit);
        }
        self.changes += 1;
        self.frame(if value.is_some() { PUT } else { DELETE }, key, value.unwrap_or_default())
    }

    fn end(&mut self) -> std::io::Result<()> {
        self.frame(END, &self.changes.to_be_bytes(), &self.commit.to_be_bytes())?;
        self.out.flush()?;
        self.out.get_ref().sync_all()
    }

    fn frame(&mut self, kind: u8, key: &[u8], value: &[u8]) -> std::io::Result<()> {
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&(key.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&(value.len() as u32).to_be_bytes());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_be_bytes());
        self.out.write_all(&bytes)
    }
}

fn copy_in(file: &Path, replacement: Replacement) -> Result<(Copied, Option<PathBuf>), StoreError> {
    let (mut batch, mut bytes) = (Batch { number: 1, ..Batch::default() }, 0);
    let copied = read_copy(file, |key, value| {
        bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        batch.changes.insert(key, value);
        if bytes >= BATCH_BYTES {
            replacement.apply(&batch)?;
            batch = Batch { number: batch.number + 1, ..Batch::default() };
            bytes = 0;
        }
        Ok(())
    })?;
    // The numbers of commits are never used twice: the engine names the pieces of large values by them.
    let commit = copied.commit.saturating_add(batch.number);
    batch.changes.insert(meta::COMMIT.to_vec(), Some(meta::commit_record(commit)?));
    replacement.apply(&batch)?;
    let kept = replacement.finish(commit)?;
    Ok((Copied { commit, ..copied }, kept))
}

/// Hands out every change of a copy, in order. An error when the copy is not whole.
fn read_copy(
    file: &Path,
    mut each: impl FnMut(Vec<u8>, Option<Vec<u8>>) -> Result<(), StoreError>,
) -> Result<Copied, StoreError> {
    let damaged = |problem: &str| StoreError::Copy { file: file.to_path_buf(), problem: problem.to_owned() };
    let mut input = BufReader::new(File::open(file).map_err(StoreError::io("open", file))?);
    let mut magic = vec![0; MAGIC.len()];
    if input.read_exact(&mut magic).is_err() || magic != MAGIC {
        return Err(damaged("it is not a copy of a store"));
    }
    let mut changes = 0;
    loop {
        let Frame { kind, key, value } = read_frame(&mut input).map_err(|problem| damaged(&problem))?;
        if kind == END {
            let number = |bytes: Vec<u8>| <[u8; 8]>::try_from(bytes).map(u64::from_be_bytes);
            return match (number(key), number(value)) {
                (Ok(counted), Ok(commit)) if counted == changes => Ok(Copied { changes, commit }),
                _ => Err(damaged("its end does not fit its content")),
            };
        }
        changes += 1;
        each(key, (kind == PUT).then_some(value))?;
    }
}

struct Frame {
    kind: u8,
    key: Vec<u8>,
    value: Vec<u8>,
}

fn read_frame(input: &mut impl Read) -> Result<Frame, String> {
    let mut head = [0; 9];
    let cut = |_| "it is cut short".to_owned();
    input.read_exact(&mut head).map_err(cut)?;
    let [kind, lengths @ ..] = head;
    let (key, value) = lengths.split_at(4);
    let length = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let (key_length, value_length) = (length(key), length(value));
    if ![PUT, DELETE, END].contains(&kind) || key_length > KEY_LIMIT || value_length > VALUE_LIMIT {
        return Err("a part of it is damaged".to_owned());
    }
    let mut body = vec![0; key_length + value_length];
    let mut crc = [0; 4];
    input.read_exact(&mut body).and_then(|()| input.read_exact(&mut crc)).map_err(cut)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head);
    hasher.update(&body);
    if hasher.finalize().to_be_bytes() != crc {
        return Err("a part of it is damaged".to_owned());
    }
    let value = body.split_off(key_length);
    Ok(Frame { kind, key: body, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::memory::{Failing, MemoryDisk};

    /// The copy lacks what became of the write that failed, however well the store is when the walk ends.
    #[tokio::test]
    async fn a_write_that_failed_ends_the_copy_though_the_store_is_well_again() {
        let disk = MemoryDisk::new();
        let store = Store::in_memory(&disk).unwrap();
        let (tap, _tapped) = channel();
        let tapping = store.tap(tap).unwrap();
        disk.fail(Failing { from: 1, count: 1, half_done: true });
        assert!(store.write(vec![(b"k".to_vec(), Some(vec![1]))]).await.is_err());
        store.healthy().await.unwrap();
        assert!(tapping.finish().is_err());
        drop(tapping);
        let (tap, _tapped) = channel();
        assert!(store.tap(tap).unwrap().finish().is_ok());
    }

    /// Its checksum fits, and yet nobody here wrote it: no store has such keys.
    #[test]
    fn a_part_that_is_larger_than_any_record_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        for (longer, believed) in [(0, true), (1, false)] {
            let path = dir.path().join("copy");
            let mut out = Writer { out: BufWriter::new(File::create(&path).unwrap()), changes: 0, commit: 0 };
            out.out.write_all(MAGIC).unwrap();
            out.change(&vec![b'k'; KEY_LIMIT + longer], Some(b"v")).unwrap();
            out.end().unwrap();
            assert_eq!(read_copy(&path, |_, _| Ok(())).is_ok(), believed, "{longer}");
        }
    }
}
