//! The operators' entries of the exclusion list.
//!
//! Reading them is strict: a damaged entry is an error and not left out, because nobody can tell any more whom it named.
//! An engine that cannot read its list does not act.

use std::collections::HashMap;

use quell_action::exclusion::{Entry, EntryId};
use quell_alert::Timestamp;
use serde_json::Value;

use crate::audit::{self, Audited};
use crate::engine::Scan;
use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::record::Kind;
use crate::store::Store;

/// The operators' entries in the store.
#[derive(Clone)]
pub struct Exclusions(Store);

impl Store {
    /// The operators' entries in this store.
    #[must_use]
    pub fn exclusions(&self) -> Exclusions {
        Exclusions(self.clone())
    }
}

impl Exclusions {
    /// All of them, in the order of their ids.
    pub async fn list(&self) -> Result<Vec<Entry>, StoreError> {
        self.0.aside(|store| store.strictly_all(Kind::Exclusion, Scan::prefix(keys::EXCLUSION))).await
    }

    /// Adds entries at this moment, all or none. Where an id is taken, returns the entry that has it and adds nothing.
    pub async fn add(&self, entries: Vec<Entry>, at: Timestamp) -> Result<Option<Entry>, StoreError> {
        self.0
            .decide(move |view| {
                for entry in &entries {
                    if let Some(earlier) = view.read(Kind::Exclusion, &key(&entry.id))? {
                        return Ok(Some(earlier));
                    }
                }
                for entry in &entries {
                    view.record(Kind::Exclusion, key(&entry.id), entry)?;
                    let content = serde_json::to_vec(entry).map_err(cannot_encode)?;
                    let what =
                        Audited::ExclusionAdded { id: entry.id.0.clone(), entry: Some(as_value(entry)?) };
                    audit::append(view, at, what, &content)?;
                }
                Ok(None)
            })
            .await
    }

    /// Removes an entry and returns it; nothing where there is none of that id. A damaged entry cannot be removed by
    /// accident: it is an error.
    pub async fn remove(&self, id: &EntryId, by: &str, at: Timestamp) -> Result<Option<Entry>, StoreError> {
        let key = key(id);
        let (id, by) = (id.0.clone(), by.to_owned());
        self.0
            .decide(move |view| {
                let entry: Option<Entry> = view.read(Kind::Exclusion, &key)?;
                if let Some(entry) = &entry {
                    view.delete(key);
                    let what = Audited::ExclusionRemoved { id, by, entry: Some(as_value(entry)?) };
                    audit::append(view, at, what, b"")?;
                }
                Ok(entry)
            })
            .await
    }

    /// Puts on record what the lines of the site's file are, where they differ from those that were last in force. Their
    /// order does not count.
    pub async fn note_file(&self, lines: Vec<Value>, at: Timestamp) -> Result<(), StoreError> {
        self.0
            .decide(move |view| {
                let key = keys::EXCLUSION_FILE.as_bytes();
                let earlier: Vec<Value> = view.read(Kind::ExclusionFile, key)?.unwrap_or_default();
                let (added, removed) = (without(&lines, &earlier), without(&earlier, &lines));
                if added.is_empty() && removed.is_empty() {
                    return Ok(());
                }
                view.record(Kind::ExclusionFile, key.to_vec(), &lines)?;
                let content = serde_json::to_vec(&lines).map_err(cannot_encode)?;
                let what = Audited::ExclusionFile { lines: lines.len() as u64, added, removed };
                audit::append(view, at, what, &content)
            })
            .await
    }
}

/// The lines that are not among the others, each as often as it is missing there.
fn without(lines: &[Value], others: &[Value]) -> Vec<Value> {
    let mut unmatched: HashMap<String, u64> = HashMap::new();
    for line in others {
        *unmatched.entry(line.to_string()).or_default() += 1;
    }
    let is_new = |line: &&Value| match unmatched.get_mut(&line.to_string()) {
        Some(count @ 1..) => {
            *count -= 1;
            false
        }
        _ => true,
    };
    lines.iter().filter(is_new).cloned().collect()
}

fn as_value(entry: &Entry) -> Result<Value, StoreError> {
    serde_json::to_value(entry).map_err(cannot_encode)
}

fn cannot_encode(source: serde_json::Error) -> StoreError {
    StoreError::Encode { kind: Kind::Exclusion.name(), source }
}

fn key(id: &EntryId) -> Vec<u8> {
    Key::of(keys::EXCLUSION).text(&id.0).build()
}
