//! Which runs hold a state of a target: [`quell_run::HoldChange`] in the store.
//!
//! A state has one small record, however many hold it: what of it is ours, and how many holders there are. Every holder
//! has a record of its own beside it, and a mark under its run, so that to take hold of a state and to let go of it
//! costs the same with the first alert about somebody and with the hundred thousandth.
//!
//! Earlier versions wrote all holders into the one record. Such a record is read as it is, and taken apart by the first
//! commit that changes it.

use quell_run::{Grip, Held, HoldChange, HoldKey, Holder, Holds, JournalError, Ours, RunId};
use serde::{Deserialize, Serialize};

use crate::committer::View;
use crate::engine::Scan;
use crate::error::StoreError;
use crate::journal::RunRecords;
use crate::keys::{self, Key};
use crate::record::Kind;
use crate::store::Store;

/// What is known of a held state apart from who holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct HoldRecord {
    /// What is held.
    key: HoldKey,
    /// What of it is ours, if anything.
    ours: Option<Ours>,
    /// How many hold it, those apart that are listed here.
    #[serde(default)]
    pub(crate) count: u64,
    /// Who holds it, in a record of an earlier version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holders: Vec<Holder>,
}

impl RunRecords {
    /// All that runs hold: what could be taken back.
    pub async fn all_holds(&self) -> Result<Vec<Holds>, StoreError> {
        self.0.aside(all).await
    }
}

/// Stages what a task does to the holds on a state.
pub(crate) fn stage(view: &mut View<'_>, change: &HoldChange) -> Result<(), StoreError> {
    let name = name(&change.key)?;
    let key = record_key(&name);
    let found: Option<HoldRecord> = view.read(Kind::Holds, &key)?;
    let mut record = match found {
        Some(found) => taken_apart(view, &name, found)?,
        None => HoldRecord { key: change.key.clone(), ours: None, count: 0, holders: Vec::new() },
    };
    let holds = view.get(&holder_key(&name, &change.holder))?.is_some();
    match &change.grip {
        Grip::Taken { ours } => {
            record.ours = Ours::after(record.ours.take(), ours.as_deref().cloned());
            if !holds {
                record.count += 1;
                put(view, &name, &change.holder)?;
            }
        }
        Grip::Released if holds => {
            record.count = record.count.saturating_sub(1);
            view.delete(holder_key(&name, &change.holder));
            view.delete(mark_key(&name, &change.holder));
        }
        Grip::Released => {}
    }
    match record.count {
        0 => view.delete(key),
        _ => view.record(Kind::Holds, key, &record)?,
    }
    Ok(())
}

/// A held state as this one sees it.
pub(crate) fn seen_by(store: &Store, key: &HoldKey, holder: &Holder) -> Result<Held, JournalError> {
    look(store, key, holder).map_err(|source| JournalError::LookUp { source: Box::new(source) })
}

fn look(store: &Store, key: &HoldKey, holder: &Holder) -> Result<Held, StoreError> {
    let name = name(key)?;
    let Some(record) = store.read::<HoldRecord>(Kind::Holds, &record_key(&name))? else {
        return Ok(Held::default());
    };
    let holds = record.holders.contains(holder) || store.get(&holder_key(&name, holder))?.is_some();
    let all = record.count + record.holders.len() as u64;
    // One more than are named: the one who asks may be among them.
    let others = holders(store, &name, record.holders, Held::NAMED + 1)?;
    let runs: Vec<RunId> =
        others.into_iter().filter(|other| other != holder).map(|other| other.run).collect();
    let runs = runs.into_iter().take(Held::NAMED).collect();
    Ok(Held { ours: record.ours, others: all.saturating_sub(u64::from(holds)), runs })
}

fn all(store: &Store) -> Result<Vec<Holds>, StoreError> {
    let mut all = Vec::new();
    store.walk(Kind::Holds, Scan::prefix(keys::HOLD), |record: HoldRecord| {
        let HoldRecord { key, ours, holders: listed, .. } = record;
        let holders = holders(store, &name(&key)?, listed, usize::MAX)?;
        all.push(Holds { key, ours, holders });
        Ok(true)
    })?;
    Ok(all)
}

/// At most so many of those who hold a state. Those whose record is damaged are counted, and cannot be named.
fn holders(
    store: &Store,
    name: &str,
    mut found: Vec<Holder>,
    most: usize,
) -> Result<Vec<Holder>, StoreError> {
    let scan = Scan::prefix(Key::of(keys::HOLDER).text(name).build());
    let scan = if most < usize::MAX { scan.limit(most) } else { scan };
    store.walk(Kind::Holder, scan, |holder: Holder| {
        found.push(holder);
        Ok(found.len() < most)
    })?;
    Ok(found)
}

/// A record of an earlier version names all holders: each gets its own.
fn taken_apart(view: &mut View<'_>, name: &str, found: HoldRecord) -> Result<HoldRecord, StoreError> {
    let HoldRecord { key, ours, mut count, holders } = found;
    for holder in &holders {
        view.delete(Key::of(keys::RUN_HOLD).text(&holder.run.0).text(name).build());
        count += u64::from(view.get(&holder_key(name, holder))?.is_none());
        put(view, name, holder)?;
    }
    Ok(HoldRecord { key, ours, count, holders: Vec::new() })
}

fn put(view: &mut View<'_>, name: &str, holder: &Holder) -> Result<(), StoreError> {
    view.record(Kind::Holder, holder_key(name, holder), holder)?;
    view.record(Kind::RunMark, mark_key(name, holder), &holder.run)
}

fn record_key(name: &str) -> Vec<u8> {
    Key::of(keys::HOLD).text(name).build()
}

fn holder_key(name: &str, holder: &Holder) -> Vec<u8> {
    Key::of(keys::HOLDER).text(name).text(&holder.run.0).text(&holder.task.to_string()).build()
}

/// Where a run finds what it holds: it is not forgotten as long as this is there.
fn mark_key(name: &str, holder: &Holder) -> Vec<u8> {
    Key::of(keys::RUN_HOLD).text(&holder.run.0).text(name).text(&holder.task.to_string()).build()
}

fn name(key: &HoldKey) -> Result<String, StoreError> {
    serde_json::to_string(key).map_err(|source| StoreError::Encode { kind: Kind::Holds.name(), source })
}

/// Whether a state still is held as it was read: otherwise somebody took hold of it, or let go, in between.
pub(crate) fn is_still(store: &Store, record: &HoldRecord) -> Result<bool, StoreError> {
    let now: Option<HoldRecord> = store.read(Kind::Holds, &record_key(&name(&record.key)?))?;
    Ok(now.as_ref() == Some(record))
}

/// Where the holders of a state are kept, for whoever looks the store over.
pub(crate) fn holders_of(record: &HoldRecord) -> Result<Vec<u8>, StoreError> {
    Ok(Key::of(keys::HOLDER).text(&name(&record.key)?).build())
}
