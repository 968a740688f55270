//! The named lists of a site: their files and the entries in the store, put together, and changed one at a time.

pub(crate) mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::lists::{ListEntry, ListKeeper, ListTrouble, Lists, NamedList};
use quell_alert::Timestamp;
use quell_run::{Clock, NamedLists};
use quell_store::{Store, StoreError};

use crate::config::{ListSettings, Site};

/// More entries than this do not go into one list: it is held in memory, and looked through for each alert.
const MOST_ENTRIES: usize = 200_000;

/// The named lists of a site.
pub(crate) struct SiteLists {
    store: Store,
    clock: Arc<dyn Clock>,
    settings: BTreeMap<String, ListSettings>,
    /// As they are now.
    now: Arc<NamedLists>,
    /// Whoever has written an entry first must not be the last to show the list.
    alone: tokio::sync::Mutex<()>,
    /// The lists of which something may be written though it was reported as failed.
    in_doubt: Mutex<BTreeSet<String>>,
}

impl SiteLists {
    /// The lists of a site, read. One that cannot be read is there, and answers nothing.
    pub(crate) async fn open(site: &Site, store: Store, clock: Arc<dyn Clock>) -> Self {
        let settings = settings(site);
        let (now, alone) = (Arc::default(), tokio::sync::Mutex::default());
        let lists = Self { store, clock, settings, now, alone, in_doubt: Mutex::default() };
        lists.read_anew().await;
        lists
    }

    /// As they are at any moment.
    pub(crate) fn handle(&self) -> Arc<NamedLists> {
        Arc::clone(&self.now)
    }

    /// What the site file says of a list.
    pub(crate) fn settings(&self) -> &BTreeMap<String, ListSettings> {
        &self.settings
    }

    /// Reads files and store anew.
    pub(crate) async fn read_anew(&self) {
        let _alone = self.alone.lock().await;
        let mut all = Vec::new();
        for (name, settings) in &self.settings {
            let list = match self.one(name, settings).await {
                Ok(list) => list,
                Err(why) => {
                    tracing::error!(list = name, why, "a list cannot be read: what asks for it is unknown");
                    NamedList::unreadable(why)
                }
            };
            all.push((name.clone(), list));
        }
        self.now.replace(Lists::new(all));
    }

    /// Looks again, where it was not known whether something was written.
    pub(crate) async fn settle_doubt(&self) {
        if self.in_doubt.lock().is_empty() {
            return;
        }
        let _alone = self.alone.lock().await;
        let open: Vec<String> = self.in_doubt.lock().iter().cloned().collect();
        for name in open {
            let Some(settings) = self.settings.get(&name) else { continue };
            // As long as the store cannot be read, what was known before counts.
            if let Ok(list) = self.one(&name, settings).await {
                self.now.replace(self.now.now().with(&name, list));
                self.in_doubt.lock().remove(&name);
            }
        }
    }

    /// Adds entries of people, all or none.
    pub(crate) async fn add(
        &self,
        list: &str,
        entries: Vec<ListEntry>,
        by: &str,
    ) -> Result<Vec<ListEntry>, ListTrouble> {
        self.settle_doubt().await;
        let _alone = self.alone.lock().await;
        let found = self.readable(list)?;
        let at = self.clock.now();
        let entries: Vec<ListEntry> = entries
            .into_iter()
            .map(|entry| ListEntry { by: Some(by.to_owned()), at: Some(at), in_file: false, ..entry })
            .collect();
        for entry in &entries {
            not_in_file(&found, list, &entry.value)?;
        }
        // All at once: a list is copied to be changed, and there may be very many of them.
        let found = found.with_all(entries.iter().cloned(), at);
        if found.len_at(at) > MOST_ENTRIES {
            return Err(ListTrouble::BadValue(format!("a list holds at most {MOST_ENTRIES} entries")));
        }
        let added = self.store.lists().add(list, entries.clone(), by, at).await;
        added.map_err(|error| self.not_written(list, &error))?;
        self.now.replace(self.now.now().with(list, found));
        Ok(entries)
    }

