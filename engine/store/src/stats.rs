//! What the store holds, counted.

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::keys;
use crate::store::Store;

/// What the store holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// The engine that keeps it.
    pub engine: String,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// The newest acknowledged commit.
    pub commits: u64,
    /// Detections.
    pub alerts: u64,
    /// Versions of detections.
    pub alert_versions: u64,
    /// Runs, all of them.
    pub runs: u64,
    /// Runs for which something is still to be done.
    pub open_runs: u64,
    /// Lines of journals.
    pub journal_lines: u64,
    /// States of targets that runs hold.
    pub holds: u64,
    /// Operators' entries of the exclusion list.
    pub exclusions: u64,
    /// Sliding windows.
    pub counters: u64,
    /// Playbook texts.
    pub playbooks: u64,
    /// Records of the audit log.
    #[serde(default)]
    pub audit_records: u64,
    /// What runs have in hand for `once_per`.
    #[serde(default)]
    pub claims: u64,
    /// Damaged records found since the store was opened.
    pub damaged: u64,
}

impl Store {
    /// Counts what the store holds. Walks over all keys, and over no values.
    pub async fn stats(&self) -> Result<Stats, StoreError> {
        self.aside(|store| {
            let health = store.health();
            Ok(Stats {
                engine: health.engine.to_owned(),
                disk_bytes: store.disk_bytes()?,
                commits: health.commit,
                alerts: store.count(keys::ALERT_HEAD)?,
                alert_versions: store.count(keys::ALERT_VERSION)?,
                runs: store.count(keys::RUN_SUMMARY)?,
                open_runs: store.count(keys::RUN_OPEN)?,
                journal_lines: store.count(keys::RUN_LINE)?,
                holds: store.count(keys::HOLD)?,
                exclusions: store.count(keys::EXCLUSION)?,
                counters: store.count(keys::COUNTER)?,
                playbooks: store.count(keys::PLAYBOOK)?,
                audit_records: store.count(keys::AUDIT_RECORD)?,
                claims: store.count(keys::CLAIM)?,
                damaged: health.damaged.len() as u64,
            })
        })
        .await
    }
}
