//! Operators: which can be asked of which kind.

use std::time::Duration;

use super::Check;
use super::shape::Keys;
use super::values::Subject;
use crate::codes;
use crate::condition::{Bound, CountTest, Operator, Which};
use crate::names::Kind;
use crate::parse::{Content, Entry, Node};

/// Every operator, in the order of the language.
pub(crate) const OPERATORS: [&str; 20] = [
    "is",
    "is_not",
    "any_of",
    "none_of",
    "contains",
    "starts_with",
    "ends_with",
    "matches",
    "at_least",
    "at_most",
    "more_than",
    "less_than",
    "within",
    "older_than",
    "in_range",
    "in_list",
    "not_in_list",
    "all_in_list",
    "exists",
    "count",
];

pub(crate) const COUNT: Keys =
    Keys { what: "`count`", known: &["is", "at_least", "at_most", "more_than", "less_than"], required: &[] };

/// Which operators can be asked of a kind.
pub(crate) fn operators_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Text => &[
            "is",
            "is_not",
            "any_of",
            "none_of",
            "contains",
            "starts_with",
            "ends_with",
            "matches",
            "in_list",
            "not_in_list",
            "exists",
        ],
        Kind::Product | Kind::Words(_) | Kind::Choice => &["is", "is_not", "any_of", "none_of", "exists"],
        Kind::Integer | Kind::Number => {
            &["is", "is_not", "any_of", "none_of", "at_least", "at_most", "more_than", "less_than", "exists"]
        }
        Kind::Severity => {
            &["is", "is_not", "any_of", "none_of", "at_least", "at_most", "more_than", "less_than", "exists"]
        }
        Kind::Boolean => &["is", "is_not", "exists"],
        Kind::Time => &[
            "is",
            "is_not",
            "at_least",
            "at_most",
            "more_than",
            "less_than",
            "within",
            "older_than",
            "exists",
        ],
        Kind::Address => {
            &["is", "is_not", "any_of", "none_of", "in_range", "in_list", "not_in_list", "exists"]
        }
        Kind::Texts => &["any_of", "none_of", "in_list", "not_in_list", "all_in_list", "count", "exists"],
        Kind::Techniques | Kind::Tactics | Kind::Several(_) => &["any_of", "none_of", "count", "exists"],
        Kind::Entities(_) => &["in_list", "not_in_list", "all_in_list", "count", "exists"],
        Kind::Whole => &["in_list", "not_in_list"],
        Kind::Json => &["exists"],
    }
}

impl Check<'_> {
    /// An operator with its value, for a subject of this kind.
    pub(super) fn operator(
        &mut self,
        asked: &Entry,
        subject: &str,
        kind: Kind,
        exactly: bool,
    ) -> Option<Operator> {
        let name = asked.key.as_str();
        let fitting = operators_of(kind);
        if !OPERATORS.contains(&name) {
            self.unknown_operator(asked, fitting);
            return None;
        }
        if !fitting.contains(&name) {
            let message = format!("`{name}` cannot be asked of `{subject}`, which is {}", kind.word());
            let help = instead(name, kind);
            self.say(codes::OPERATOR_KIND, &asked.key_span, message, |d| {
                let d = d.found(name).expected(format!("one of {}", fitting.join(", ")));
                match help {
                    Some(help) => d.help(help),
                    None => d,
                }
            });
            return None;
        }
        self.built(name, &asked.value, &Subject { name: subject, kind, exactly })
    }

    fn built(&mut self, name: &str, value: &Node, subject: &Subject<'_>) -> Option<Operator> {
        Some(match name {
            "is" => Operator::Is(self.expected(value, subject)?),
            "is_not" => Operator::IsNot(self.expected(value, subject)?),
            "any_of" => Operator::AnyOf(self.expected_list(value, "`any_of`", subject)?),
            "none_of" => Operator::NoneOf(self.expected_list(value, "`none_of`", subject)?),
            "contains" => Operator::Contains(self.expected(value, subject)?),
            "starts_with" => Operator::StartsWith(self.expected(value, subject)?),
            "ends_with" => Operator::EndsWith(self.expected(value, subject)?),
            "matches" => Operator::Matches(self.pattern(value, subject.exactly)?),
            "at_least" => Operator::AtLeast(self.expected(value, subject)?),
            "at_most" => Operator::AtMost(self.expected(value, subject)?),
            "more_than" => Operator::MoreThan(self.expected(value, subject)?),
            "less_than" => Operator::LessThan(self.expected(value, subject)?),
            "within" => Operator::Within(self.span(value, "`within`", ages())?),
            "older_than" => Operator::OlderThan(self.span(value, "`older_than`", ages())?),
            "in_range" => Operator::InRange(self.networks(value)?),
            "in_list" => self.membership(value, Which::In)?,
            "not_in_list" => self.membership(value, Which::NotIn)?,
            "all_in_list" => self.membership(value, Which::AllIn)?,
            "exists" => Operator::Exists(self.boolean(value, "`exists`")?),
            _ => Operator::Count(self.count(value)?),
        })
    }

    fn count(&mut self, value: &Node) -> Option<CountTest> {
        if let Content::Integer(number) = value.content {
            self.say(codes::ONE_OPERATOR, &value.span, "`count` needs a comparison", |d| {
                d.help(format!(
                    "write {{ count: {{ is: {number} }} }} or {{ count: {{ at_least: {number} }} }}"
                ))
            });
            return None;
        }
        let entries = self.map(value, "`count`")?;
        let known = entries.iter().filter(|entry| self.key(entry, &COUNT)).count();
        let [only] = entries else {
            self.say(codes::ONE_OPERATOR, &value.span, "`count` needs one comparison", |d| {
                d.help("{ count: { at_least: 2 } }")
            });
            return None;
        };
        let number = self.whole(&only.value, "a count", 0..=1_000_000)?;
        let bound = match only.key.as_str() {
            "is" => Bound::Is,
            "at_least" => Bound::AtLeast,
            "at_most" => Bound::AtMost,
            "more_than" => Bound::MoreThan,
            _ => Bound::LessThan,
        };
        (known == 1).then_some(CountTest { bound, number: number.unsigned_abs() })
    }
}

fn ages() -> std::ops::RangeInclusive<Duration> {
    Duration::from_millis(1)..=Duration::from_secs(3_650 * 86_400)
}

/// What the author may have meant.
fn instead(name: &str, kind: Kind) -> Option<&'static str> {
    match (kind, name) {
        (
            Kind::Texts | Kind::Techniques | Kind::Tactics | Kind::Several(_),
            "is" | "contains" | "matches",
        ) => Some("of a list, write { any_of: […] }"),
        (Kind::Texts | Kind::Techniques | Kind::Tactics | Kind::Several(_), "is_not") => {
            Some("of a list, write { none_of: […] }")
        }
        (Kind::Entities(_), _) => Some("go through them with `for_each`, and choose with `where`"),
        (Kind::Text, "at_least" | "at_most" | "more_than" | "less_than") => {
            Some("text has no order; if it is a number, read it by a path with `as: integer`")
        }
        (Kind::Whole, _) => Some("ask one of its names: `account.upn`, `device.dns_name`"),
        (Kind::Json, _) => Some("reach a value inside it by its own name"),
        _ => None,
    }
}
