//! [`RunLog`]: the journal of one run and the state that follows from it, kept together.
//!
//! A line is taken into the state and waits for the next flush, or is flushed at once. What is lost with a crash
//! before its flush is only what had not yet any effect outside: it is decided again, the same way.

use std::sync::Arc;

use quell_alert::Timestamp;
use tokio::sync::{Mutex, MutexGuard, broadcast};

use crate::{
    Batch, Clock, Entry, Held, HoldChange, HoldKey, Holder, IllegalEntry, Journal, JournalError, Line, RunId,
    RunState,
};

/// One more line of a run, on disk.
#[derive(Debug, Clone)]
pub struct RunEvent {
    /// The run.
    pub run: RunId,
    /// The line.
    pub line: Arc<Line>,
}

/// Why a run cannot go on for now. Its journal holds all that is needed to go on later.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    /// The journal cannot be written or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal is damaged, or the code is wrong.
    #[error("run {run}: {source}")]
    Illegal { run: RunId, source: IllegalEntry },
    /// An earlier write has failed: what is in memory does not count any more.
    #[error("run {0} has to be read anew: an earlier write has failed")]
    Broken(RunId),
    /// The engine has a defect.
    #[error("driving run {0} failed in the middle (a defect in the engine)")]
    Defect(RunId),
}

/// The journal of one run and the state that follows from it.
pub(crate) struct RunLog {
    run: RunId,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    events: broadcast::Sender<RunEvent>,
    inner: Mutex<Inner>,
}

struct Inner {
    state: RunState,
    pending: Vec<Line>,
    holds: Vec<HoldChange>,
    broken: bool,
}

/// Whether an intent was written.
#[must_use]
pub(crate) enum Intent {
    /// It is on disk: the call can be made.
    OnDisk,
    /// Somebody stopped the run, or wants the task back, before the call began: it is not made.
    NoLongerWanted,
}

impl RunLog {
    pub(crate) fn new(
        state: RunState,
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
        events: broadcast::Sender<RunEvent>,
    ) -> Self {
        let run = state.plan().run.clone();
        let inner = Inner { state, pending: Vec::new(), holds: Vec::new(), broken: false };
        Self { run, journal, clock, events, inner: Mutex::new(inner) }
    }

    /// Looks at the state, with what waits for its flush.
    pub(crate) async fn look<T>(&self, look: impl FnOnce(&RunState) -> T) -> T {
        look(&self.inner.lock().await.state)
    }

    /// Takes lines in that may wait for the next flush.
    pub(crate) async fn note(&self, entries: Vec<Entry>, holds: Vec<HoldChange>) -> Result<(), Halt> {
        let mut inner = self.usable().await?;
        self.take(&mut inner, entries)?;
        inner.holds.extend(holds);
        Ok(())
    }

    /// Writes the intent of a call, unless nobody wants the call any more. `wanted` sees the state under the same
    /// lock: a cancellation is either before the intent, or finds the task started.
    pub(crate) async fn intend(
        &self,
        entry: Entry,
        wanted: impl FnOnce(&RunState) -> bool,
    ) -> Result<Intent, Halt> {
        let mut inner = self.usable().await?;
        if !wanted(&inner.state) {
            return Ok(Intent::NoLongerWanted);
        }
        self.take(&mut inner, vec![entry])?;
        quell_crash::point!("run.intent.writing");
        self.flush_all(&mut inner).await?;
        quell_crash::point!("run.intent.written");
        Ok(Intent::OnDisk)
    }

    /// Flushes what waits, if any of it must not be lost: outcomes, waits, what people asked for, the end.
    pub(crate) async fn flush_if_urgent(&self) -> Result<(), Halt> {
        let mut inner = self.usable().await?;
        if inner.pending.iter().any(|line| is_urgent(&line.entry)) {
            self.flush_all(&mut inner).await?;
        }
        Ok(())
    }

    /// Flushes what waits.
    pub(crate) async fn flush(&self) -> Result<(), Halt> {
        let mut inner = self.usable().await?;
        self.flush_all(&mut inner).await
    }

    /// A state as this task sees it, with all that this run has done to the holds on it.
    pub(crate) async fn held(&self, key: &HoldKey, holder: &Holder) -> Result<Held, Halt> {
        let mut inner = self.usable().await?;
        if inner.holds.iter().any(|change| change.key == *key) {
            self.flush_all(&mut inner).await?;
        }
        Ok(self.journal.held(key, holder).await?)
    }

    async fn usable(&self) -> Result<MutexGuard<'_, Inner>, Halt> {
        let inner = self.inner.lock().await;
        if inner.broken { Err(Halt::Broken(self.run.clone())) } else { Ok(inner) }
    }

    /// A line that is refused breaks the log: what is in memory must not be trusted.
    fn take(&self, inner: &mut Inner, entries: Vec<Entry>) -> Result<(), Halt> {
        for entry in entries {
            let line = Line { number: inner.state.lines(), at: self.now_after(inner), entry };
            if let Err(source) = inner.state.apply(&line) {
                inner.broken = true;
                return Err(Halt::Illegal { run: self.run.clone(), source });
            }
            inner.pending.push(line);
        }
        Ok(())
    }

    /// The times in a journal never go back, whatever the clock does.
    fn now_after(&self, inner: &Inner) -> Timestamp {
        self.clock.now().max(inner.state.updated())
    }

    async fn flush_all(&self, inner: &mut Inner) -> Result<(), Halt> {
        if inner.pending.is_empty() && inner.holds.is_empty() {
            return Ok(());
        }
        let lines = std::mem::take(&mut inner.pending);
        let holds = std::mem::take(&mut inner.holds);
        let batch =
            Batch { run: self.run.clone(), lines: lines.clone(), summary: inner.state.summary(), holds };
        // Should this future be dropped while it waits, nobody may take up what is in memory.
        inner.broken = true;
        quell_crash::point!("run.lines.writing");
        self.journal.append(batch).await?;
        quell_crash::point!("run.lines.written");
        inner.broken = false;
        for line in lines {
            // Nobody listening is no error.
            let _ = self.events.send(RunEvent { run: self.run.clone(), line: Arc::new(line) });
        }
        Ok(())
    }
}

/// What may be lost with a crash and is simply decided again.
fn is_urgent(entry: &Entry) -> bool {
    !matches!(
        entry,
        Entry::Resolved { .. }
            | Entry::LaneLeftOut { .. }
            | Entry::Expanded { .. }
            | Entry::StepSkipped { .. }
            | Entry::Planned { .. }
    )
}
