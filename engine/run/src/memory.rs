//! [`MemoryJournal`]: a journal that is gone with the process. For dry replays, which leave nothing behind, and tests.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_playbook::Kept as KeptValues;

use crate::{
    Batch, CounterName, Held, HoldChange, HoldKey, Holder, Holds, Journal, JournalError, Line, Reservation,
    Reserved, RunFilter, RunId, RunMatch, RunSummary, Runs, Tally, reserve,
};

/// A journal that is gone with the process.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: BTreeMap<RunId, Vec<Line>>,
    summaries: BTreeMap<RunId, RunSummary>,
    holds: HashMap<HoldKey, Holds>,
    tallies: BTreeMap<CounterName, Tally>,
    values: HashMap<String, KeptValues>,
}

impl MemoryJournal {
    /// Who was touched so far, as the limits count them.
    pub fn tallies(&self) -> BTreeMap<CounterName, Tally> {
        self.kept.lock().tallies.clone()
    }

    /// Puts in what earlier runs are to have kept for a detection.
    pub(crate) fn keep(&self, detection: String, values: KeptValues) {
        self.kept.lock().values.insert(detection, values);
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, batch: Batch) -> Result<(), JournalError> {
        let mut kept = self.kept.lock();
        let lines = kept.lines.entry(batch.run.clone()).or_default();
        let first = batch.lines.first().map_or(lines.len() as u64, |line| line.number);
        if first != lines.len() as u64 {
            return Err(JournalError::Taken { run: batch.run, number: first });
        }
        let values: Vec<(String, KeptValues)> =
            batch.lines.iter().filter_map(|line| line.entry.kept()).collect();
        lines.extend(batch.lines);
        for (of, values) in values {
            kept.values.entry(of).or_default().extend(values);
        }
        kept.summaries.insert(batch.run, batch.summary);
        for HoldChange { key, holder, grip } in batch.holds {
            let holds = kept.holds.entry(key.clone()).or_insert_with(|| Holds::none(key.clone()));
            holds.change(holder, grip);
            if holds.holders.is_empty() {
                kept.holds.remove(&key);
            }
        }
        Ok(())
    }

    async fn reserve(&self, order: Reservation) -> Result<Reserved, JournalError> {
        let mut kept = self.kept.lock();
        let (reserved, changed) = reserve(&order, |name| Ok(kept.tallies.get(name).cloned()))?;
        kept.tallies.extend(changed);
        Ok(reserved)
    }

    async fn read(&self, run: &RunId) -> Result<Vec<Line>, JournalError> {
        Ok(self.kept.lock().lines.get(run).cloned().unwrap_or_default())
    }

    async fn unfinished(&self) -> Result<Vec<RunSummary>, JournalError> {
        Ok(self.kept.lock().summaries.values().filter(|run| run.open).cloned().collect())
    }

    async fn kept(&self, detection: &str) -> Result<KeptValues, JournalError> {
        Ok(self.kept.lock().values.get(detection).cloned().unwrap_or_default())
    }

    async fn held(&self, key: &HoldKey, holder: &Holder) -> Result<Held, JournalError> {
        Ok(self.kept.lock().holds.get(key).map(|holds| holds.seen_by(holder)).unwrap_or_default())
    }
}

#[async_trait]
impl Runs for MemoryJournal {
    async fn list(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, JournalError> {
        let kept = self.kept.lock();
        let mut runs: Vec<RunSummary> =
            kept.summaries.values().filter(|run| filter.accepts(run)).cloned().collect();
        runs.sort_by(|one, other| (other.started, &other.id).cmp(&(one.started, &one.id)));
        runs.truncate(filter.limit.unwrap_or(usize::MAX));
        Ok(runs)
    }

    async fn find(&self, prefix: &str) -> Result<RunMatch, JournalError> {
        let kept = self.kept.lock();
        let mut fitting: Vec<RunId> =
            kept.summaries.keys().filter(|run| run.0.starts_with(prefix)).cloned().collect();
        Ok(match fitting.len() {
            0 => RunMatch::None,
            1 => RunMatch::One(fitting.remove(0)),
            _ => RunMatch::Several(fitting),
        })
    }

    async fn summary(&self, run: &RunId) -> Result<Option<RunSummary>, JournalError> {
        Ok(self.kept.lock().summaries.get(run).cloned())
    }

    async fn lines(&self, run: &RunId) -> Result<Vec<Line>, JournalError> {
        self.read(run).await
    }
}
