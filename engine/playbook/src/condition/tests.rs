//! Three values, every operator, and what a trace shows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use quell_alert::{Severity, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::scope::Scope;

struct Words {
    values: BTreeMap<&'static str, Value>,
    document: Value,
}

impl Scope for Words {
    fn seen<'a>(&'a self, reference: &Reference) -> Seen<'a> {
        match reference.0.as_str() {
            "severity" => Seen::Severity(Severity::Medium),
            "start" => Seen::Time("2026-11-21T10:00:00Z".parse().unwrap()),
            "open" => Seen::List(SeenList { members: Cow::Owned(vec!["Admins".into()]), complete: false }),
            name => self.values.get(name).map_or(Seen::Missing, |value| Seen::of_json(Cow::Borrowed(value))),
        }
    }

    fn document(&self) -> &Value {
        &self.document
    }

    fn now(&self) -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }
}

fn words() -> Words {
    Words {
        values: BTreeMap::from([
            ("title", json!("Suspected Theft")),
            ("umlaut", json!("ÄRGER")),
            ("count", json!(3)),
            ("half", json!(0.5)),
            ("yes", json!(true)),
            ("list", json!(["T1003", "T1558"])),
            ("address", json!("::ffff:10.1.2.3")),
            ("secret_token", json!("hunter2")),
        ]),
        document: json!({ "n": "7", "x": ["a", "b"], "null": null, "Password": "hunter2", "mixed": [1, "z"] }),
    }
}

fn on(name: &str, operator: Operator) -> Test {
    Test { subject: Subject::Reference(Reference(name.into()), Kind::Text), operator }
}

fn on_path(path: &str, quantifier: Quantifier, kind: AsKind, operator: Operator) -> Test {
    Test { subject: Subject::Path(Path::parse(path).unwrap(), quantifier, kind), operator }
}

fn text(text: &str) -> Expected {
    Expected::text(text, false)
}

fn pattern(text: &str) -> Operator {
    Operator::Matches(Pattern {
        text: text.into(),
        exactly: true,
        regex: Arc::new(Regex::new(text).unwrap()),
    })
}

fn span(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}

