//! Forgetting: old alerts and finished runs.
//!
//! Never forgotten: a run for which something is still to be done; a run whose changes still hold (it could not be
//! undone any more); an alert with such a run.

use std::collections::BTreeSet;

use quell_alert::Timestamp;
use quell_run::{RunId, RunSummary};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::alerts::{self, AlertRecord, Named};
use crate::audit::{self, Audited};
use crate::claims;
use crate::counters;
use crate::engine::Scan;
use crate::error::StoreError;
use crate::journal::{index_keys, summary_key};
use crate::kept;
use crate::keys::{self, Key};
use crate::record::Kind;
use crate::store::Store;

/// How many are removed side by side, so that they share a flush.
const AT_ONCE: usize = 128;

/// How many records of the audit log are forgotten in one write.
const AUDIT_AT_ONCE: usize = 1000;

/// What may be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Alerts, and runs whose last line was written, before this moment.
    pub before: Option<Timestamp>,
    /// All but so many finished runs, the oldest first.
    pub keep_runs: Option<u64>,
}

/// What was forgotten, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Forgotten {
    /// Alerts.
    pub alerts: u64,
    /// Runs.
    pub runs: u64,
    /// Records of the audit log.
    pub audit: u64,
}

impl Store {
    /// Forgets, at this moment, what may be forgotten; with `dry` only counts it.
    pub async fn prune(
        &self,
        retention: Retention,
        at: Timestamp,
        dry: bool,
    ) -> Result<Forgotten, StoreError> {
        let runs = self.aside(move |store| old_runs(store, retention)).await?;
        if dry {
            let gone = runs.iter().map(|run| run.id.clone()).collect();
            let alerts = self.aside(move |store| old_alerts(store, retention, &gone)).await?;
            let audit = match retention.before {
                Some(before) => self.aside(move |store| audit::count_older(store, before)).await?,
                None => 0,
            };
            return Ok(Forgotten { alerts: alerts.len() as u64, runs: runs.len() as u64, audit });
        }
        let runs =
            self.side_by_side(runs, move |store, run| async move { store.forget_run(run, at).await }).await?;
        // Only now: a run that has changed meanwhile stays, and its alert with it.
        let alerts = self.aside(move |store| old_alerts(store, retention, &BTreeSet::new())).await?;
        let alerts = self
            .side_by_side(alerts, move |store, alert| async move { store.forget_alert(alert, at).await })
            .await?;
        self.forget_claims(at).await?;
        let audit = match retention.before {
            Some(before) => self.forget_audit(before, at).await?,
            None => 0,
        };
        Ok(Forgotten { alerts, runs, audit })
    }

    /// Forgets the beginning of the audit log, up to the first record that is young enough. The rest still is a chain:
    /// where it begins is noted, and its end says up to where it was forgotten.
    async fn forget_audit(&self, before: Timestamp, at: Timestamp) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let old = self.aside(move |store| audit::older_than(store, before, AUDIT_AT_ONCE)).await?;
            let Some(last) = old.last().cloned() else { return Ok(forgotten) };
            let count = old.len();
            let done = self.decide(move |view| audit::forget(view, at, &old, &last)).await?;
            forgotten += if done { count as u64 } else { 0 };
            if count < AUDIT_AT_ONCE {
                return Ok(forgotten);
            }
        }
    }

    async fn side_by_side<T, F>(&self, all: Vec<T>, forget: impl Fn(Store, T) -> F) -> Result<u64, StoreError>
    where
        F: Future<Output = Result<bool, StoreError>> + Send + 'static,
    {
        let mut forgotten = 0;
        let mut waiting = JoinSet::new();
        for one in all {
            if waiting.len() >= AT_ONCE {
                forgotten += joined(waiting.join_next().await)?;
            }
            waiting.spawn(forget(self.clone(), one));
        }
        while !waiting.is_empty() {
            forgotten += joined(waiting.join_next().await)?;
        }
        Ok(forgotten)
    }

    /// Removes a run with all its lines, unless it has changed since it was looked at.
    async fn forget_run(self, seen: RunSummary, at: Timestamp) -> Result<bool, StoreError> {
        let space = Key::of(keys::RUN_LINE).text(&seen.id.0).build();
        let attached = claims::attached_space(&seen.id);
        let lines = self
            .clone()
            .aside(move |store| {
                let mut keys = all_keys(store, space)?;
                keys.extend(all_keys(store, attached)?);
                Ok(keys)
            })
            .await?;
        self.decide(move |view| {
            let key = summary_key(&seen.id);
            if view.read::<RunSummary>(Kind::RunSummary, &key)?.as_ref() != Some(&seen) {
                return Ok(false);
            }
            audit::append(view, at, Audited::RunForgotten { run: seen.id.clone() }, b"")?;
            let counters = counters::keys_of(&seen.id);
            let others = index_keys(&seen).into_iter().chain(counters).chain([key]);
            lines.into_iter().chain(others).for_each(|key| view.delete(key));
            Ok(true)
        })
        .await
    }

    /// Removes an alert with all its versions, unless a new one has come in.
    async fn forget_alert(self, seen: AlertRecord, at: Timestamp) -> Result<bool, StoreError> {
        let space = Key::of(keys::ALERT_VERSION).text(&seen.detection).build();
        let versions = self.clone().aside(move |store| all_keys(store, space)).await?;
        self.decide(move |view| {
            let key = alerts::head_key(&seen.id, &seen.detection);
            if view.read::<AlertRecord>(Kind::AlertHead, &key)?.as_ref() != Some(&seen) {
                return Ok(false);
            }
            audit::append(view, at, Audited::AlertForgotten { detection: seen.detection.clone() }, b"")?;
            versions
                .into_iter()
                .chain([alerts::time_key(&seen), kept::key(&seen.detection)])
                .chain([key])
                .for_each(|key| view.delete(key));
            Ok(true)
        })
        .await
    }
}

