//! Where a store lives: its folder with the lock, the engine's files and the high-water mark.
//!
//! ```text
//! <store>/lock          held while a process has the store open; holds its process number
//! <store>/high-water    the highest acknowledged commit
//! <store>/sled/         the engine's files (or redb/)
//! ```
//!
//! A new store is made under another name and renamed into place when every byte of it is on disk. So the engine's
//! folder exists if and only if the store was finished, and its absence beside a high-water mark above zero means that
//! it was lost.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind::{InvalidInput, PermissionDenied, ReadOnlyFilesystem, Unsupported};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::engine::memory::{MemoryDisk, MemoryEngine};
use crate::engine::redb::RedbEngine;
use crate::engine::sled::{SledEngine, sync_tree};
use crate::engine::{Batch, Engine, EngineError, EngineKind};
use crate::error::StoreError;
use crate::guard;
use crate::high_water::HighWater;

/// What the committer needs from the place where its engine lives.
pub(crate) trait Home: Send + Sync {
    /// Opens the engine.
    fn open(&self) -> Result<Box<dyn Engine>, StoreError>;

    /// The highest commit that was acknowledged.
    fn acknowledged(&self) -> u64;

    /// Remembers a higher one; returns when it is on disk.
    fn acknowledge(&self, commit: u64) -> Result<(), StoreError>;

    /// Fails, in words, where too little room is left to write safely.
    fn room(&self) -> Result<(), String>;

    /// The name of the place, for messages.
    fn path(&self) -> &Path;

    /// The name of the engine.
    fn engine(&self) -> &'static str;
}

/// A folder on disk.
pub(crate) struct Folder {
    dir: PathBuf,
    kind: EngineKind,
    spare_bytes: u64,
    mark: Mutex<HighWater>,
    _lock: File,
}

impl Folder {
    /// Takes the folder for this process; makes the store when there is none.
    pub(crate) fn open(
        dir: &Path,
        kind: EngineKind,
        spare_bytes: u64,
        first: &Batch,
    ) -> Result<Self, StoreError> {
        create_folder(dir)?;
        let lock = lock(dir)?;
        // Names that an earlier attempt has made may not be on disk: it may have failed for just that.
        sync_folder(dir)?;
        for kind in EngineKind::ALL {
            remove_unfinished(dir, kind)?;
        }
        let mark_path = dir.join("high-water");
        let mark = match existing(dir)? {
            Some(found) if found != kind => {
                return Err(StoreError::OtherEngine { dir: dir.to_path_buf(), found, wanted: kind });
            }
            Some(_) => HighWater::open(&mark_path)?,
            None => create(dir, kind, first, &mark_path)?,
        };
        Ok(Self { dir: dir.to_path_buf(), kind, spare_bytes, mark: Mutex::new(mark), _lock: lock })
    }

    /// Which engine's files a folder holds.
    pub(crate) fn kind_in(dir: &Path) -> Result<Option<EngineKind>, StoreError> {
        existing(dir)
    }

    /// Sets the mark to what the store holds, whatever it said before: the operator accepts a loss. Returns the old
    /// mark, where it can be read, and the new one.
    pub(crate) fn accept_loss(dir: &Path, kind: EngineKind) -> Result<(Option<u64>, u64), StoreError> {
        let _lock = lock(dir)?;
        let path = dir.join("high-water");
        let old = HighWater::open(&path).ok().map(|mark| mark.commit());
        let engine_dir = dir.join(kind.name());
        let new = match existing(dir)? {
            None => 0,
            Some(found) if found != kind => {
                return Err(StoreError::OtherEngine { dir: dir.to_path_buf(), found, wanted: kind });
            }
            Some(_) => {
                let engine = guard::open(move || open_engine(kind, &engine_dir))
                    .map_err(|problem| StoreError::Torn { dir: dir.to_path_buf(), problem })?;
                let last = crate::meta::last_commit(engine.as_ref())?.unwrap_or(0);
                close(engine)?;
                last
            }
        };
        HighWater::create(&path, new)?;
        Ok((old, new))
    }
}

impl Home for Folder {
    fn open(&self) -> Result<Box<dyn Engine>, StoreError> {
        let dir = self.dir.join(self.kind.name());
        forget_cached(&dir);
        let kind = self.kind;
        // Opening writes too. Where there is no room for that, nothing is torn, and an old copy would be the wrong cure.
        guard::open(move || open_engine(kind, &dir)).map_err(|problem| match self.room() {
            Err(full) => StoreError::Unavailable { reason: format!("{full} ({problem})") },
            Ok(()) => StoreError::Torn { dir: self.dir.clone(), problem },
        })
    }

