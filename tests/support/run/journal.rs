//! A journal that breaks where told.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_playbook::Kept;
use quell_run::{
    Batch, Held, HoldKey, Holder, Journal, JournalError, Line, MemoryJournal, Reservation, Reserved, RunId,
    RunSummary,
};
use tokio::sync::Notify;

/// What happens at a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// The process dies before it: nothing of it is there.
    DiesBefore,
    /// The process dies after it: it is there, and nobody heard.
    DiesAfter,
    /// The disk is full: an error, and nothing is there.
    Refuses,
    /// An error is reported, and it is there all the same.
    RefusesAndKeeps,
}

type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// A journal that breaks where told.
#[derive(Default)]
pub struct BreakingJournal {
    kept: MemoryJournal,
    inner: Mutex<Inner>,
    died: Arc<Notify>,
}

#[derive(Default)]
struct Inner {
    writes: usize,
    breaks: Option<(usize, Breakage)>,
    dead: bool,
    hook: Option<Hook>,
    batches: Vec<Batch>,
}

impl BreakingJournal {
    /// Breaks at the write with this number, from 0, once.
    pub fn break_at(&self, write: usize, how: Breakage) {
        self.inner.lock().breaks = Some((write, how));
    }

    /// Breaks no more.
    pub fn behave(&self) {
        self.inner.lock().breaks = None;
    }

    /// Called with the number of each write, before it.
    pub fn at_each_write(&self, hook: impl Fn(usize) + Send + Sync + 'static) {
        self.inner.lock().hook = Some(Box::new(hook));
    }

    /// How many writes there were.
    pub fn writes(&self) -> usize {
        self.inner.lock().writes
    }

    /// Everything that was written, in order.
    pub fn batches(&self) -> Vec<Batch> {
        self.inner.lock().batches.clone()
    }

    /// Summaries of all runs.
    pub fn runs(&self) -> &MemoryJournal {
        &self.kept
    }

    /// Returns when the process has died at a write.
    pub async fn crashed(&self) {
        loop {
            let died = self.died.notified();
            if self.inner.lock().dead {
                return;
            }
            died.await;
        }
    }

    /// What is on disk is there again.
    pub fn reboot(&self) {
        self.inner.lock().dead = false;
    }

    /// What happens at the next write.
    fn turn(&self) -> Option<Breakage> {
        let mut inner = self.inner.lock();
        let number = inner.writes;
        inner.writes += 1;
        if let Some(hook) = &inner.hook {
            hook(number);
        }
        match inner.breaks {
            Some((at, how)) if at == number => {
                inner.breaks = None;
                Some(how)
            }
            _ => None,
        }
    }

    async fn die(&self) -> ! {
        self.inner.lock().dead = true;
        self.died.notify_waiters();
        std::future::pending().await
    }

    async fn keep(&self, batch: Batch) -> Result<(), JournalError> {
        self.inner.lock().batches.push(batch.clone());
        self.kept.append(batch).await
    }
}

fn full(run: &RunId) -> JournalError {
    JournalError::Store { run: run.clone(), what: "written", source: "no space left on device".into() }
}

#[async_trait]
impl Journal for BreakingJournal {
    async fn append(&self, batch: Batch) -> Result<(), JournalError> {
        if self.inner.lock().dead {
            std::future::pending::<()>().await;
        }
        let run = batch.run.clone();
        let turn = self.turn();
        // A flush takes time, and others get on meanwhile.
        tokio::time::sleep(Duration::from_millis(1)).await;
        match turn {
            None => self.keep(batch).await,
            Some(Breakage::DiesBefore) => self.die().await,
            Some(Breakage::DiesAfter) => {
                self.keep(batch).await?;
                self.die().await
            }
            Some(Breakage::Refuses) => Err(full(&run)),
            Some(Breakage::RefusesAndKeeps) => {
                self.keep(batch).await?;
                Err(full(&run))
            }
        }
    }

    async fn reserve(&self, order: Reservation) -> Result<Reserved, JournalError> {
        if self.inner.lock().dead {
            std::future::pending::<()>().await;
        }
        let run = order.run.clone();
        let turn = self.turn();
        // A flush takes time, and others get on meanwhile.
        tokio::time::sleep(Duration::from_millis(1)).await;
        match turn {
            None => self.kept.reserve(order).await,
            Some(Breakage::DiesBefore) => self.die().await,
            Some(Breakage::DiesAfter) => {
                self.kept.reserve(order).await?;
                self.die().await
            }
            Some(Breakage::Refuses) => Err(full(&run)),
            Some(Breakage::RefusesAndKeeps) => {
                self.kept.reserve(order).await?;
                Err(full(&run))
            }
        }
    }

    async fn read(&self, run: &RunId) -> Result<Vec<Line>, JournalError> {
        self.kept.read(run).await
    }

    async fn unfinished(&self) -> Result<Vec<RunSummary>, JournalError> {
        self.kept.unfinished().await
    }

    async fn kept(&self, detection: &str) -> Result<Kept, JournalError> {
        self.kept.kept(detection).await
    }

    async fn held(&self, key: &HoldKey, holder: &Holder) -> Result<Held, JournalError> {
        self.kept.held(key, holder).await
    }
}