/// From the oldest on, as long as age or number can still make a run go.
fn old_runs(store: &Store, retention: Retention) -> Result<Vec<RunSummary>, StoreError> {
    let finished = store.count(keys::RUN_TIME)?.saturating_sub(store.count(keys::RUN_OPEN)?);
    let surplus = retention.keep_runs.map_or(0, |keep| finished.saturating_sub(keep));
    let mut old = Vec::new();
    store.walk(Kind::RunMark, Scan::prefix(keys::RUN_TIME), |run: RunId| {
        let summary = store.read::<RunSummary>(Kind::RunSummary, &summary_key(&run));
        let Some(summary) = store.damage().leave_out(summary)?.flatten() else { return Ok(true) };
        let is_surplus = (old.len() as u64) < surplus;
        if !is_surplus && retention.before.is_none_or(|before| summary.started >= before) {
            return Ok(false);
        }
        let aged = retention.before.is_some_and(|before| summary.updated < before);
        if (aged || is_surplus) && may_go(store, &summary)? {
            old.push(summary);
        }
        Ok(true)
    })?;
    Ok(old)
}

fn may_go(store: &Store, run: &RunSummary) -> Result<bool, StoreError> {
    let held = Scan::prefix(Key::of(keys::RUN_HOLD).text(&run.id.0).build()).limit(1).keys_only();
    Ok(!run.open && store.scan(&held)?.pairs.is_empty())
}

fn old_alerts(
    store: &Store,
    retention: Retention,
    gone: &BTreeSet<RunId>,
) -> Result<Vec<AlertRecord>, StoreError> {
    let Some(before) = retention.before else { return Ok(Vec::new()) };
    let mut old = Vec::new();
    store.walk(Kind::AlertMark, Scan::prefix(keys::ALERT_TIME), |named: Named| {
        let head = store.read::<AlertRecord>(Kind::AlertHead, &named.head_key());
        let Some(head) = store.damage().leave_out(head)?.flatten() else { return Ok(true) };
        if head.last_received >= before {
            return Ok(false);
        }
        let mut needed = false;
        let runs = Scan::prefix(Key::of(keys::RUN_ALERT).text(head.id.as_str()).build());
        store.walk(Kind::RunMark, runs, |run: RunId| {
            needed |= !gone.contains(&run);
            Ok(!needed)
        })?;
        if !needed {
            old.push(head);
        }
        Ok(true)
    })?;
    Ok(old)
}

fn all_keys(store: &Store, space: Vec<u8>) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut scan = Scan::prefix(space).keys_only().limit(10_000);
    let mut all = Vec::new();
    loop {
        let page = store.scan(&scan)?;
        all.extend(page.pairs.into_iter().map(|(key, _)| key));
        match page.next {
            Some(next) => scan.from = Some(next),
            None => return Ok(all),
        }
    }
}

