//! The open store: bytes under keys, durable when acknowledged.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Semaphore, oneshot, watch};

use crate::committer::{Changes, Committer, GROUP, Job, Slot, Status, Task, View};
use crate::damage::{Damage, DamageLog};
use crate::engine::memory::MemoryDisk;
use crate::engine::{EngineKind, Page, Scan};
use crate::error::StoreError;
use crate::guard;
use crate::home::{Folder, Home, InMemory};
use crate::meta;

/// A write that takes longer than this is reported: the disk does not answer.
const SLOW: Duration = Duration::from_secs(30);

/// Where the store lies and what keeps it.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Its folder; made when it is missing.
    pub dir: PathBuf,
    /// Its engine.
    pub engine: EngineKind,
    /// How many bytes of the disk stay free: with less, nothing is accepted. Room is needed to start again.
    pub spare_bytes: u64,
}

impl StoreOptions {
    /// The usual choice for a folder.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), engine: EngineKind::default(), spare_bytes: 64 * 1024 * 1024 }
    }

    /// With another engine.
    #[must_use]
    pub fn engine(mut self, engine: EngineKind) -> Self {
        self.engine = engine;
        self
    }

    /// With another reserve.
    #[must_use]
    pub fn spare_bytes(mut self, bytes: u64) -> Self {
        self.spare_bytes = bytes;
        self
    }
}

/// How the store is.
#[derive(Debug, Clone)]
pub struct Health {
    /// Whether writes are accepted.
    pub healthy: bool,
    /// Why not, and what helps.
    pub reason: Option<String>,
    /// Which engine keeps it.
    pub engine: &'static str,
    /// The newest acknowledged commit.
    pub commit: u64,
    /// What needs an operator's eye though nothing failed yet.
    pub alarms: Vec<String>,
    /// Records that were found damaged since the store was opened, and set aside.
    pub damaged: Vec<Damage>,
}

