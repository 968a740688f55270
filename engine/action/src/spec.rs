//! [`ActionSpec`]: what an action is, declared beside its code.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an action is. Everything that the catalogue, the checker, the reference pages and the engine's safety rules
/// need to know of it stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionSpec {
    /// Its name, noun and verb: `account.disable`. What is done to a target has one name whatever system carries it
    /// out; a look-up has that of the system which is asked.
    pub name: &'static str,
    /// Whose accounts or devices it works on: `active_directory`. For messages and the like, the connector's own
    /// name.
    pub provider: &'static str,
    /// What it acts on.
    pub target: TargetKind,
    /// Whether it takes something away, gives it back, or only tells.
    pub impact: Impact,
    /// The action that takes it back (`account.enable`), for people to read; `None` means irreversible. A reversible
    /// action also implements [`crate::Action::restore`].
    pub undo: Option<&'static str>,
    /// What happens when it is called twice.
    pub repeat: Repeat,
    /// Whether its effect can be read back with [`crate::Action::observe`].
    pub readable: bool,
    /// The rights that its credential needs, as the vendor names them.
    pub permissions: &'static [&'static str],
    /// One sentence for people: what it does to the target.
    pub summary: &'static str,
    /// The vendor's own page on it.
    pub vendor_page: &'static str,
}

impl ActionSpec {
    /// Whether it only looks something up; such actions are named so: `okta.get_user`.
    pub fn only_looks(&self) -> bool {
        self.name.contains(".get_")
    }

    /// What takes it back, in a word for people.
    pub fn undone_by(&self) -> &'static str {
        match self.undo {
            Some(undo) => undo,
            None if self.only_looks() => "changes nothing",
            None => "irreversible",
        }
    }
}

/// The name of an action: `account.disable`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionName(pub String);

impl ActionName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ActionName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl fmt::Display for ActionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an action acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// One account of an identity.
    Account,
    /// A device.
    Device,
    /// Nothing that can be excluded: a message, a ticket.
    None,
}

/// Whether an action takes something away from a person or a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Takes something away: needs the exclusion list's clearance.
    Disruptive,
    /// Gives something back.
    Restoring,
    /// Tells somebody, or looks something up.
    Informing,
}

/// What happens when an action is called a second time for the same task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// The same end state: calling again does no harm.
    Safe,
    /// The outside system recognises [`crate::RequestKey`] and does nothing twice.
    Keyed,
    /// A second call has a second effect.
    Never,
}