fn joined(done: Option<Result<Result<bool, StoreError>, tokio::task::JoinError>>) -> Result<u64, StoreError> {
    match done {
        Some(Ok(forgotten)) => forgotten.map(u64::from),
        Some(Err(_)) => Err(StoreError::Closed),
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use quell_alert::{AlertId, Product};
    use quell_playbook::model::{ContentHash, Mode, PlaybookName};
    use quell_run::{Counts, Finish, Origin, PlaybookVersion, RunStatus};

    use super::*;
    use crate::engine::memory::MemoryDisk;
    use crate::journal;

    fn finished(lines: u64) -> RunSummary {
        let at = Timestamp::from_timestamp(1_700_000_000, 0).unwrap();
        RunSummary {
            id: RunId("run".into()),
            origin: Origin::Live,
            occasion: Default::default(),
            playbook: PlaybookVersion { name: PlaybookName("contain".into()), hash: ContentHash("0".into()) },
            mode: Mode::Act,
            alert: AlertId("a-1".into()),
            alert_title: "Alert".into(),
            product: Product("Microsoft Defender for Identity".into()),
            severity: None,
            subjects: Vec::new(),
            status: RunStatus::Finished,
            finish: Some(Finish::Contained),
            started: at,
            finished: Some(at),
            updated: at,
            lines,
            counts: Counts::default(),
            open: false,
            wake_at: None,
        }
    }

    /// Somebody wants it undone between the look and the write.
    #[tokio::test]
    async fn a_run_that_has_changed_since_it_was_looked_at_stays() {
        let store = Store::in_memory(&MemoryDisk::default()).unwrap();
        let keep = |lines: u64| {
            let run = finished(lines);
            store.decide(move |view| view.record(Kind::RunSummary, summary_key(&run.id), &run))
        };
        let kept = || store.read::<RunSummary>(Kind::RunSummary, &summary_key(&RunId("run".into()))).unwrap();
        keep(8).await.unwrap();
        let at = finished(0).updated;
        assert!(!store.clone().forget_run(finished(7), at).await.unwrap());
        assert_eq!(kept(), Some(finished(8)));
        assert!(store.clone().forget_run(finished(8), at).await.unwrap());
        assert_eq!(kept(), None);
    }

    fn alert(versions: u32) -> AlertRecord {
        let at = finished(0).updated;
        AlertRecord {
            id: AlertId("a-1".into()),
            detection: "d-1".into(),
            product: Product("Microsoft Defender for Identity".into()),
            title: "Alert".into(),
            severity: None,
            status: quell_alert::Status::New,
            first_received: at,
            last_received: at,
            versions,
        }
    }

    /// A newer version of it comes in between the look and the write.
    #[tokio::test]
    async fn an_alert_that_has_changed_since_it_was_looked_at_stays() {
        let store = Store::in_memory(&MemoryDisk::default()).unwrap();
        let key = || alerts::head_key(&alert(0).id, &alert(0).detection);
        store.decide(move |view| view.record(Kind::AlertHead, key(), &alert(2))).await.unwrap();
        let kept = || store.read::<AlertRecord>(Kind::AlertHead, &key()).unwrap();
        let at = finished(0).updated;
        assert!(!store.clone().forget_alert(alert(1), at).await.unwrap());
        assert_eq!(kept(), Some(alert(2)));
        assert!(store.clone().forget_alert(alert(2), at).await.unwrap());
        assert_eq!(kept(), None);
    }

    /// The look at the run is over, and its write waits behind one by which somebody wants it undone.
    #[tokio::test]
    async fn the_alert_of_a_run_that_has_changed_meanwhile_stays_too() {
        let store = Store::in_memory(&MemoryDisk::default()).unwrap();
        store
            .decide(|view| {
                journal::stage_summary(view, &finished(7))?;
                alerts::stage_head(view, None, &alert(1))
            })
            .await
            .unwrap();
        while store.waiting() > 0 {
            tokio::task::yield_now().await;
        }
        let (go_on, wait) = std::sync::mpsc::channel();
        let wanted = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .decide(move |view| {
                        wait.recv().unwrap();
                        journal::stage_summary(view, &finished(8))
                    })
                    .await
            }
        });
        let at = finished(0).updated + chrono::Duration::days(1);
        let pruning = tokio::spawn({
            let (store, retention) = (store.clone(), Retention { before: Some(at), keep_runs: None });
            async move { store.prune(retention, at, false).await }
        });
        while store.waiting() < 2 {
            tokio::task::yield_now().await;
        }
        go_on.send(()).unwrap();
        wanted.await.unwrap().unwrap();
        assert_eq!(pruning.await.unwrap().unwrap(), Forgotten::default());
        let kept: Option<AlertRecord> =
            store.read(Kind::AlertHead, &alerts::head_key(&alert(1).id, &alert(1).detection)).unwrap();
        assert_eq!(kept, Some(alert(1)), "a run of it is still there");
    }
}
