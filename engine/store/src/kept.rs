//! Values that runs keep for an alert, over its versions: the number of the ticket that a later update needs.
//!
//! They are written in the commit of the journal's line that says so, and forgotten with the alert.

use quell_alert::{AlertId, Timestamp};
use quell_playbook::Kept;
use quell_run::{Line, RunId, RunSummary};
use serde::{Deserialize, Serialize};

use crate::committer::View;
use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::record::Kind;
use crate::store::Store;

/// What is kept for one detection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptRecord {
    /// What all versions of the alert have in common.
    pub(crate) detection: String,
    /// The values, by name.
    pub(crate) values: Kept,
    /// The alert.
    pub(crate) alert: AlertId,
    /// The run that kept one last.
    pub(crate) run: RunId,
    /// When.
    pub(crate) updated: Timestamp,
}

/// Stages what a line of a journal keeps.
pub(crate) fn stage(view: &mut View<'_>, run: &RunSummary, line: &Line) -> Result<(), StoreError> {
    let Some((detection, values)) = line.entry.kept() else { return Ok(()) };
    let key = key(&detection);
    let earlier: Option<KeptRecord> = view.read(Kind::Kept, &key)?;
    let mut all = earlier.map(|record| record.values).unwrap_or_default();
    all.extend(values);
    let (alert, run) = (run.alert.clone(), run.id.clone());
    let record = KeptRecord { detection, values: all, alert, run, updated: line.at };
    view.record(Kind::Kept, key, &record)
}

/// What is kept for a detection.
pub(crate) fn of(store: &Store, detection: &str) -> Result<Kept, StoreError> {
    let record: Option<KeptRecord> = store.read(Kind::Kept, &key(detection))?;
    Ok(record.map(|record| record.values).unwrap_or_default())
}

/// The key of what is kept for a detection.
pub(crate) fn key(detection: &str) -> Vec<u8> {
    Key::of(keys::KEPT).text(detection).build()
}
