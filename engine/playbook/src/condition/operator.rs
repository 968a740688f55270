//! [`Operator`]: what a test asks of its subject, with the values it was written with, made ready at load.

use std::time::Duration;

use ipnet::IpNet;
use quell_alert::{Severity, Timestamp};
use serde_json::{Value, json};

use super::{Membership, Pattern};

/// What is asked of a subject.
#[derive(Debug, Clone)]
pub enum Operator {
    /// Equal.
    Is(Expected),
    /// Not equal.
    IsNot(Expected),
    /// Equal to one of these; of a list: one of its members is.
    AnyOf(Vec<Expected>),
    /// Equal to none of these; of a list: none of its members is.
    NoneOf(Vec<Expected>),
    /// The text holds this one.
    Contains(Expected),
    /// The text starts with this one.
    StartsWith(Expected),
    /// The text ends with this one.
    EndsWith(Expected),
    /// The pattern finds something in the text.
    Matches(Pattern),
    /// This or more.
    AtLeast(Expected),
    /// This or less.
    AtMost(Expected),
    /// More than this.
    MoreThan(Expected),
    /// Less than this.
    LessThan(Expected),
    /// The moment lies no longer back than this.
    Within(Duration),
    /// The moment lies longer back than this.
    OlderThan(Duration),
    /// The address lies in one of these networks.
    InRange(Vec<IpNet>),
    /// It stands in a named list, or does not.
    InList(Membership),
    /// Whether there is a value at all.
    Exists(bool),
    /// How many there are.
    Count(CountTest),
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// Text.
    Text {
        /// As written.
        text: String,
        /// With its case folded; `None` where case counts (`exactly: true`).
        folded: Option<String>,
    },
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A moment.
    Time(Timestamp),
    /// A severity.
    Severity(Severity),
}

/// What `count` asks: one comparison of the number of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountTest {
    /// How the number is compared.
    pub bound: Bound,
    /// With what.
    pub number: u64,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Equal.
    Is,
    /// This or more.
    AtLeast,
    /// This or less.
    AtMost,
    /// More than this.
    MoreThan,
    /// Less than this.
    LessThan,
}

impl Operator {
    /// The word for it in a playbook.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Is(_) => "is",
            Self::IsNot(_) => "is_not",
            Self::AnyOf(_) => "any_of",
            Self::NoneOf(_) => "none_of",
            Self::Contains(_) => "contains",
            Self::StartsWith(_) => "starts_with",
            Self::EndsWith(_) => "ends_with",
            Self::Matches(_) => "matches",
            Self::AtLeast(_) => "at_least",
            Self::AtMost(_) => "at_most",
            Self::MoreThan(_) => "more_than",
            Self::LessThan(_) => "less_than",
            Self::Within(_) => "within",
            Self::OlderThan(_) => "older_than",
            Self::InRange(_) => "in_range",
            Self::InList(membership) => membership.name(),
            Self::Exists(_) => "exists",
            Self::Count(_) => "count",
        }
    }

    /// Whether it asks how many there are, and not what they are.
    pub(crate) fn asks_for_number(&self) -> bool {
        matches!(self, Self::Count(_))
    }

    /// What it was written with, as JSON.
    pub fn expected(&self) -> Value {
        match self {
            Self::Is(value)
            | Self::IsNot(value)
            | Self::Contains(value)
            | Self::StartsWith(value)
            | Self::EndsWith(value)
            | Self::AtLeast(value)
            | Self::AtMost(value)
            | Self::MoreThan(value)
            | Self::LessThan(value) => value.to_json(),
            Self::AnyOf(values) | Self::NoneOf(values) => values.iter().map(Expected::to_json).collect(),
            Self::Matches(pattern) => json!(pattern.text),
            Self::Within(span) | Self::OlderThan(span) => json!(crate::duration::write(*span)),
            Self::InRange(networks) => networks.iter().map(ToString::to_string).collect(),
            Self::InList(membership) => json!(membership.list),
            Self::Exists(wanted) => json!(wanted),
            Self::Count(test) => json!({ test.bound.name(): test.number }),
        }
    }
}

impl Expected {
    /// Text that is compared without case, unless `exactly`.
    pub fn text(text: &str, exactly: bool) -> Self {
        Self::Text { text: text.to_owned(), folded: (!exactly).then(|| super::seen::fold(text).into_owned()) }
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text { text, .. } => json!(text),
            Self::Integer(number) => json!(number),
            Self::Number(number) => json!(number),
            Self::Boolean(value) => json!(value),
            Self::Time(moment) => json!(moment),
            Self::Severity(severity) => json!(severity),
        }
    }
}

impl Bound {
    /// The word for it in a playbook.
    pub fn name(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::AtLeast => "at_least",
            Self::AtMost => "at_most",
            Self::MoreThan => "more_than",
            Self::LessThan => "less_than",
        }
    }

    /// Whether the numbers compare so.
    pub fn holds(self, seen: u64, wanted: u64) -> bool {
        match self {
            Self::Is => seen == wanted,
            Self::AtLeast => seen >= wanted,
            Self::AtMost => seen <= wanted,
            Self::MoreThan => seen > wanted,
            Self::LessThan => seen < wanted,
        }
    }
}
