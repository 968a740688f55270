//! The one thread that writes.
//!
//! Everybody hands their writes to a channel. The committer takes what waits (up to [`GROUP`] of them), evaluates their
//! conditions one after another, applies all their changes as one batch, syncs the engine, raises the high-water mark,
//! and only then answers them all. So many writers share one flush, and a condition (`this key is absent`) holds until
//! the write that relies on it is applied: nobody else writes.
//!
//! # What is guaranteed
//!
//! * `Ok` means: on disk, and the high-water mark knows it. A store that loses it will not start again silently.
//! * An error means: *nothing is known*. The write may be there after a restart or not; it was not acknowledged. Whoever
//!   repeats it must be able to find it already done (a condition on the key is enough).
//! * A write is applied whole or not at all, and so is the group that it travelled in.
//! * Readers never see what is not on disk yet: they wait while a group is being written. Otherwise somebody could
//!   acknowledge an alert to its sender because its record was *seen*, and a power cut would take the record away.
//! * After a failure no write is acknowledged until the engine was closed, opened again from what the disk really holds,
//!   found to hold every acknowledged commit, and one probing commit was synced (`recovery.rs`). Until then every write
//!   is answered with an error at once, and the store says that it is not healthy. It tries again by itself.

mod recovery;
mod view;

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use tokio::sync::{OwnedSemaphorePermit, watch};

pub use view::View;

use crate::engine::{Batch, Engine};
use crate::error::{StoreError, chain};
use crate::guard;
use crate::home::Home;
use crate::meta;
use recovery::Failed;
pub(crate) use view::Changes;

/// How many writes share one flush at most, and how many wait at most.
pub(crate) const GROUP: usize = 1024;

/// A group is closed early when its changes are this large.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// How long a failed store waits before it tries again.
const PAUSE: Duration = Duration::from_millis(500);

/// One write, seen by the committer.
pub(crate) trait Task: Send {
    /// Looks at the store and stages changes; whether these are to be kept.
    fn evaluate(&mut self, view: &mut View<'_>) -> bool;

    /// Tells the waiter: the number of the commit, or why there is none.
    fn answer(self: Box<Self>, fate: Result<u64, &StoreError>);
}

/// A write on its way.
pub(crate) struct Job {
    /// What to do.
    pub(crate) task: Box<dyn Task>,
    /// Bounds how many writes wait at once; given back when the job was answered.
    pub(crate) place: OwnedSemaphorePermit,
}

/// The engine as everybody sees it. It is absent while the store recovers from a failure.
pub(crate) struct Slot {
    engine: RwLock<Option<Box<dyn Engine>>>,
    writing: Mutex<Option<Instant>>,
    /// Where a copy that is being made wants to hear of every commit.
    tap: Mutex<Option<Sender<Changes>>>,
}

/// The state of the thread.
pub(crate) struct Committer {
    home: Box<dyn Home>,
    slot: Arc<Slot>,
    status: watch::Sender<Status>,
    /// The number of the newest commit that may be on disk.
    last: u64,
    broken: Option<recovery::Broken>,
    /// Whether the last write was turned away for want of room.
    full: bool,
}

/// What the committer says about itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Status {
    /// The newest acknowledged commit.
    pub(crate) commit: u64,
    /// Why no writes are accepted.
    pub(crate) problem: Option<String>,
}

impl Slot {
    /// A slot that holds this engine.
    pub(crate) fn new(engine: Box<dyn Engine>) -> Self {
        Self { engine: RwLock::new(Some(engine)), writing: Mutex::new(None), tap: Mutex::new(None) }
    }

    /// The engine, for reading. Waits while a group is being written.
    pub(crate) fn engine(&self) -> Result<impl Deref<Target = Box<dyn Engine>> + '_, StoreError> {
        RwLockReadGuard::try_map(self.engine.read(), Option::as_ref)
            .map_err(|_| StoreError::Unavailable { reason: "it is recovering from a failed write".into() })
    }

    /// From now on hands every commit to a copy that is being made, or no more; returns where they went until now.
    pub(crate) fn tap(&self, tap: Option<Sender<Changes>>) -> Option<Sender<Changes>> {
        std::mem::replace(&mut *self.tap.lock(), tap)
    }

    /// For how long the disk has been busy with one group.
    pub(crate) fn busy(&self) -> Option<Duration> {
        self.writing.lock().map(|since| since.elapsed())
    }
}

impl Committer {
    /// A committer for an engine that ends at commit `last`.
    pub(crate) fn new(
        home: Box<dyn Home>,
        slot: Arc<Slot>,
        status: watch::Sender<Status>,
        last: u64,
    ) -> Self {
        Self { home, slot, status, last, broken: None, full: false }
    }

