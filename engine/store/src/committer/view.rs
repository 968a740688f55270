//! The store as one write sees it: what is on disk, and what the writes before it in the same group will change.

use std::collections::BTreeMap;

use crate::engine::{Engine, VALUE_LIMIT};
use crate::error::StoreError;
use crate::guard;
use crate::record::readable;

/// The new value of each key, or nothing where it is deleted.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What a write may look at and change. Its own changes are dropped when it fails.
pub struct View<'a> {
    engine: &'a dyn Engine,
    group: Changes,
    staged: Changes,
    bytes: usize,
}

impl<'a> View<'a> {
    pub(crate) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine, group: Changes::new(), staged: Changes::new(), bytes: 0 }
    }

    /// The bytes under a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(change) = self.staged.get(key).or_else(|| self.group.get(key)) {
            return Ok(change.clone());
        }
        Ok(guard::call("read", || self.engine.get(key))?)
    }

    /// Puts bytes under a key.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), StoreError> {
        if value.len() > VALUE_LIMIT {
            return Err(StoreError::TooLarge { key: readable(&key), bytes: value.len(), limit: VALUE_LIMIT });
        }
        self.staged.insert(key, Some(value));
        Ok(())
    }

    /// Takes a key away.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.staged.insert(key, None);
    }

    /// Adds what the last write staged to the group, or drops it.
    pub(crate) fn settle(&mut self, keep: bool) {
        let staged = std::mem::take(&mut self.staged);
        if keep {
            self.bytes += staged
                .iter()
                .map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len))
                .sum::<usize>();
            self.group.extend(staged);
        }
    }

    /// How large the group has grown.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Everything the group changes.
    pub(crate) fn into_changes(self) -> Changes {
        self.group
    }
}
