//! [`Journal`]: where what happens to a run is written down, before and after it happens.

use async_trait::async_trait;
use quell_alert::Timestamp;
use quell_playbook::Kept;
use serde::{Deserialize, Serialize};

use crate::{Entry, Held, HoldChange, HoldKey, Holder, Reservation, Reserved, RunId, RunSummary};

/// One line of a run's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its number, from 0 without gaps.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub entry: Entry,
}

/// What is written at once: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// The run.
    pub run: RunId,
    /// Its next lines. The first has a number that is not yet taken; there are no gaps.
    pub lines: Vec<Line>,
    /// The run in one line, as it is after them.
    pub summary: RunSummary,
    /// What they do to holds.
    pub holds: Vec<HoldChange>,
}

/// Where runs are written down.
///
/// Invariant: only the engine that drives a run appends to it.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Writes a batch. Returns only when all of it is on disk; an error stops the run here and is never swallowed. A
    /// first number that is already taken, or leaves a gap, is [`JournalError::Taken`]: two would be driving the same
    /// run.
    async fn append(&self, batch: Batch) -> Result<(), JournalError>;

    /// Takes a place for somebody who is about to be touched, as [`crate::reserve`] says, and no two at the same time.
    /// Returns only when it is on disk.
    async fn reserve(&self, order: Reservation) -> Result<Reserved, JournalError>;

    /// All lines of a run, in order; empty where there is no such run.
    async fn read(&self, run: &RunId) -> Result<Vec<Line>, JournalError>;

    /// The runs whose summary is open. Costs what is open, not what ever was.
    async fn unfinished(&self) -> Result<Vec<RunSummary>, JournalError>;

    /// What runs have kept for a detection ([`Entry::Kept`]), as the latest of them left it.
    async fn kept(&self, detection: &str) -> Result<Kept, JournalError>;

    /// A state of a target as one who may hold it sees it. Costs the same however many hold it.
    async fn held(&self, key: &HoldKey, holder: &Holder) -> Result<Held, JournalError>;
}

/// Why the journal could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The line's number is taken, or would leave a gap.
    #[error(
        "line {number} of run {run} is not the next one: another engine drives this run, or it exists already"
    )]
    Taken {
        /// The run.
        run: RunId,
        /// The number.
        number: u64,
    },
    /// The store refused.
    #[error("the journal of run {run} could not be {what}: {source}")]
    Store {
        /// The run.
        run: RunId,
        /// `written` or `read`.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store could not be asked about runs at all.
    #[error("runs could not be looked up: {source}")]
    LookUp {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
