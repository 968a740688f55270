//! The operations on the store as a whole. They need no engine beside it, so that a site whose connectors or playbooks
//! are out of order can still be looked after.

use std::path::Path;

use chrono::{DateTime, Duration, Utc};
use quell_api::{BackedUp, Backup, DamagedRecord, Prune, Pruned, Refusal, Verified};
use quell_store::{Retention, Store};
use serde_json::Value;

pub(crate) async fn stats(store: &Store) -> Result<Value, Refusal> {
    let stats = store.stats().await.map_err(Refusal::unavailable)?;
    serde_json::to_value(stats).map_err(Refusal::unavailable)
}

pub(crate) async fn prune(store: &Store, now: DateTime<Utc>, order: &Prune) -> Result<Pruned, Refusal> {
    let retention = Retention { before: Some(days_before(now, order.days)), keep_runs: order.runs };
    let forgotten = store.prune(retention, now, order.dry).await.map_err(Refusal::unavailable)?;
    Ok(Pruned { alerts: forgotten.alerts, runs: forgotten.runs, audit: forgotten.audit })
}

/// This moment, so many days ago. More days than the calendar has: nothing is that old.
pub(crate) fn days_before(now: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    now.checked_sub_signed(Duration::days(days.into())).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

pub(crate) async fn verify(store: &Store) -> Result<Verified, Refusal> {
    let found = store.verify().await.map_err(Refusal::unavailable)?;
    let damaged = found.damaged.into_iter();
    Ok(Verified {
        records: found.records,
        damaged: damaged.map(|damage| DamagedRecord { key: damage.key, reason: damage.reason }).collect(),
        more: found.more,
    })
}

pub(crate) async fn backup(store: &Store, order: &Backup) -> Result<BackedUp, Refusal> {
    let file = &order.file;
    if !file.is_absolute() {
        return Err(Refusal::invalid(format!("{} is not an absolute path", file.display())));
    }
    if file.symlink_metadata().is_ok() {
        return Err(Refusal::conflict(format!("{} is there already; name a new file", file.display())));
    }
    if !file.parent().is_some_and(Path::is_dir) {
        return Err(Refusal::invalid(format!(
            "the folder of {} is not there; make it first",
            file.display()
        )));
    }
    let copied = store.backup(file).await.map_err(whole)?;
    let bytes = file.metadata().map_err(Refusal::unavailable)?.len();
    Ok(BackedUp { file: file.clone(), bytes, changes: copied.changes, commit: copied.commit })
}

/// The error with its causes: on the other side of the wire there is its text only.
fn whole(error: impl std::error::Error) -> Refusal {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Refusal::unavailable(text)
}
