//! The journal of runs: [`quell_run::Journal`] over the store.
//!
//! A batch is one commit: its lines, the run's summary, the run's place among the open ones, its index entries and the
//! holds it changes. What a batch costs does not depend on how many runs there ever were, and finding what is open
//! depends on what is open only.

use async_trait::async_trait;
use quell_playbook::Kept;
use quell_run::{
    Batch, Held, HoldKey, Holder, Journal, JournalError, Line, Reservation, Reserved, RunId, RunSummary,
};

use crate::audit::{self, Audited};
use crate::committer::View;
use crate::engine::Scan;
use crate::error::StoreError;
use crate::holds;
use crate::kept;
use crate::keys::{self, Key};
use crate::record::{Kind, readable};
use crate::store::Store;

/// The runs in the store: their journals ([`Journal`]) and how they are looked up ([`quell_run::Runs`]).
#[derive(Clone)]
pub struct RunRecords(pub(crate) Store);

impl Store {
    /// The runs in this store.
    #[must_use]
    pub fn runs(&self) -> RunRecords {
        RunRecords(self.clone())
    }
}

#[async_trait]
impl Journal for RunRecords {
    async fn append(&self, batch: Batch) -> Result<(), JournalError> {
        let run = batch.run.clone();
        let staged = self.0.decide(move |view| stage(view, &batch)).await;
        match staged.map_err(|source| failed(&run, "written", source))? {
            Staged::Fits => Ok(()),
            Staged::Taken(number) => Err(JournalError::Taken { run, number }),
        }
    }

    async fn reserve(&self, order: Reservation) -> Result<Reserved, JournalError> {
        let run = order.run.clone();
        self.0.counters().take(order).await.map_err(|source| failed(&run, "written", source))
    }

    async fn read(&self, run: &RunId) -> Result<Vec<Line>, JournalError> {
        let wanted = run.clone();
        let lines = self.0.aside(move |store| lines(store, &wanted)).await;
        lines.map_err(|source| failed(run, "read", source))
    }

    async fn unfinished(&self) -> Result<Vec<RunSummary>, JournalError> {
        self.0.aside(open_runs).await.map_err(|source| JournalError::LookUp { source: Box::new(source) })
    }

    async fn kept(&self, detection: &str) -> Result<Kept, JournalError> {
        kept::of(&self.0, detection).map_err(|source| JournalError::LookUp { source: Box::new(source) })
    }

    async fn held(&self, key: &HoldKey, holder: &Holder) -> Result<Held, JournalError> {
        holds::seen_by(&self.0, key, holder)
    }
}

/// Whether a batch continues its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staged {
    /// It does, and is staged.
    Fits,
    /// This line's number is taken, or leaves a gap. Nothing is staged.
    Taken(u64),
}

/// Stages a batch of one run.
pub(crate) fn stage(view: &mut View<'_>, batch: &Batch) -> Result<Staged, StoreError> {
    if let Some(number) = misplaced(view, batch)? {
        return Ok(Staged::Taken(number));
    }
    for line in &batch.lines {
        view.record(Kind::RunLine, line_key(&batch.run, line.number), line)?;
        let what = Audited::Line { run: batch.run.clone(), number: line.number };
        let content = serde_json::to_vec(line)
            .map_err(|source| StoreError::Encode { kind: Kind::RunLine.name(), source })?;
        audit::append(view, line.at, what, &content)?;
        kept::stage(view, &batch.summary, line)?;
    }
    stage_summary(view, &batch.summary)?;
    for change in &batch.holds {
        holds::stage(view, change)?;
    }
    Ok(Staged::Fits)
}

