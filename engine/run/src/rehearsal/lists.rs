//! The named lists of a test: those that it gives, changed by nobody but the run.

use std::collections::BTreeMap;

use quell_action::lists::{ListEntry, ListTrouble, Lists, NamedList};
use quell_alert::Timestamp;
use serde::Deserialize;

/// The lists of a test, as it writes them: values, or values with an end.
pub(super) type ListsGiven = BTreeMap<String, Vec<EntryGiven>>;

/// A value of a list, as a test writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum EntryGiven {
    /// `alice@contoso.example`.
    Value(String),
    /// `{ value: alice@contoso.example, until: "2026-12-01T00:00:00Z" }`.
    Ends {
        /// The value.
        value: String,
        /// When it ends.
        until: Timestamp,
    },
}

/// The lists of a test.
///
/// # Errors
/// What cannot stand in a list, with the list's name.
pub(super) fn read(given: &ListsGiven) -> Result<Lists, (String, String)> {
    let list = |(name, values): (&String, &Vec<EntryGiven>)| {
        let entries = values.iter().map(entry).collect::<Result<Vec<_>, _>>();
        let entries = entries.map_err(|why| (name.clone(), why.to_string()))?;
        Ok((name.clone(), NamedList::new(entries)))
    };
    given.iter().map(list).collect::<Result<Vec<_>, _>>().map(Lists::new)
}

fn entry(given: &EntryGiven) -> Result<ListEntry, ListTrouble> {
    match given {
        EntryGiven::Value(value) => ListEntry::new(value),
        EntryGiven::Ends { value, until } => Ok(ListEntry { until: Some(*until), ..ListEntry::new(value)? }),
    }
}
