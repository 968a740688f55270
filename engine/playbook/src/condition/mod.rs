//! Conditions: fields and operators, joined by `all`, `any` and `none`, with three values and a trace.
//!
//! A missing value makes a test *unknown*, not false, and unknown never acts: whoever evaluates a [`Group`] gets a
//! [`Truth`] and decides nothing on [`Truth::Unknown`] that the playbook did not write down.

mod compare;
mod evaluate;
mod membership;
mod operator;
mod seen;
mod trace;

use std::sync::Arc;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::model::Reference;
use crate::names::Kind;
use crate::path::Path;

pub use membership::{ListSeen, Membership, Which};
pub use operator::{Bound, CountTest, Expected, Operator};
pub(crate) use seen::fold;
pub use seen::{Seen, SeenList, SeenText};
pub use trace::{Trace, TraceNode};

/// Conditions that belong together: all of `all`, and at least one of `any`, and none of `none`. An empty part asks
/// nothing.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// Each must be true.
    pub all: Vec<Item>,
    /// One must be true.
    pub any: Vec<Item>,
    /// None may be true.
    pub none: Vec<Item>,
}

/// One condition, or a group of them.
#[derive(Debug, Clone)]
pub enum Item {
    /// A subject and what is asked of it.
    Test(Test),
    /// A group within a group.
    Group(Group),
}

/// A subject and what is asked of it: `alert.severity: { at_least: medium }`.
#[derive(Debug, Clone)]
pub struct Test {
    /// What is looked at.
    pub subject: Subject,
    /// What is asked.
    pub operator: Operator,
}

/// What a test looks at.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A name in scope, with the kind that the checker found for it.
    Reference(Reference, Kind),
    /// What a JSONPath finds in the alert's document.
    Path(Path, Quantifier, AsKind),
}

/// How many of the values that a path finds must pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantifier {
    /// The path finds at most one.
    Single,
    /// At least one (`some: true`).
    Some,
    /// Each (`every: true`).
    Every,
}

/// As what the values of a path are read (`as:`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsKind {
    /// As text.
    #[default]
    Text,
    /// As a whole number; text that holds one counts.
    Integer,
    /// As a number; text that holds one counts.
    Number,
    /// As true or false; text that holds one counts.
    Boolean,
    /// As a moment, written as in RFC 3339.
    Time,
}

/// What a condition comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody can say: a value is missing, or is not of the kind that was asked for.
    Unknown,
}

/// What a group comes to, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// What it comes to.
    pub truth: Truth,
    /// Every condition with the value seen.
    pub trace: Trace,
}

/// A pattern, compiled at load. It ignores case unless the playbook says `exactly: true`.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As the author wrote it.
    pub text: String,
    /// Whether case counts.
    pub exactly: bool,
    pub(crate) regex: Arc<Regex>,
}

impl Group {
    /// Whether it asks nothing at all.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty() && self.none.is_empty()
    }

    /// Every test in it, however deep.
    pub fn tests(&self) -> Vec<&Test> {
        let items = self.all.iter().chain(&self.any).chain(&self.none);
        items
            .flat_map(|item| match item {
                Item::Test(test) => vec![test],
                Item::Group(group) => group.tests(),
            })
            .collect()
    }

    /// Every name that it looks at, however deep.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.tests().into_iter().filter_map(|test| match &test.subject {
            Subject::Reference(reference, _) => Some(reference),
            Subject::Path(..) => None,
        })
    }
}

impl Truth {
    /// Both must hold.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    /// One must hold.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            _ => Self::Unknown,
        }
    }

    /// The opposite; unknown stays unknown.
    #[expect(clippy::should_implement_trait, reason = "`!truth` would hide that there are three values")]
    pub fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }

    /// Whether it holds for certain.
    pub fn is_true(self) -> bool {
        self == Self::True
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests;