/// The store. Copies of this handle share it; it is closed when the last one is dropped.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    engine: &'static str,
    slot: Arc<Slot>,
    damage: DamageLog,
    copying: Mutex<()>,
    status: watch::Receiver<Status>,
    places: Arc<Semaphore>,
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store in a folder, or makes it. This reads files, and blocks while it does.
    pub fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        let first = meta::first_batch()?;
        let folder = Folder::open(&options.dir, options.engine, options.spare_bytes, &first)?;
        Self::start(Box::new(folder))
    }

    /// Makes a store that lost acknowledged commits startable again, with what it still has. Returns the commit that was
    /// acknowledged, where that is known, and the one at which the store ends. The operator's decision, never ours.
    pub fn accept_loss(options: &StoreOptions) -> Result<(Option<u64>, u64), StoreError> {
        Folder::accept_loss(&options.dir, options.engine)
    }

    /// Which engine keeps the store in a folder, where there is one.
    pub fn kind_in(dir: &std::path::Path) -> Result<Option<EngineKind>, StoreError> {
        Folder::kind_in(dir)
    }

    /// Opens a store in memory. For tests, and for runs that are to leave nothing behind.
    pub fn in_memory(disk: &MemoryDisk) -> Result<Self, StoreError> {
        Self::start(Box::new(InMemory::open(disk, &meta::first_batch()?)?))
    }

    /// The bytes under a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let engine = self.0.slot.engine()?;
        Ok(guard::call("read", || engine.get(key))?)
    }

    /// One page of keys and bytes, in order.
    pub fn scan(&self, scan: &Scan) -> Result<Page, StoreError> {
        let engine = self.0.slot.engine()?;
        Ok(guard::call("scan", || engine.scan(scan))?)
    }

    /// Hands a decision to the thread that writes. There it looks at the store and stages changes, alone; it is answered
    /// when these are on disk, together with what it returned. An error of the decision itself changes nothing.
    ///
    /// The write is carried out even when the returned future is dropped while it waits.
    pub async fn decide<T, F>(&self, decision: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let task = Box::new(Decision { decision: Some(decision), decided: None, reply });
        {
            let jobs = self.0.jobs.lock();
            jobs.as_ref()
                .ok_or(StoreError::Closed)?
                .send(Job { task, place })
                .map_err(|_| StoreError::Closed)?;
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Puts bytes under keys, or takes keys away, all at once.
    pub async fn write(&self, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Result<(), StoreError> {
        self.decide(move |view| {
            for (key, change) in changes {
                match change {
                    Some(value) => view.put(key, value)?,
                    None => view.delete(key),
                }
            }
            Ok(())
        })
        .await
    }

    /// Puts bytes under a key that must be absent. Where somebody was earlier, returns their bytes and changes nothing.
    pub async fn claim(&self, key: Vec<u8>, value: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        self.decide(move |view| {
            let earlier = view.get(&key)?;
            if earlier.is_none() {
                view.put(key, value)?;
            }
            Ok(earlier)
        })
        .await
    }

    /// Replaces the bytes under a key if they are the expected ones (nothing: absent). Whether it did.
    pub async fn replace(
        &self,
        key: Vec<u8>,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> Result<bool, StoreError> {
        self.decide(move |view| {
            if view.get(&key)? != expected {
                return Ok(false);
            }
            match value {
                Some(value) => view.put(key, value)?,
                None => view.delete(key),
            }
            Ok(true)
        })
        .await
    }

    /// How the store is.
    #[must_use]
    pub fn health(&self) -> Health {
        let status = self.0.status.borrow().clone();
        let busy = self.0.slot.busy().filter(|busy| *busy > SLOW);
        let reason = status
            .problem
            .or_else(|| busy.map(|busy| format!("the disk has not answered for {} seconds", busy.as_secs())));
        let alarms = match busy {
            // Whoever asks must not wait for the disk as well.
            Some(_) => Vec::new(),
            None => self.0.slot.engine().map(|engine| engine.alarms()).unwrap_or_default(),
        };
        Health {
            healthy: reason.is_none(),
            reason,
            engine: self.0.engine,
            commit: status.commit,
            alarms,
            damaged: self.0.damage.list(),
        }
    }

    /// Returns when writes are accepted, at once where they are.
    pub async fn healthy(&self) -> Result<(), StoreError> {
        let mut status = self.0.status.clone();
        status.wait_for(|status| status.problem.is_none()).await.map(drop).map_err(|_| StoreError::Closed)
    }

    /// Bytes on disk.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        let engine = self.0.slot.engine()?;
        Ok(guard::call("measure", || engine.disk_bytes())?)
    }

    /// Finishes the writes that wait, closes the engine and gives the folder free. Other handles get
    /// [`StoreError::Closed`] from here on.
    pub fn close(&self) {
        self.0.close();
    }

    /// Hands every commit from now on to a copy that is being made. One copy at a time.
    pub(crate) fn tap(&self, tap: Sender<Changes>) -> Result<Tap<'_>, StoreError> {
        let copying = self
            .0
            .copying
            .try_lock()
            .ok_or(StoreError::Unavailable { reason: "another copy is being made".into() })?;
        self.0.slot.tap(Some(tap));
        Ok(Tap { slot: &self.0.slot, _copying: copying })
    }

    /// How many writes are on their way.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        GROUP - self.0.places.available_permits()
    }

    pub(crate) fn damage(&self) -> &DamageLog {
        &self.0.damage
    }

    fn start(home: Box<dyn Home>) -> Result<Self, StoreError> {
        let engine = home.open()?;
        let last = meta::verify(engine.as_ref(), &*home)?;
        let slot = Arc::new(Slot::new(engine));
        let (said, status) = watch::channel(Status { commit: last, problem: None });
        let (jobs, waiting) = channel();
        let (path, engine) = (home.path().to_path_buf(), home.engine());
        // Only the committer holds the home, so that the folder is free when its thread has ended.
        let committer = Committer::new(home, Arc::clone(&slot), said, last);
        let thread = thread::Builder::new()
            .name("store-commit".into())
            .spawn(move || committer.run(&waiting))
            .map_err(StoreError::io("start the committer of", &path))?;
        Ok(Self(Arc::new(Inner {
            path,
            engine,
            slot,
            damage: DamageLog::default(),
            copying: Mutex::new(()),
            status,
            places: Arc::new(Semaphore::new(GROUP)),
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
        })))
    }
}

/// A copy being made; when this is dropped, commits are no longer handed to it.
pub(crate) struct Tap<'a> {
    slot: &'a Slot,
    _copying: MutexGuard<'a, ()>,
}

impl Tap<'_> {
    /// Ends the walk: later commits do not belong to the copy. An error when the store failed meanwhile: then the copy is
    /// not whole. The next one begins when this is dropped.
    pub(crate) fn finish(&self) -> Result<(), StoreError> {
        if self.slot.tap(None).is_some() {
            return Ok(());
        }
        Err(StoreError::Unavailable {
            reason: "a write failed while the copy was made; make it again".into(),
        })
    }
}

impl Drop for Tap<'_> {
    fn drop(&mut self) {
        self.slot.tap(None);
    }
}

impl Inner {
    fn close(&self) {
        drop(self.jobs.lock().take());
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!(store = %self.path.display(), "the committer panicked");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// A decision with its waiter.
struct Decision<F, T> {
    decision: Option<F>,
    decided: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Task for Decision<F, T>
where
    T: Send,
    F: FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send,
{
    fn evaluate(&mut self, view: &mut View<'_>) -> bool {
        self.decided = self.decision.take().map(|decision| decision(view));
        matches!(self.decided, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, fate: Result<u64, &StoreError>) {
        let panicked =
            || Err(StoreError::Unavailable { reason: "the write itself failed: report this".into() });
        let answer = match fate {
            // What was decided may rest on writes of the same group, so it falls with them.
            Err(StoreError::Unavailable { reason }) => {
                Err(StoreError::Unavailable { reason: reason.clone() })
            }
            Err(error) => Err(StoreError::Unavailable { reason: crate::error::chain(error) }),
            Ok(_) => self.decided.unwrap_or_else(panicked),
        };
        // A waiter that went away does not need the answer.
        let _gone = self.reply.send(answer);
    }
}
