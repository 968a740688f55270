//! The facts about one entity, which senders spread over several objects.

use serde_json::Value;

use crate::decode::record::Record;
use crate::identity::Role;

/// Members that hold further facts about the same entity.
const INNER: [&str; 5] = ["userAccount", "fileDetails", "additionalData", "vmMetadata", "Location"];

/// Nobody plays more parts than this in one alert.
const MOST_ROLES: usize = 32;

/// Objects that speak of one entity; where several of them know something, the first one is believed.
pub(crate) struct Layers<'a> {
    records: Vec<Record<'a>>,
    roles: Vec<Role>,
}

impl<'a> Layers<'a> {
    /// An object, and those in it that speak of the same entity.
    pub(crate) fn of(record: Record<'a>) -> Self {
        let mut records = vec![record];
        records.extend(INNER.iter().filter_map(|name| record.record(&[name])));
        Self { records, roles: Vec::new() }
    }

    /// The same, with another object that is believed less.
    pub(crate) fn and(mut self, record: Option<Record<'a>>) -> Self {
        self.records.extend(record.into_iter().flat_map(|record| Self::of(record).records));
        self
    }

    /// The same, with a part that the entity played.
    pub(crate) fn playing(mut self, role: Option<&str>) -> Self {
        self.roles.extend(role.map(|role| Role(role.to_lowercase())));
        self
    }

    /// Text under the first of these names, in the first object that has one.
    pub(crate) fn text(&self, names: &[&str]) -> Option<&'a str> {
        self.records.iter().find_map(|record| record.text(names))
    }

    /// True or false.
    pub(crate) fn flag(&self, names: &[&str]) -> Option<bool> {
        self.records.iter().find_map(|record| record.flag(names))
    }

    /// An object.
    pub(crate) fn record(&self, names: &[&str]) -> Option<Record<'a>> {
        self.records.iter().find_map(|record| record.record(names))
    }

    /// The elements of a list.
    pub(crate) fn list(&self, names: &[&str]) -> &'a [Value] {
        self.records.iter().map(|record| record.list(names)).find(|list| !list.is_empty()).unwrap_or_default()
    }

    /// The parts that the entity played, in the sender's words, folded.
    pub(crate) fn roles(&self) -> Vec<Role> {
        let mut roles = self.roles.clone();
        for name in ["roles", "DetailedRoles", "EvidenceRole", "Role"] {
            for role in self.list(&[name]).iter().take(MOST_ROLES).filter_map(crate::decode::record::as_text)
            {
                let role = Role(role.to_lowercase());
                if !roles.contains(&role) {
                    roles.push(role);
                }
            }
        }
        roles
    }

    /// The first object, as it came.
    pub(crate) fn first_as_value(&self) -> Value {
        self.records.first().map_or(Value::Null, |record| {
            Value::Object(record.members().map(|(key, value)| (key.to_owned(), value.clone())).collect())
        })
    }
}