    /// Works until nobody can hand over writes any more; then closes the engine.
    pub(crate) fn run(mut self, jobs: &Receiver<Job>) {
        while let Some(first) = self.next(jobs) {
            if self.broken.as_ref().is_some_and(|broken| broken.waited() >= PAUSE) {
                self.recover();
            }
            match &self.broken {
                Some(broken) => {
                    let unavailable = StoreError::Unavailable { reason: broken.reason.clone() };
                    first.task.answer(Err(&unavailable));
                }
                None => self.commit_group(first, jobs),
            }
        }
        self.close();
    }

    /// Waits for a write. While the store is broken, pauses are used to recover.
    fn next(&mut self, jobs: &Receiver<Job>) -> Option<Job> {
        while self.broken.is_some() || self.full {
            match jobs.recv_timeout(PAUSE) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Timeout) if self.full => self.look_for_room(),
                Err(RecvTimeoutError::Timeout) => self.recover(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        jobs.recv().ok()
    }

    fn commit_group(&mut self, first: Job, jobs: &Receiver<Job>) {
        let mut group = Vec::new();
        let fate = match self.evaluate(first, jobs, &mut group) {
            Ok(changes) if changes.is_empty() => Ok(self.last),
            Ok(changes) => self.commit(changes),
            Err(error) => Err(error),
        };
        for Job { task, place } in group {
            task.answer(fate.as_ref().copied());
            drop(place);
            quell_crash::point!("store.group.answered");
        }
    }

    /// Takes what waits and lets each write stage its changes, in order.
    fn evaluate(
        &self,
        first: Job,
        jobs: &Receiver<Job>,
        group: &mut Vec<Job>,
    ) -> Result<Changes, StoreError> {
        group.push(first);
        let engine = self.slot.engine()?;
        let mut view = View::new(engine.as_ref());
        while let Some(job) = group.last_mut() {
            // A write that panics leaves nothing behind and learns it from its empty answer.
            let kept = catch_unwind(AssertUnwindSafe(|| job.task.evaluate(&mut view)));
            view.settle(kept.unwrap_or(false));
            if group.len() >= GROUP || view.bytes() >= GROUP_BYTES {
                break;
            }
            match jobs.try_recv() {
                Ok(job) => group.push(job),
                Err(_) => break,
            }
        }
        Ok(view.into_changes())
    }

    /// Makes one batch durable; the number of its commit.
    fn commit(&mut self, changes: Changes) -> Result<u64, StoreError> {
        if let Err(reason) = self.home.room() {
            // Nothing was written, so nothing is unknown and nothing has to be opened again.
            self.set_problem(&reason);
            self.full = true;
            return Err(StoreError::Unavailable { reason });
        }
        self.full = false;
        quell_crash::point!("store.group.evaluated");
        let number = self.last + 1;
        *self.slot.writing.lock() = Some(Instant::now());
        let written = self.write(Batch { number, changes });
        *self.slot.writing.lock() = None;
        if let Err(Failed { error, engine }) = written {
            let reason = chain(&error);
            self.break_down(&reason, engine);
            return Err(StoreError::Unavailable { reason });
        }
        self.last = number;
        self.status.send_replace(Status { commit: number, problem: None });
        Ok(number)
    }

    fn write(&self, mut batch: Batch) -> Result<(), Failed> {
        let mut slot = self.slot.engine.write();
        let engine = slot.as_ref().ok_or(StoreError::Closed)?;
        if let Err(error) = self.make_durable(engine.as_ref(), &mut batch) {
            // Still under the lock: no reader gets hold of an engine that holds more than the disk.
            return Err(Failed { error, engine: slot.take() });
        }
        // Still under the lock: who looks at the engine after this commit has also been handed it.
        if let Some(tap) = self.slot.tap.lock().as_ref() {
            let _copy_ended = tap.send(batch.changes);
        }
        Ok(())
    }

    /// The order of these steps is the promise: all changes and their number at once, the engine's sync, the mark's
    /// sync, then nothing else before the answers.
    fn make_durable(&self, engine: &dyn Engine, batch: &mut Batch) -> Result<(), StoreError> {
        let number = batch.number;
        batch.changes.insert(meta::COMMIT.to_vec(), Some(meta::commit_record(number)?));
        guard::call("apply a batch", || engine.apply(batch))?;
        quell_crash::point!("store.group.applied");
        guard::call("sync", || engine.sync())?;
        quell_crash::point!("store.group.synced");
        self.home.acknowledge(number)?;
        quell_crash::point!("store.group.acknowledged");
        Ok(())
    }

    fn look_for_room(&mut self) {
        if self.home.room().is_ok() {
            self.full = false;
            self.status.send_replace(Status { commit: self.last, problem: None });
        }
    }

    fn set_problem(&self, reason: &str) {
        let news = self.status.send_if_modified(|status| {
            let news = status.problem.as_deref() != Some(reason);
            status.problem = Some(reason.to_owned());
            news
        });
        if news {
            tracing::error!(store = %self.home.path().display(), reason, "the store accepts no writes");
        }
    }
}