#[test]
fn every_operator_says_true_false_or_unknown() {
    use Truth::{False, True, Unknown};
    let networks = |text: &str| Operator::InRange(vec![text.parse().unwrap()]);
    let count = |bound, number| Operator::Count(CountTest { bound, number });
    for (test, expected) in [
        (on("title", Operator::Is(text("suspected theft"))), True),
        (on("title", Operator::Is(Expected::text("suspected theft", true))), False),
        (on("umlaut", Operator::Is(text("ärger"))), True),
        (on("title", Operator::IsNot(text("other"))), True),
        (on("missing", Operator::IsNot(text("other"))), Unknown),
        (on("title", Operator::Is(Expected::Integer(1))), Unknown),
        (on("title", Operator::AnyOf(vec![text("a"), text("suspected theft")])), True),
        (on("title", Operator::NoneOf(vec![text("a")])), True),
        (on("list", Operator::AnyOf(vec![text("t1558")])), True),
        (on("list", Operator::NoneOf(vec![text("t1558")])), False),
        (on("open", Operator::AnyOf(vec![text("admins")])), True),
        (on("open", Operator::AnyOf(vec![text("others")])), Unknown),
        (on("open", Operator::NoneOf(vec![text("others")])), Unknown),
        (on("open", count(Bound::AtLeast, 1)), Unknown),
        (on("title", Operator::Contains(text("THEFT"))), True),
        (on("title", Operator::StartsWith(text("sus"))), True),
        (on("title", Operator::EndsWith(text("sus"))), False),
        (on("title", pattern("^Susp")), True),
        (on("count", pattern("3")), Unknown),
        (on("count", Operator::AtLeast(Expected::Integer(3))), True),
        (on("count", Operator::LessThan(Expected::Number(2.5))), False),
        (on("half", Operator::MoreThan(Expected::Integer(0))), True),
        (on("yes", Operator::Is(Expected::Boolean(true))), True),
        (on("severity", Operator::AtLeast(Expected::Severity(Severity::High))), False),
        (on("severity", Operator::AtMost(Expected::Severity(Severity::Medium))), True),
        (on("start", Operator::Within(span(7_200))), True),
        (on("start", Operator::Within(span(7_199))), False),
        (on("start", Operator::OlderThan(span(7_199))), True),
        (on("address", networks("10.0.0.0/8")), True),
        (on("address", networks("fd00::/8")), False),
        (on("title", networks("10.0.0.0/8")), Unknown),
        (on("title", Operator::Exists(true)), True),
        (on("missing", Operator::Exists(false)), True),
        (on("list", count(Bound::Is, 2)), True),
        (on("missing", count(Bound::LessThan, 2)), Unknown),
        (on_path("$.n", Quantifier::Single, AsKind::Integer, Operator::AtLeast(Expected::Integer(7))), True),
        (on_path("$.n", Quantifier::Single, AsKind::Text, Operator::Is(text("7"))), True),
        (on_path("$.null", Quantifier::Single, AsKind::Text, Operator::Is(text("7"))), Unknown),
        (on_path("$.null", Quantifier::Single, AsKind::Text, Operator::Exists(false)), True),
        (on_path("$.x", Quantifier::Single, AsKind::Text, Operator::Is(text("a"))), Unknown),
        (on_path("$.x[*]", Quantifier::Some, AsKind::Text, Operator::Is(text("a"))), True),
        (on_path("$.x[*]", Quantifier::Every, AsKind::Text, Operator::Is(text("a"))), False),
        (on_path("$.y[*]", Quantifier::Every, AsKind::Text, Operator::Is(text("a"))), Unknown),
        (
            on_path("$.mixed[*]", Quantifier::Some, AsKind::Integer, Operator::Is(Expected::Integer(2))),
            Unknown,
        ),
        (on_path("$.x[*]", Quantifier::Some, AsKind::Text, count(Bound::Is, 2)), True),
        (on_path("$.x", Quantifier::Single, AsKind::Text, count(Bound::MoreThan, 1)), True),
    ] {
        assert_eq!(test.truth(&words()), expected, "{test:?}");
        let group = Group { all: vec![Item::Test(test.clone())], ..Group::default() };
        assert_eq!(group.evaluate(&words()).truth, expected, "with a trace: {test:?}");
    }
}

#[test]
fn groups_join_three_values() {
    use Truth::{False, True, Unknown};
    let of = |truth| match truth {
        True => on("title", Operator::Exists(true)),
        False => on("title", Operator::Exists(false)),
        Unknown => on("missing", Operator::Is(text("x"))),
    };
    let items = |truths: &[Truth]| truths.iter().map(|truth| Item::Test(of(*truth))).collect::<Vec<_>>();
    let each = [True, False, Unknown];
    for a in each {
        for b in each {
            let all = Group { all: items(&[a, b]), ..Group::default() };
            let any = Group { any: items(&[a, b]), ..Group::default() };
            let none = Group { none: items(&[a, b]), ..Group::default() };
            let joined = Group { all: items(&[a]), any: items(&[b]), none: items(&[False]) };
            for (group, expected) in
                [(all, a.and(b)), (any, a.or(b)), (none, a.or(b).not()), (joined, a.and(b))]
            {
                assert_eq!(group.truth(&words()), expected, "{a:?} {b:?}");
                assert_eq!(group.evaluate(&words()).truth, expected, "{a:?} {b:?}");
            }
        }
    }
    assert_eq!(Group::default().truth(&words()), True);
}

#[test]
fn a_trace_shows_what_was_seen_and_hides_secrets() {
    let group = Group {
        all: vec![
            Item::Test(on("title", Operator::Is(text("x")))),
            Item::Test(on("secret_token", Operator::Exists(true))),
            Item::Test(on_path("$.Password", Quantifier::Single, AsKind::Text, Operator::Is(text("x")))),
            Item::Test(on("missing", Operator::Is(text("x")))),
        ],
        ..Group::default()
    };
    let trace = group.evaluate(&words()).trace;
    let shown = format!("{trace}\n{}", trace.to_json());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("[no] title is \"x\": saw \"Suspected Theft\""), "{shown}");
    assert!(shown.contains("[unknown] missing is \"x\": saw nothing (the alert does not say)"), "{shown}");
    assert_eq!(trace.culprits().len(), 3);
    assert_eq!(trace.to_json()["truth"], "false");
}
