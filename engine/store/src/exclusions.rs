//! The operators' entries of the exclusion list.
//!
//! Reading them is strict: a damaged entry is an error and not left out, because nobody can tell any more whom it named.
//! An engine that cannot read its list does not act.

use quell_action::exclusion::{Entry, EntryId};

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

    /// Adds entries, all or none. Where an id is taken, returns the entry that has it and adds nothing.
    pub async fn add(&self, entries: Vec<Entry>) -> Result<Option<Entry>, StoreError> {
        self.0
            .decide(move |view| {
                for entry in &entries {
                    if let Some(earlier) = view.read(Kind::Exclusion, &key(&entry.id))? {
                        return Ok(Some(earlier));
                    }
                }
                for entry in &entries {
                    view.record(Kind::Exclusion, key(&entry.id), entry)?;
                }
                Ok(None)
            })
            .await
    }

    /// Removes an entry and returns it; nothing where there is none of that id. A damaged entry cannot be removed by
    /// accident: it is an error.
    pub async fn remove(&self, id: &EntryId) -> Result<Option<Entry>, StoreError> {
        let key = key(id);
        self.0
            .decide(move |view| {
                let entry = view.read(Kind::Exclusion, &key)?;
                if entry.is_some() {
                    view.delete(key);
                }
                Ok(entry)
            })
            .await
    }
}

fn key(id: &EntryId) -> Vec<u8> {
    Key::of(keys::EXCLUSION).text(&id.0).build()
}
