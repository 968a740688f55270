//! Records with their types, on top of bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::committer::View;
use crate::engine::Scan;
use crate::error::StoreError;
use crate::record::{self, Kind};
use crate::store::Store;

impl View<'_> {
    /// The record under a key.
    pub(crate) fn read<T: DeserializeOwned>(&self, kind: Kind, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.get(key)?.map(|bytes| record::decode(kind, key, &bytes)).transpose()
    }

    /// Puts a record under a key.
    pub(crate) fn record<T: Serialize>(
        &mut self,
        kind: Kind,
        key: Vec<u8>,
        value: &T,
    ) -> Result<(), StoreError> {
        let bytes = record::encode(kind, &key, value)?;
        self.put(key, bytes)
    }
}

impl Store {
    /// The record under a key. A damaged one is an error, and noted.
    pub(crate) fn read<T: DeserializeOwned>(&self, kind: Kind, key: &[u8]) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.get(key)? else { return Ok(None) };
        self.damage().note(record::decode(kind, key, &bytes)).map(Some)
    }

    /// Walks over all records of a scan, page after page, until told to stop (`false`). Damaged ones are left out, and
    /// noted. The scan's limit is the size of a page.
    pub(crate) fn walk<T: DeserializeOwned>(
        &self,
        kind: Kind,
        scan: Scan,
        mut each: impl FnMut(T) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut scan = scan;
        loop {
            let page = self.scan(&scan)?;
            for (key, bytes) in &page.pairs {
                let read = self.damage().leave_out(record::decode(kind, key, bytes))?;
                if let Some(value) = read
                    && !each(value)?
                {
                    return Ok(());
                }
            }
            match page.next {
                Some(next) => scan.from = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// All records of a scan. A damaged one is an error: for records without which one must not act.
    pub(crate) fn strictly_all<T: DeserializeOwned>(
        &self,
        kind: Kind,
        scan: Scan,
    ) -> Result<Vec<T>, StoreError> {
        let mut scan = scan;
        let mut all = Vec::new();
        loop {
            let page = self.scan(&scan)?;
            for (key, bytes) in &page.pairs {
                all.push(self.damage().note(record::decode(kind, key, bytes))?);
            }
            match page.next {
                Some(next) => scan.from = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// How many keys begin so.
    pub(crate) fn count(&self, space: &str) -> Result<u64, StoreError> {
        self.count_all(Scan::prefix(space))
    }

    /// How many keys a scan finds.
    pub(crate) fn count_all(&self, scan: Scan) -> Result<u64, StoreError> {
        let mut scan = scan.keys_only().limit(10_000);
        let mut count = 0;
        loop {
            let page = self.scan(&scan)?;
            count += page.pairs.len() as u64;
            match page.next {
                Some(next) => scan.from = Some(next),
                None => return Ok(count),
            }
        }
    }

    /// Reads much, away from the threads that drive the engine.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || work(&store)).await.map_err(|_| StoreError::Closed)?
    }
}
