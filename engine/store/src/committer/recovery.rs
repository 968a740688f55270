//! How the committer gets over a failed write.
//!
//! After a failed write or sync nobody knows what is on disk, and the engine's memory may hold what the disk does not. So
//! the engine is closed and thrown away, and a new one is opened from what the disk really holds (`home.rs` drops the
//! system's cache of the files first: after a failed sync it may hold bytes that were never written). The new one must
//! hold every acknowledged commit, and must make one probing commit durable, before anything else is accepted.

use std::time::{Duration, Instant};

use super::{Committer, Status};
use crate::engine::{Batch, Engine};
use crate::error::{StoreError, chain};
use crate::guard::Closing;
use crate::meta;

/// How long closing a healthy engine may take, and how long a failed one is waited for at first.
const CLOSE: Duration = Duration::from_secs(10);

/// A store that does not accept writes.
pub(super) struct Broken {
    /// Why, in words.
    pub(super) reason: String,
    attempted: Instant,
    closing: Option<Closing>,
}

impl Broken {
    /// The time since the last attempt to recover.
    pub(super) fn waited(&self) -> Duration {
        self.attempted.elapsed()
    }
}

/// A write that failed, with the engine that is not to be used any more.
pub(super) struct Failed {
    pub(super) error: StoreError,
    pub(super) engine: Option<Box<dyn Engine>>,
}

impl Committer {
    /// Begins to close an engine that failed. The first attempt to recover follows at the next write or pause.
    pub(super) fn break_down(&mut self, reason: &str, failed: Option<Box<dyn Engine>>) {
        // A copy that is being made would lack what became of the failed group.
        self.slot.tap(None);
        self.set_problem(reason);
        let closing = failed.map(Closing::start);
        self.broken = Some(Broken { reason: reason.to_owned(), attempted: Instant::now(), closing });
    }

    /// One attempt to become healthy again.
    pub(super) fn recover(&mut self) {
        let Some(mut broken) = self.broken.take() else { return };
        if let Some(closing) = broken.closing.take().filter(|closing| !closing.wait(CLOSE)) {
            let reason =
                format!("{}; the failed engine does not let go of its files: restart quell", broken.reason);
            self.set_problem(&reason);
            self.broken = Some(Broken { closing: Some(closing), attempted: Instant::now(), ..broken });
            return;
        }
        match self.reopen() {
            Ok(()) => {
                tracing::info!(store = %self.home.path().display(), "the store accepts writes again");
                self.status.send_replace(Status { commit: self.last, problem: None });
            }
            Err(Failed { error, engine }) => self.break_down(&chain(&error), engine),
        }
    }

    /// Closes a store that nobody uses any more.
    pub(super) fn close(&mut self) {
        let Some(engine) = self.slot.engine.write().take() else { return };
        if !Closing::start(engine).wait(CLOSE) {
            tracing::error!(store = %self.home.path().display(), "the engine does not close; its lock ends with the process");
        }
    }

    fn reopen(&mut self) -> Result<(), Failed> {
        self.home.room().map_err(|reason| StoreError::Unavailable { reason })?;
        let engine = self.home.open()?;
        match self.probe(engine.as_ref()) {
            Ok(number) => {
                self.last = number;
                // Only now, so that readers see what is on disk and nothing else.
                *self.slot.engine.write() = Some(engine);
                Ok(())
            }
            Err(error) => Err(Failed { error, engine: Some(engine) }),
        }
    }

    fn probe(&self, engine: &dyn Engine) -> Result<u64, StoreError> {
        let number = meta::verify(engine, &*self.home)? + 1;
        self.make_durable(engine, &mut Batch { number, ..Batch::default() })?;
        Ok(number)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self { error, engine: None }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::committer::Slot;
    use crate::engine::memory::MemoryDisk;
    use crate::home::{Home, InMemory};

    #[test]
    fn a_broken_committer_recovers_when_the_disk_works_again_and_not_before() {
        let disk = MemoryDisk::new();
        let home: Box<dyn Home> = Box::new(InMemory::open(&disk, &meta::first_batch().unwrap()).unwrap());
        let slot = Arc::new(Slot::new(home.open().unwrap()));
        let (status, watch) = tokio::sync::watch::channel(Status::default());
        let mut committer = Committer::new(home, slot, status, 0);

        let engine = committer.slot.engine.write().take();
        committer.break_down("a test", engine);
        disk.fail(crate::engine::memory::Failing { from: 1, count: 2, half_done: false });
        committer.recover();
        assert!(committer.broken.is_some() && watch.borrow().problem.is_some());
        committer.recover();
        assert!(committer.broken.is_some());
        committer.recover();
        assert!(committer.broken.is_none() && watch.borrow().problem.is_none());
    }
}