    fn acknowledged(&self) -> u64 {
        self.mark.lock().commit()
    }

    fn acknowledge(&self, commit: u64) -> Result<(), StoreError> {
        self.mark.lock().raise(commit)
    }

    fn room(&self) -> Result<(), String> {
        let Ok(disk) = rustix::fs::statvfs(&self.dir) else { return Ok(()) };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free >= self.spare_bytes {
            return Ok(());
        }
        Err(format!(
            "the disk of {} has {} MB left, {} MB are kept in reserve; make room, and the engine goes on by itself",
            self.dir.display(),
            free / 1_000_000,
            self.spare_bytes / 1_000_000
        ))
    }

    fn path(&self) -> &Path {
        &self.dir
    }

    fn engine(&self) -> &'static str {
        self.kind.name()
    }
}

/// A store in the making, to take the place of what a folder holds.
pub(crate) struct Replacement {
    dir: PathBuf,
    kind: EngineKind,
    engine: Box<dyn Engine>,
    _lock: File,
}

impl Folder {
    /// Begins a new store beside whatever the folder holds.
    pub(crate) fn replace(dir: &Path, kind: EngineKind) -> Result<Replacement, StoreError> {
        create_folder(dir)?;
        let lock = lock(dir)?;
        let unfinished = remove_unfinished(dir, kind)?;
        create_engine(kind, &unfinished, &Batch::default())?;
        let engine = open_engine(kind, &unfinished)?;
        Ok(Replacement { dir: dir.to_path_buf(), kind, engine, _lock: lock })
    }
}

impl Replacement {
    /// Adds to it.
    pub(crate) fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        Ok(self.engine.apply(batch)?)
    }

    /// Puts it in its place. What was there is moved aside, and its new name returned. Cut short at any point, the
    /// folder holds the old store, or none and a mark that says so, or the new one; never half of one.
    pub(crate) fn finish(self, commit: u64) -> Result<Option<PathBuf>, StoreError> {
        self.engine.sync()?;
        close(self.engine)?;
        let made = self.dir.join(format!("{}.creating", self.kind));
        sync_tree(&made).map_err(StoreError::io("sync", &made))?;
        let aside =
            (1..).map(|number| self.dir.join(format!("replaced-{number}"))).find(|path| !path.exists());
        let mut kept = None;
        for old in EngineKind::ALL.map(|kind| self.dir.join(kind.name())) {
            if let Some(aside) = aside.as_ref().filter(|_| old.exists()) {
                fs::create_dir_all(aside).map_err(StoreError::io("create", aside))?;
                let target = aside.join(old.file_name().unwrap_or_default());
                fs::rename(&old, &target).map_err(StoreError::io("move aside", &old))?;
                kept = Some(aside.clone());
            }
        }
        if let Some(aside) = &kept {
            sync_folder(aside)?;
        }
        sync_names_of(&self.dir)?;
        HighWater::create(&self.dir.join("high-water"), commit)?;
        let finished = self.dir.join(self.kind.name());
        fs::rename(&made, &finished).map_err(StoreError::io("rename into place", &finished))?;
        sync_folder(&self.dir)?;
        Ok(kept)
    }
}

/// A place in memory, for tests.
pub(crate) struct InMemory(MemoryDisk);

impl InMemory {
    /// Takes the disk; writes the first batch when it is empty.
    pub(crate) fn open(disk: &MemoryDisk, first: &Batch) -> Result<Self, StoreError> {
        let engine = MemoryEngine(disk.clone());
        if disk.synced().is_empty() {
            engine.apply(first)?;
            engine.sync()?;
        }
        Ok(Self(disk.clone()))
    }
}

impl Home for InMemory {
    fn open(&self) -> Result<Box<dyn Engine>, StoreError> {
        Ok(Box::new(MemoryEngine(self.0.clone())))
    }

    fn acknowledged(&self) -> u64 {
        self.0.acknowledged()
    }

    fn acknowledge(&self, commit: u64) -> Result<(), StoreError> {
        self.0.acknowledge(commit);
        Ok(())
    }

    fn room(&self) -> Result<(), String> {
        Ok(())
    }

    fn path(&self) -> &Path {
        Path::new("(in memory)")
    }

    fn engine(&self) -> &'static str {
        "memory"
    }
}