    /// Takes an entry out, and returns it.
    pub(crate) async fn remove(&self, list: &str, value: &str, by: &str) -> Result<ListEntry, ListTrouble> {
        let missing = || ListTrouble::BadValue(format!("{value} is not in the list {list}"));
        let found = self.find(list, value).await?.ok_or_else(missing)?;
        match self.replace(list, value, Some(&found), None, by).await? {
            true => Ok(found),
            false => Err(ListTrouble::Unavailable {
                list: list.to_owned(),
                what: "written",
                why: "it was changed at the same time".to_owned(),
            }),
        }
    }

    async fn one(&self, name: &str, settings: &ListSettings) -> Result<NamedList, String> {
        let mut entries = Vec::new();
        if let Some(file) = &settings.file {
            let in_file = read_file(file)?;
            entries.extend(in_file.into_iter().map(|entry| ListEntry { in_file: true, ..entry }));
        }
        entries.extend(self.store.lists().of(name).await.map_err(|error| error.to_string())?);
        Ok(NamedList::new(entries))
    }

    fn not_written(&self, list: &str, error: &StoreError) -> ListTrouble {
        self.in_doubt.lock().insert(list.to_owned());
        ListTrouble::Unavailable { list: list.to_owned(), what: "written", why: error.to_string() }
    }

    fn readable(&self, list: &str) -> Result<NamedList, ListTrouble> {
        let lists = self.now.now();
        let found = lists.get(list).ok_or_else(|| ListTrouble::Unknown(list.to_owned()))?;
        match found.trouble() {
            None => Ok(found.clone()),
            Some(why) => {
                Err(ListTrouble::Unavailable { list: list.to_owned(), what: "read", why: why.to_owned() })
            }
        }
    }
}

#[async_trait]
impl ListKeeper for SiteLists {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn find(&self, list: &str, value: &str) -> Result<Option<ListEntry>, ListTrouble> {
        self.settle_doubt().await;
        Ok(self.readable(list)?.entry(value).cloned())
    }

    async fn replace(
        &self,
        list: &str,
        value: &str,
        expected: Option<&ListEntry>,
        wanted: Option<&ListEntry>,
        by: &str,
    ) -> Result<bool, ListTrouble> {
        let _alone = self.alone.lock().await;
        let found = self.readable(list)?;
        not_in_file(&found, list, value)?;
        let at = self.clock.now();
        let change = (expected.cloned(), wanted.cloned());
        let replaced = self.store.lists().replace(list, value, change, by, at).await;
        if !replaced.map_err(|error| self.not_written(list, &error))? {
            // Either it was expected of an earlier look, or what is in memory is not what is on disk.
            self.in_doubt.lock().insert(list.to_owned());
            return Ok(false);
        }
        let changed = found.with(value, wanted.cloned(), at);
        self.now.replace(self.now.now().with(list, changed));
        Ok(true)
    }
}

/// Whether the files of the lists can be read.
///
/// # Errors
/// Those that cannot, at their places in the site file.
pub(crate) fn check(site: &Site) -> anyhow::Result<()> {
    let trouble = |(name, settings): (String, ListSettings)| {
        let why = read_file(settings.file.as_ref()?).err()?;
        Some((format!("lists.{name}.file"), why))
    };
    let troubles: Vec<(String, String)> = settings(site).into_iter().filter_map(trouble).collect();
    if troubles.is_empty() {
        return Ok(());
    }
    bail!(site.mistakes(troubles))
}

fn settings(site: &Site) -> BTreeMap<String, ListSettings> {
    let all = site.config.lists.iter();
    all.map(|(name, settings)| (name.clone(), settings.clone().unwrap_or_default())).collect()
}

fn read_file(path: &Path) -> Result<Vec<ListEntry>, String> {
    let text =
        fs::read_to_string(path).map_err(|error| format!("{} could not be read: {error}", path.display()))?;
    let entries = table::read(&text).map_err(|why| format!("{}, {why}", path.display()))?;
    if entries.len() > MOST_ENTRIES {
        return Err(format!("{}: a list holds at most {MOST_ENTRIES} entries", path.display()));
    }
    Ok(entries)
}

fn not_in_file(found: &NamedList, list: &str, value: &str) -> Result<(), ListTrouble> {
    match found.entry(value) {
        Some(entry) if entry.in_file => {
            Err(ListTrouble::InFile { list: list.to_owned(), value: entry.value.clone() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