/// All lines of a run. Every gap, and every line that the summary knows of and the journal lacks, is damage: a journal
/// that is read short would have its last call made again.
pub(crate) fn lines(store: &Store, run: &RunId) -> Result<Vec<Line>, StoreError> {
    let scan = Scan::prefix(Key::of(keys::RUN_LINE).text(&run.0).build());
    let lines: Vec<Line> = store.strictly_all(Kind::RunLine, scan)?;
    let summary: Option<RunSummary> = store.read(Kind::RunSummary, &summary_key(run))?;
    // A line that is written while we read is newer than the summary or older, never missing.
    let expected = summary.map_or(0, |summary| summary.lines);
    let gap = lines.iter().enumerate().find(|(at, line)| line.number != *at as u64).map(|(at, _)| at as u64);
    let missing = gap.or_else(|| ((lines.len() as u64) < expected).then_some(lines.len() as u64));
    let Some(missing) = missing else { return Ok(lines) };
    // Somebody may have appended, or pruned the run, between the two reads; then the second look is whole.
    let again: Vec<Line> =
        store.strictly_all(Kind::RunLine, Scan::prefix(Key::of(keys::RUN_LINE).text(&run.0).build()))?;
    let whole =
        again.iter().enumerate().all(|(at, line)| line.number == at as u64) && again.len() as u64 >= expected;
    if whole || again.is_empty() && store.get(&summary_key(run))?.is_none() {
        return Ok(again);
    }
    store.damage().note(Err(StoreError::Damaged {
        key: readable(&line_key(run, missing)),
        reason: "the line is missing from its journal".into(),
    }))
}

/// The key of a run's summary.
pub(crate) fn summary_key(run: &RunId) -> Vec<u8> {
    Key::of(keys::RUN_SUMMARY).text(&run.0).build()
}

/// The keys under which a run can be found. Apart from its lines and its summary these are all it has.
pub(crate) fn index_keys(summary: &RunSummary) -> [Vec<u8>; 3] {
    [
        Key::of(keys::RUN_OPEN).text(&summary.id.0).build(),
        Key::of(keys::RUN_TIME).moment(summary.started).text(&summary.id.0).build(),
        Key::of(keys::RUN_ALERT)
            .text(summary.alert.as_str())
            .moment(summary.started)
            .text(&summary.id.0)
            .build(),
    ]
}

fn misplaced(view: &View<'_>, batch: &Batch) -> Result<Option<u64>, StoreError> {
    let Some(first) = batch.lines.first().map(|line| line.number) else { return Ok(None) };
    let before = first.checked_sub(1).map(|before| line_key(&batch.run, before));
    let follows = match before {
        Some(before) => view.get(&before)?.is_some(),
        None => true,
    };
    if !follows || view.get(&line_key(&batch.run, first))?.is_some() {
        return Ok(Some(first));
    }
    let gap = batch.lines.iter().zip(first..).find(|(line, expected)| line.number != *expected);
    Ok(gap.map(|(line, _)| line.number))
}

pub(crate) fn stage_summary(view: &mut View<'_>, summary: &RunSummary) -> Result<(), StoreError> {
    let key = summary_key(&summary.id);
    let [open, time, alert] = index_keys(summary);
    if view.get(&time)?.is_none() {
        view.record(Kind::RunMark, time, &summary.id)?;
        view.record(Kind::RunMark, alert, &summary.id)?;
    }
    match (summary.open, view.get(&open)?.is_some()) {
        (true, false) => view.record(Kind::RunMark, open, &summary.id)?,
        (false, true) => view.delete(open),
        _ => {}
    }
    view.record(Kind::RunSummary, key, summary)
}

fn open_runs(store: &Store) -> Result<Vec<RunSummary>, StoreError> {
    let mut open = Vec::new();
    store.walk(Kind::RunMark, Scan::prefix(keys::RUN_OPEN), |run: RunId| {
        // A run whose summary is damaged cannot be driven, and must not keep the others from being driven.
        let summary = store.read::<RunSummary>(Kind::RunSummary, &summary_key(&run));
        open.extend(store.damage().leave_out(summary)?.flatten().filter(|summary| summary.open));
        Ok(true)
    })?;
    Ok(open)
}

/// The key of a line.
pub(crate) fn line_key(run: &RunId, number: u64) -> Vec<u8> {
    Key::of(keys::RUN_LINE).text(&run.0).number(number).build()
}

fn failed(run: &RunId, what: &'static str, source: StoreError) -> JournalError {
    JournalError::Store { run: run.clone(), what, source: Box::new(source) }
}
