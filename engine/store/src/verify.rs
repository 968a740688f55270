//! Looking the whole store over: every record's checksum, every journal's lines, every index entry's record.

use std::collections::BTreeMap;

use quell_action::lists::ListEntry;
use quell_run::{Holder, Line, RunId, RunSummary};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::alerts::{AlertRecord, AlertVersion, Named};
use crate::audit::AuditRecord;
use crate::damage::Damage;
use crate::engine::Scan;
use crate::error::StoreError;
use crate::holds::{self, HoldRecord};
use crate::journal::{index_keys, summary_key};
use crate::kept::KeptRecord;
use crate::keys::{self, Key};
use crate::record::{self, Kind, readable};
use crate::store::Store;

/// How many findings are listed; the rest is counted.
const MOST: usize = 1000;

/// What looking the store over came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Records looked at.
    pub records: u64,
    /// Records that fail their checks, and records that should be there and are not.
    pub damaged: Vec<Damage>,
    /// How many more there are than the list holds.
    pub more: u64,
}

impl Store {
    /// Looks the whole store over. It may go on working meanwhile.
    pub async fn verify(&self) -> Result<Verification, StoreError> {
        self.aside(|store| {
            let mut found = Verification::default();
            every_record(store, &mut found)?;
            every_journal(store, &mut found)?;
            every_mark(store, &mut found)?;
            every_hold(store, &mut found)?;
            Ok(found)
        })
        .await
    }
}

impl Verification {
    fn add(&mut self, key: &[u8], reason: impl Into<String>) {
        let damage = Damage { key: readable(key), reason: reason.into() };
        if self.damaged.contains(&damage) {
            return;
        }
        if self.damaged.len() < MOST {
            self.damaged.push(damage);
        } else {
            self.more += 1;
        }
    }
}

fn every_record(store: &Store, found: &mut Verification) -> Result<(), StoreError> {
    let mut scan = Scan::prefix([]);
    loop {
        let page = store.scan(&scan)?;
        for (key, bytes) in &page.pairs {
            found.records += 1;
            if let Err(reason) = understood(key, bytes) {
                found.add(key, reason);
            }
        }
        match page.next {
            Some(next) => scan.from = Some(next),
            None => return Ok(()),
        }
    }
}

/// Reads a record as whatever its space says it is.
fn understood(key: &[u8], bytes: &[u8]) -> Result<(), String> {
    fn read<T: DeserializeOwned>(kind: Kind, key: &[u8], bytes: &[u8]) -> Result<(), StoreError> {
        record::decode::<T>(kind, key, bytes).map(drop)
    }
    let begins = |space: &str| key.starts_with(space.as_bytes());
    let understood = match () {
        () if begins(keys::ALERT_HEAD) => read::<AlertRecord>(Kind::AlertHead, key, bytes),
        () if begins(keys::ALERT_VERSION) => read::<AlertVersion>(Kind::AlertVersion, key, bytes),
        () if begins(keys::RUN_LINE) => read::<Line>(Kind::RunLine, key, bytes),
        () if begins(keys::HOLD) => read::<HoldRecord>(Kind::Holds, key, bytes),
        () if begins(keys::HOLDER) => read::<Holder>(Kind::Holder, key, bytes),
        () if begins(keys::AUDIT_RECORD) => read::<AuditRecord>(Kind::Audit, key, bytes),
        () if begins(keys::KEPT) => read::<KeptRecord>(Kind::Kept, key, bytes),
        () if begins(keys::LIST) => read::<ListEntry>(Kind::ListEntry, key, bytes),
        () if begins(keys::RUN_SUMMARY) => read::<RunSummary>(Kind::RunSummary, key, bytes),
        () => return record::check(key, bytes).map(drop).map_err(str::to_owned),
    };
    understood.map_err(|error| match error {
        StoreError::Damaged { reason, .. } => reason,
        other => other.to_string(),
    })
}

/// Every run has as many lines as its summary says, and is found where it should be.
fn every_journal(store: &Store, found: &mut Verification) -> Result<(), StoreError> {
    let mut lines: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    let mut scan = Scan::prefix(keys::RUN_LINE).keys_only().limit(10_000);
    loop {
        let page = store.scan(&scan)?;
        for (key, _) in &page.pairs {
            *lines.entry(key[..key.len().saturating_sub(8)].to_vec()).or_default() += 1;
        }
        match page.next {
            Some(next) => scan.from = Some(next),
            None => break,
        }
    }
    store.walk(Kind::RunSummary, Scan::prefix(keys::RUN_SUMMARY), |run: RunSummary| {
        let journal = Key::of(keys::RUN_LINE).text(&run.id.0).build();
        let written = lines.get(&journal).copied().unwrap_or(0);
        // More lines than the walk over the summaries knew of were written meanwhile.
        if written < run.lines {
            found.add(&journal, format!("{} lines are there, {} were written", written, run.lines));
        }
        let [open, time, alert] = index_keys(&run);
        for key in [time, alert].into_iter().chain(run.open.then_some(open)) {
            if store.get(&key)?.is_none() && is_still(store, &run)? {
                found.add(&key, "the index entry is missing");
            }
        }
        Ok(true)
    })
}

/// Every index entry leads to a record.
fn every_mark(store: &Store, found: &mut Verification) -> Result<(), StoreError> {
    store.walk(Kind::RunMark, Scan::prefix(keys::RUN_TIME), |run: RunId| {
        if store.get(&summary_key(&run))?.is_none() {
            found.add(&summary_key(&run), "the summary of a run is missing");
        }
        Ok(true)
    })?;
    store.walk(Kind::AlertMark, Scan::prefix(keys::ALERT_TIME), |named: Named| {
        if store.get(&named.head_key())?.is_none() {
            found.add(&named.head_key(), "an alert is missing");
        }
        Ok(true)
    })
}

/// Every state that is held has as many holders as it says.
fn every_hold(store: &Store, found: &mut Verification) -> Result<(), StoreError> {
    store.walk(Kind::Holds, Scan::prefix(keys::HOLD), |record: HoldRecord| {
        let space = holds::holders_of(&record)?;
        let there = store.count_all(Scan::prefix(space.clone()))?;
        if there != record.count && holds::is_still(store, &record)? {
            found.add(&space, format!("{there} holders are there, {} were written", record.count));
        }
        Ok(true)
    })
}

/// Whether a run still is as it was read: otherwise it went on while the store was looked over.
fn is_still(store: &Store, run: &RunSummary) -> Result<bool, StoreError> {
    Ok(store.read::<RunSummary>(Kind::RunSummary, &summary_key(&run.id))?.as_ref() == Some(run))
}
