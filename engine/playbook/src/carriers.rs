//! [`Carriers`]: which connections of a site carry questions to people.

use std::collections::{BTreeMap, BTreeSet};

/// Which connections of a site carry questions to people (`through`), as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Carriers {
    /// Nothing is known of the site: any name is taken.
    #[default]
    Unknown,
    /// The site carries no questions, for this reason.
    Off(String),
    /// These do, each to people of these teams. A connection that carries none is there with no team at all, so that it
    /// can be told from one that does not exist.
    Known(BTreeMap<String, Carries>),
}

/// What a connection carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carries {
    /// Whether it carries questions at all.
    pub questions: bool,
    /// The teams of which it reaches somebody.
    pub teams: BTreeSet<String>,
}
