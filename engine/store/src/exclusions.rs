//! The operators' entries of the exclusion list.
//!
//! Reading them is strict: a damaged entry is an error and not left out, because nobody can tell any more whom it named.
//! An engine that cannot read its list does not act.

use quell_action::exclusion::{Entry, EntryId};
use quell_alert::Timestamp;

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
                    let what = Audited::ExclusionAdded { id: entry.id.0.clone() };
                    let content = serde_json::to_vec(entry)
                        .map_err(|source| StoreError::Encode { kind: Kind::Exclusion.name(), source })?;
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
        let what = Audited::ExclusionRemoved { id: id.0.clone(), by: by.to_owned() };
        self.0
            .decide(move |view| {
                let entry: Option<Entry> = view.read(Kind::Exclusion, &key)?;
                if entry.is_some() {
                    view.delete(key);
                    audit::append(view, at, what, b"")?;
                }
                Ok(entry)
            })
            .await
    }
}

fn key(id: &EntryId) -> Vec<u8> {
    Key::of(keys::EXCLUSION).text(&id.0).build()
}
