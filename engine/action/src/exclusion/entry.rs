//! [`Entry`]: one line of the exclusion list.

use std::fmt;

use ipnet::IpNet;
use quell_alert::{DeviceIdentifier, Identifier, Provider, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ActionName;

/// One line of the exclusion list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name: for entries of the site file their place in it, for operators' entries a made id.
    pub id: EntryId,
    /// Who or what is left alone.
    pub excludes: Excludes,
    /// Why.
    pub because: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The actions that are stopped; none named means every disruptive one.
    pub actions: Vec<ActionName>,
    /// The providers at which it holds; none named means everywhere.
    pub only: Vec<Provider>,
    /// The last moment at which it holds.
    pub until: Option<Timestamp>,
    /// Where it stands.
    pub source: Source,
    /// Who put it there, and when; for operators' entries.
    pub added: Option<Added>,
}

/// The name of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub String);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who or what an entry leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Excludes {
    /// The identity that has any of these names, with all its linked accounts.
    Account(Vec<Identifier>),
    /// Everybody in the group that has any of these ids or names, nested members included.
    Group {
        /// Its ids.
        identifiers: Vec<Identifier>,
        /// Its names, folded.
        names: Vec<String>,
    },
    /// Everybody below this distinguished name, folded.
    DnSubtree(String),
    /// Everybody whose account name, UPN or login fits this pattern (`*` stands for any text), folded.
    NamePattern(String),
    /// The device that has any of these names.
    Device(Vec<DeviceIdentifier>),
    /// Every device with this tag, folded.
    DeviceTag(String),
    /// Every device with an address in this network.
    Address(IpNet),
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// In the site's exclusion file.
    Site,
    /// In the store, put there by an operator.
    Operator,
}

/// Who put an entry there, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Entry {
    /// Whether it holds at this moment.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now <= until)
    }

    /// Whether it stops this action at this provider.
    pub fn stops(&self, action: &str, provider: &str) -> bool {
        (self.actions.is_empty() || self.actions.iter().any(|name| name.as_str() == action))
            && (self.only.is_empty() || self.only.iter().any(|only| only.as_str() == provider))
    }
}

impl Excludes {
    /// Whether only its name can tell if a group is the one that is meant, when of that group these kinds of ids are
    /// known.
    pub(super) fn needs_group_name(&self, kinds: &[&str]) -> bool {
        match self {
            Self::Group { identifiers, names } => {
                !names.is_empty() && !identifiers.iter().any(|id| kinds.contains(&id.kind()))
            }
            _ => false,
        }
    }
}