fn create_engine(kind: EngineKind, dir: &Path, first: &Batch) -> Result<(), EngineError> {
    guard::call("create", || match kind {
        EngineKind::Sled => SledEngine::create(dir, first),
        EngineKind::Redb => RedbEngine::create(dir, first),
    })
}

fn open_engine(kind: EngineKind, dir: &Path) -> Result<Box<dyn Engine>, EngineError> {
    Ok(match kind {
        EngineKind::Sled => Box::new(SledEngine::open(dir)?),
        EngineKind::Redb => Box::new(RedbEngine::open(dir)?),
    })
}

/// Closing writes too, and panics where that fails.
fn close(engine: Box<dyn Engine>) -> Result<(), EngineError> {
    guard::call("close", || {
        drop(engine);
        Ok(())
    })
}

/// Which engine's files the folder holds.
fn existing(dir: &Path) -> Result<Option<EngineKind>, StoreError> {
    let found: Vec<_> = EngineKind::ALL.into_iter().filter(|kind| dir.join(kind.name()).exists()).collect();
    match found[..] {
        [] => Ok(None),
        [kind] => Ok(Some(kind)),
        _ => Err(StoreError::TwoEngines { dir: dir.to_path_buf() }),
    }
}

/// Makes a new store, unless one was here before.
fn create(dir: &Path, kind: EngineKind, first: &Batch, mark_path: &Path) -> Result<HighWater, StoreError> {
    let mark = match HighWater::open(mark_path) {
        Err(StoreError::HighWater { problem: "missing", .. }) => HighWater::create(mark_path, 0)?,
        opened => opened?,
    };
    quell_crash::point!("store.mark.made");
    sync_names_of(dir)?;
    if mark.commit() > 0 {
        let found = format!("nothing: the folder {} is gone", dir.join(kind.name()).display());
        return Err(StoreError::Behind { dir: dir.to_path_buf(), acknowledged: mark.commit(), found });
    }
    let unfinished = remove_unfinished(dir, kind)?;
    create_engine(kind, &unfinished, first)?;
    quell_crash::point!("store.made");
    let finished = dir.join(kind.name());
    fs::rename(&unfinished, &finished).map_err(StoreError::io("rename into place", &finished))?;
    quell_crash::point!("store.in-place");
    sync_folder(dir)?;
    Ok(mark)
}

/// Where an engine's folder is made. What an earlier attempt left there was never used.
fn remove_unfinished(dir: &Path, kind: EngineKind) -> Result<PathBuf, StoreError> {
    let unfinished = dir.join(format!("{kind}.creating"));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(StoreError::io("remove", &unfinished))?;
    }
    Ok(unfinished)
}

fn create_folder(dir: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(dir).map_err(StoreError::io("create", dir))
}

/// Puts the names of a new store's folder, and of all folders around it, on disk: any of them may be as new as the store,
/// whoever made it.
fn sync_names_of(dir: &Path) -> Result<(), StoreError> {
    let whole = dir.canonicalize().map_err(StoreError::io("find", dir))?;
    for folder in whole.ancestors().skip(1) {
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            // What we may not look into, or what cannot be written to, we have not made; some systems of files know no
            // sync of a folder.
            Err(error)
                if matches!(
                    error.kind(),
                    PermissionDenied | ReadOnlyFilesystem | InvalidInput | Unsupported
                ) => {}
            synced => synced.map_err(StoreError::io("sync", folder))?,
        }
    }
    Ok(())
}

fn sync_folder(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(StoreError::io("sync", dir))
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(StoreError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The number is a courtesy: the message stands without it.
            let read = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let holder = read.then(|| holder.trim().to_owned());
            return Err(StoreError::InUse { dir: dir.to_path_buf(), holder });
        }
        Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", &path)(error)),
    }
    let sign = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    if let Err(error) = sign(&mut file) {
        // A full disk must not keep an existing store from being read.
        tracing::warn!(%error, path = %path.display(), "cannot write the process number into the lock");
    }
    Ok(file)
}

/// Asks the system to drop what it has cached of the engine's files, so that opening reads the disk.
///
/// After a failed sync the cache may hold, as clean, bytes that never reached the disk. Building on them would put
/// acknowledged commits behind a hole. Pages that are still to be written are not affected.
fn forget_cached(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
        if let Ok(file) = File::open(&path) {
            let dropped = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
            tracing::trace!(path = %path.display(), ?dropped, "read from disk again");
        }
    }
}
