//! [`NamedList`] and [`Lists`]: the lists of a site as they are at a moment.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use quell_alert::Timestamp;

use super::{ListEntry, folded};

/// The named lists of a site, as they are at a moment. A copy is cheap, and never changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lists {
    all: BTreeMap<String, Arc<NamedList>>,
}

/// One list, as it is at a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NamedList {
    entries: HashMap<String, ListEntry>,
    networks: Vec<(IpNet, String)>,
    changed: Option<Timestamp>,
    unreadable: Option<String>,
}

impl Lists {
    /// These.
    pub fn new(all: impl IntoIterator<Item = (String, NamedList)>) -> Self {
        Self { all: all.into_iter().map(|(name, list)| (name, Arc::new(list))).collect() }
    }

    /// The list of this name. There is none where it is not known, and where it cannot be read.
    pub fn get(&self, name: &str) -> Option<&NamedList> {
        self.all.get(name).map(Arc::as_ref)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &NamedList)> {
        self.all.iter().map(|(name, list)| (name.as_str(), list.as_ref()))
    }

    /// The same with another list in the place of the one of this name.
    pub fn with(&self, name: &str, list: NamedList) -> Self {
        let mut all = self.all.clone();
        all.insert(name.to_owned(), Arc::new(list));
        Self { all }
    }
}

impl NamedList {
    /// A list of these. Of two entries with one value, that of the file counts.
    pub fn new(entries: impl IntoIterator<Item = ListEntry>) -> Self {
        let mut list = Self::default();
        for entry in entries {
            let key = folded(&entry.value);
            let is_taken = |other: &ListEntry| other.in_file && !entry.in_file;
            if !list.entries.get(&key).is_some_and(is_taken) {
                list.changed = list.changed.max(entry.at);
                list.entries.insert(key, entry);
            }
        }
        list.find_networks();
        list
    }

    /// A list that cannot be read: nobody knows what is in it.
    pub fn unreadable(why: impl Into<String>) -> Self {
        Self { unreadable: Some(why.into()), ..Self::default() }
    }

    /// Why it cannot be read, where it cannot.
    pub fn trouble(&self) -> Option<&str> {
        self.unreadable.as_deref()
    }

    /// When it was last changed, as far as that is known.
    pub fn changed(&self) -> Option<Timestamp> {
        self.changed
    }

    /// Its entries that count at this moment, in order.
    pub fn in_force(&self, now: Timestamp) -> Vec<&ListEntry> {
        let mut entries: Vec<&ListEntry> =
            self.entries.values().filter(|entry| entry.is_in_force(now)).collect();
        entries.sort_by(|one, other| one.value.cmp(&other.value));
        entries
    }

    /// How many entries count at this moment.
    pub fn len_at(&self, now: Timestamp) -> usize {
        self.entries.values().filter(|entry| entry.is_in_force(now)).count()
    }

    /// The entry of exactly this value, in force or over.
    pub fn entry(&self, value: &str) -> Option<&ListEntry> {
        self.entries.get(&folded(value))
    }

    /// The entry that a value falls under at this moment: its own, or that of a network around it.
    pub fn holds(&self, value: &str, now: Timestamp) -> Option<&ListEntry> {
        let counts = |entry: &&ListEntry| entry.is_in_force(now);
        let key = folded(value);
        if let Some(entry) = self.entries.get(&key).filter(counts) {
            return Some(entry);
        }
        let address: IpAddr = if self.networks.is_empty() { None } else { key.parse().ok() }?;
        let around = self.networks.iter().filter(|(network, _)| network.contains(&address));
        around.filter_map(|(_, key)| self.entries.get(key)).find(counts)
    }

    /// The same with another entry for a value, or with none.
    pub fn with(&self, value: &str, entry: Option<ListEntry>, at: Timestamp) -> Self {
        let mut list = self.clone();
        let key = folded(value);
        match entry {
            Some(entry) => drop(list.entries.insert(key, entry)),
            None => drop(list.entries.remove(&key)),
        }
        list.changed = Some(at);
        list.find_networks();
        list
    }

    /// The same with these entries as well, each in the place of the one of its value.
    pub fn with_all(&self, entries: impl IntoIterator<Item = ListEntry>, at: Timestamp) -> Self {
        let mut list = self.clone();
        list.entries.extend(entries.into_iter().map(|entry| (folded(&entry.value), entry)));
        list.changed = Some(at);
        list.find_networks();
        list
    }

    fn find_networks(&mut self) {
        let network = |key: &String| Some((key.contains('/').then(|| key.parse().ok())??, key.clone()));
        self.networks = self.entries.keys().filter_map(network).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn entry(value: &str) -> ListEntry {
        ListEntry::new(value).unwrap()
    }

    #[test]
    fn names_are_found_without_case_and_addresses_in_any_spelling() {
        let list =
            NamedList::new([entry("Alice@Contoso.example"), entry("::ffff:10.1.2.3"), entry("fd00::/8")]);
        let now = at("2026-11-21T12:00:00Z");
        for value in ["alice@contoso.EXAMPLE", " alice@contoso.example ", "10.1.2.3", "fd00:0::1"] {
            assert!(list.holds(value, now).is_some(), "{value}");
        }
        for value in ["alice", "10.1.2.4", "fe80::1", ""] {
            assert!(list.holds(value, now).is_none(), "{value}");
        }
    }

    #[test]
    fn an_entry_counts_up_to_its_end_and_no_longer() {
        let until = at("2026-11-21T12:00:00Z");
        let list = NamedList::new([ListEntry { until: Some(until), ..entry("10.0.0.0/8") }]);
        let just_before = until - chrono::TimeDelta::milliseconds(1);
        assert!(list.holds("10.9.9.9", just_before).is_some());
        assert!(list.holds("10.9.9.9", until).is_none());
        assert_eq!((list.len_at(just_before), list.len_at(until)), (1, 0));
    }

    #[test]
    fn what_stands_in_the_file_is_not_hidden_by_what_is_kept() {
        let ends = Some(at("2026-01-01T00:00:00Z"));
        let kept = ListEntry { until: ends, ..entry("alice") };
        let file = ListEntry { in_file: true, ..entry("ALICE") };
        for order in [[kept.clone(), file.clone()], [file, kept]] {
            let list = NamedList::new(order);
            assert!(list.holds("alice", at("2026-11-21T12:00:00Z")).is_some());
        }
    }
}
