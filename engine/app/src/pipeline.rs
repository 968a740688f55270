//! The first half of an alert's path, once for each delivery: receive, understand, and have it decided (`decider.rs`:
//! match, plan, accept).
//!
//! A delivery is given back to its source only when everything in it is on disk: the alert together with the runs
//! that it starts, in one commit, or the dead letter. Until then it stays the source's, and comes again.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use parking_lot::Mutex;
use quell_alert::{Alert, Decoded, Refusal, Timestamp};
use quell_ingest::{AlertSource, DeadLetter, DeadLetters, Delivery, IngestError};
use quell_store::StoreError;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::decider::{Decider, Decision};
use crate::records::{raw_of, understand};

/// How many deliveries are taken at once: they share a flush.
const BATCH: usize = 512;

/// How many runs may be in memory before nothing more is taken in: the source then pauses.
const RUNS_IN_MEMORY: usize = 5_000;

/// How long it waits before it tries again to put something on disk, or to send a dead letter.
const PAUSE: Duration = Duration::from_secs(1);

/// How often it is told that something still does not work.
const REMIND: TimeDelta = TimeDelta::minutes(1);

/// From a source to the engine.
pub(crate) struct Pipeline {
    pub(crate) source: Arc<dyn AlertSource>,
    pub(crate) letters: Arc<dyn DeadLetters>,
    pub(crate) decider: Decider,
}

/// What became of the records taken in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    /// Alerts accepted.
    pub(crate) alerts: u64,
    /// Alerts that had been accepted before.
    pub(crate) repeated: u64,
    /// Records of a kind that carries no alert.
    pub(crate) passed: u64,
    /// Records that could not be read: they are among the dead letters.
    pub(crate) refused: u64,
    /// Runs created.
    pub(crate) runs: u64,
    /// Runs not created, since an earlier one has the matter in hand: the alert was attached to it.
    pub(crate) attached: u64,
}

impl Pipeline {
    /// Takes in what the source has, until it is at its end or `stop` is called.
    pub(crate) async fn run(&self, stop: &CancellationToken) -> Result<Tally, IngestError> {
        let mut tally = Tally::default();
        let trying = Trying { stop, store: Outage::default(), letters: Outage::default() };
        loop {
            let deliveries = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                fetched = self.source.fetch(BATCH) => fetched?,
            };
            let Some(deliveries) = deliveries else { break };
            quell_crash::point!("app.batch.fetched");
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.room() => {}
            }
            // A partition that went to another consumer in the meantime is that consumer's to decide.
            let ours = deliveries.iter().filter(|delivery| self.source.is_current(&delivery.receipt));
            // What is begun is finished, even when the signal to stop comes now: an acceptance takes one flush.
            let taken = join_all(ours.map(|delivery| self.take(delivery, &trying))).await;
            taken.into_iter().for_each(|part| tally.add(part));
        }
        Ok(tally)
    }

    /// Takes in one delivery, and gives it back to the source when everything in it is on disk.
    async fn take(&self, delivery: &Delivery, trying: &Trying<'_>) -> Tally {
        let records = understand(delivery);
        let alone = records.len() == 1;
        let parts = join_all(records.into_iter().map(|record| async move {
            match record {
                Decoded::Alert(alert) => self.accept(*alert, delivery, alone, trying).await,
                Decoded::Refused(refusal) => self.bury(refusal, delivery, trying).await,
                Decoded::Passed { .. } => Some(Tally { passed: 1, ..Tally::default() }),
            }
        }))
        .await;
        let mut tally = Tally::default();
        if parts.iter().all(Option::is_some) {
            self.source.accept(&[delivery.receipt]);
        }
        parts.into_iter().flatten().for_each(|part| tally.add(part));
        tally.count();
        tally
    }

    /// Puts an alert on disk with the runs that it starts, and hands these to the engine. `None` when the program
    /// stops before that could be done.
    async fn accept(
        &self,
        alert: Alert,
        delivery: &Delivery,
        alone: bool,
        trying: &Trying<'_>,
    ) -> Option<Tally> {
        let raw = raw_of(&alert, delivery.payload.bytes(), alone);
        let alert = Arc::new(alert);
        let origin = serde_json::to_value(&delivery.origin).unwrap_or_default();
        let mut doubtful = Vec::new();
        loop {
            match self.decider.decide(&alert, &raw, &origin, &mut doubtful).await {
                Ok(decision) => {
                    quell_crash::point!("app.alert.handed-over");
                    if trying.store.ends() {
                        tracing::info!("alerts are accepted again");
                    }
                    return Some(Tally::of(&decision));
                }
                // Waiting would not help, and would hold up everything behind it. Unknown never acts.
                Err(error) if concerns_this_record(&error) => {
                    let reason = format!("{error}; the alert was not decided");
                    return self.bury(Refusal { reason, place: "$".into(), raw }, delivery, trying).await;
                }
                Err(error) => {
                    if trying.store.is_news(self.now()) {
                        tracing::error!(alert.id = %alert.id, %error, "an alert cannot be accepted; trying again");
                    }
                    self.pause(trying).await?;
                }
            }
        }
    }

    /// Writes a dead letter. `None` when the program stops before that could be done.
    async fn bury(&self, refusal: Refusal, delivery: &Delivery, trying: &Trying<'_>) -> Option<Tally> {
        let letter = DeadLetter {
            reason: refusal.reason,
            place: Some(refusal.place),
            origin: delivery.origin.clone(),
            key: delivery.key.clone(),
            bytes: refusal.raw,
            engine_version: env!("CARGO_PKG_VERSION").into(),
            time: self.now(),
        };
        tracing::warn!(origin = %letter.origin, place = letter.place, reason = letter.reason, "a record cannot be read");
        while let Err(error) = self.letters.write(std::slice::from_ref(&letter)).await {
            if trying.letters.is_news(self.now()) {
                tracing::error!(%error, place = self.letters.place(), "a dead letter cannot be written; trying again");
            }
            self.pause(trying).await?;
        }
        if trying.letters.ends() {
            tracing::info!(place = self.letters.place(), "dead letters are written again");
        }
        Some(Tally { refused: 1, ..Tally::default() })
    }

    fn now(&self) -> Timestamp {
        self.decider.clock.now()
    }

    /// Returns when few enough runs are in memory.
    async fn room(&self) {
        while self.decider.engine.active() >= RUNS_IN_MEMORY {
            self.decider.clock.sleep(Duration::from_millis(50)).await;
        }
    }

    async fn pause(&self, trying: &Trying<'_>) -> Option<()> {
        tokio::select! {
            () = trying.stop.cancelled() => None,
            () = self.decider.clock.sleep(PAUSE) => Some(()),
        }
    }
}

