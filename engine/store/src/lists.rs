//! The entries of named lists that are kept here: those that people and runs have added.

use quell_action::lists::{ListEntry, folded};
use quell_alert::Timestamp;

use crate::audit::{self, Audited};
use crate::committer::View;
use crate::engine::Scan;
use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::record::Kind;
use crate::store::Store;

/// The entries of named lists in the store.
#[derive(Clone)]
pub struct ListEntries(Store);

impl Store {
    /// The entries of named lists in this store.
    #[must_use]
    pub fn lists(&self) -> ListEntries {
        ListEntries(self.clone())
    }
}

impl ListEntries {
    /// All entries of a list. A damaged one is an error: a list of which something is missing would answer wrongly.
    pub async fn of(&self, list: &str) -> Result<Vec<ListEntry>, StoreError> {
        let space = Key::of(keys::LIST).text(list).build();
        self.0.aside(move |store| store.strictly_all(Kind::ListEntry, Scan::prefix(space))).await
    }

    /// Puts an entry in the place of another (nothing: absent), or takes it away; whether it did. It does not where
    /// something else than what was expected stands there.
    pub async fn replace(
        &self,
        list: &str,
        value: &str,
        (expected, wanted): (Option<ListEntry>, Option<ListEntry>),
        by: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (list, value, by) = (list.to_owned(), value.to_owned(), by.to_owned());
        self.0
            .decide(move |view| {
                let found: Option<ListEntry> = view.read(Kind::ListEntry, &key(&list, &value))?;
                if found != expected {
                    return Ok(false);
                }
                stage(view, &list, &value, wanted.as_ref(), &by, at)?;
                Ok(true)
            })
            .await
    }

    /// Adds entries at this moment, all or none, in the place of those with the same values.
    pub async fn add(
        &self,
        list: &str,
        entries: Vec<ListEntry>,
        by: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (list, by) = (list.to_owned(), by.to_owned());
        self.0
            .decide(move |view| {
                entries.iter().try_for_each(|entry| stage(view, &list, &entry.value, Some(entry), &by, at))
            })
            .await
    }

    /// Forgets entries that ended before this moment; how many. They have not counted since.
    pub async fn forget_ended(&self, before: Timestamp) -> Result<u64, StoreError> {
        let space = Scan::prefix(keys::LIST);
        let ended = self.0.aside(move |store| ended(store, space, before)).await?;
        self.0
            .decide(move |view| {
                let mut forgotten = 0;
                for key in &ended {
                    let entry: Option<ListEntry> = view.read(Kind::ListEntry, key)?;
                    if entry.is_some_and(|entry| entry.until.is_some_and(|until| until < before)) {
                        view.delete(key.clone());
                        forgotten += 1;
                    }
                }
                Ok(forgotten)
            })
            .await
    }
}

fn stage(
    view: &mut View<'_>,
    list: &str,
    value: &str,
    wanted: Option<&ListEntry>,
    by: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (list, value, by) = (list.to_owned(), value.to_owned(), by.to_owned());
    let key = key(&list, &value);
    let Some(entry) = wanted else {
        view.delete(key);
        return audit::append(view, at, Audited::ListEntryRemoved { list, value, by }, b"");
    };
    view.record(Kind::ListEntry, key, entry)?;
    let content = serde_json::to_vec(entry)
        .map_err(|source| StoreError::Encode { kind: Kind::ListEntry.name(), source })?;
    audit::append(view, at, Audited::ListEntryAdded { list, value, by }, &content)
}

fn ended(store: &Store, mut scan: Scan, before: Timestamp) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut ended = Vec::new();
    loop {
        let page = store.scan(&scan)?;
        for (key, bytes) in &page.pairs {
            let entry = crate::record::decode::<ListEntry>(Kind::ListEntry, key, bytes);
            let entry = store.damage().leave_out(entry)?;
            if entry.is_some_and(|entry| entry.until.is_some_and(|until| until < before)) {
                ended.push(key.clone());
            }
        }
        match page.next {
            Some(next) => scan.from = Some(next),
            None => return Ok(ended),
        }
    }
}

fn key(list: &str, value: &str) -> Vec<u8> {
    Key::of(keys::LIST).text(list).text(&folded(value)).build()
}
