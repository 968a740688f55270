//! Looking runs up: [`quell_run::Runs`] over the store.

use async_trait::async_trait;
use quell_run::{Attached, JournalError, Line, RunFilter, RunId, RunMatch, RunSummary, Runs};

use crate::claims;
use crate::engine::Scan;
use crate::error::StoreError;
use crate::journal::{self, RunRecords, summary_key};
use crate::keys::{self, Key};
use crate::record::{self, Kind};
use crate::store::Store;

/// How many runs an unclear beginning of an id names.
const SEVERAL: usize = 10;

#[async_trait]
impl Runs for RunRecords {
    async fn list(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, JournalError> {
        let filter = filter.clone();
        self.0.aside(move |store| list(store, &filter)).await.map_err(looked_up)
    }

    async fn find(&self, prefix: &str) -> Result<RunMatch, JournalError> {
        find(&self.0, prefix).map_err(looked_up)
    }

    async fn summary(&self, run: &RunId) -> Result<Option<RunSummary>, JournalError> {
        self.0.read(Kind::RunSummary, &summary_key(run)).map_err(looked_up)
    }

    async fn lines(&self, run: &RunId) -> Result<Vec<Line>, JournalError> {
        let run = run.clone();
        self.0.aside(move |store| journal::lines(store, &run)).await.map_err(looked_up)
    }

    async fn attached(&self, run: &RunId) -> Result<Vec<Attached>, JournalError> {
        let run = run.clone();
        self.0.aside(move |store| claims::attached(store, &run)).await.map_err(looked_up)
    }
}

/// Walks from the newest to the oldest, over the runs of one alert where only these are wanted.
fn list(store: &Store, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
    let limit = filter.limit.unwrap_or(usize::MAX);
    let space = match &filter.alert {
        Some(alert) => Key::of(keys::RUN_ALERT).text(alert.as_str()),
        None => Key::of(keys::RUN_TIME),
    };
    let mut scan = Scan::prefix(space.clone().build()).descending().limit(limit.saturating_add(1).min(1000));
    if let Some(until) = filter.until {
        scan = scan.from(space.moment(until).build());
    }
    let mut found = Vec::new();
    if limit == 0 {
        return Ok(found);
    }
    store.walk(Kind::RunMark, scan, |run: RunId| {
        let summary = store.read::<RunSummary>(Kind::RunSummary, &summary_key(&run));
        let Some(summary) = store.damage().leave_out(summary)?.flatten() else { return Ok(true) };
        if filter.since.is_some_and(|since| summary.started < since) {
            return Ok(false);
        }
        if filter.accepts(&summary) {
            found.push(summary);
        }
        Ok(found.len() < limit)
    })?;
    Ok(found)
}

fn find(store: &Store, prefix: &str) -> Result<RunMatch, StoreError> {
    let whole = RunId(prefix.to_owned());
    if store.get(&summary_key(&whole))?.is_some() {
        return Ok(RunMatch::One(whole));
    }
    let scan = Scan::prefix(Key::of(keys::RUN_SUMMARY).beginning(prefix).build()).limit(SEVERAL);
    let mut found = Vec::new();
    for (key, bytes) in store.scan(&scan)?.pairs {
        let summary = record::decode::<RunSummary>(Kind::RunSummary, &key, &bytes);
        found.extend(store.damage().leave_out(summary)?.map(|summary| summary.id));
    }
    Ok(match found.len() {
        0 => RunMatch::None,
        1 => RunMatch::One(found.remove(0)),
        _ => RunMatch::Several(found),
    })
}

fn looked_up(source: StoreError) -> JournalError {
    JournalError::LookUp { source: Box::new(source) }
}