/// Whether the store refuses this one record, rather than being unable to write at the moment.
fn concerns_this_record(error: &StoreError) -> bool {
    matches!(error, StoreError::Damaged { .. } | StoreError::TooLarge { .. } | StoreError::Encode { .. })
}

/// What is known while things are tried again.
struct Trying<'a> {
    stop: &'a CancellationToken,
    store: Outage,
    letters: Outage,
}

/// Something that does not work for now. It is told once, and now and then again; not for each of the records that wait
/// for it each time: a log that grows by hundreds of lines a second would finish a disk that is full.
#[derive(Default)]
struct Outage(Mutex<Option<Timestamp>>);

impl Outage {
    fn is_news(&self, now: Timestamp) -> bool {
        let mut told = self.0.lock();
        let news = told.is_none_or(|told| now - told >= REMIND);
        if news {
            *told = Some(now);
        }
        news
    }

    /// Whether this is its end.
    fn ends(&self) -> bool {
        self.0.lock().take().is_some()
    }
}

impl Tally {
    fn of(decision: &Decision) -> Self {
        match decision {
            Decision::Accepted { runs, attached } => {
                Self { alerts: 1, runs: runs.len() as u64, attached: *attached, ..Self::default() }
            }
            Decision::Repeated => Self { repeated: 1, ..Self::default() },
        }
    }

    /// Adds another one.
    pub(crate) fn add(&mut self, other: Self) {
        self.alerts += other.alerts;
        self.repeated += other.repeated;
        self.passed += other.passed;
        self.refused += other.refused;
        self.runs += other.runs;
        self.attached += other.attached;
    }

    fn count(&self) {
        for (what, number) in [
            ("accepted", self.alerts),
            ("repeated", self.repeated),
            ("passed", self.passed),
            ("refused", self.refused),
        ] {
            metrics::counter!("quell_records_total", "result" => what).increment(number);
        }
    }
}

#[cfg(test)]
mod tests;
