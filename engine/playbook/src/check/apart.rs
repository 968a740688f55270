//! Whether no alert can start both of two playbooks, as far as their conditions show it at once: a severity that the one
//! wants and the other does not, or another product.

use quell_alert::{Product, Severity};

use crate::condition::{Expected, Group, Item, Operator, Subject, Test};

const SEVERITIES: [Severity; 4] = [Severity::Informational, Severity::Low, Severity::Medium, Severity::High];

/// Whether no alert can fulfil both. What cannot be seen at once is taken to overlap.
pub(super) fn are_apart(one: &Group, other: &Group) -> bool {
    let (ours, theirs) = (severities(one), severities(other));
    let products = match (products(one), products(other)) {
        (Some(ours), Some(theirs)) => !ours.iter().any(|name| theirs.iter().any(|other| same(name, other))),
        _ => false,
    };
    products || !ours.iter().any(|severity| theirs.contains(severity))
}

/// What each alert must fulfil.
fn tests<'a>(group: &'a Group, name: &'static str) -> impl Iterator<Item = &'a Test> {
    group.all.iter().filter_map(move |item| match item {
        Item::Test(test) => match &test.subject {
            Subject::Reference(reference, _) if reference.0 == name => Some(test),
            _ => None,
        },
        Item::Group(_) => None,
    })
}

fn severities(group: &Group) -> Vec<Severity> {
    let fits = |severity: Severity| {
        tests(group, "alert.severity").all(|test| match &test.operator {
            Operator::Is(Expected::Severity(wanted)) => severity == *wanted,
            Operator::AnyOf(wanted) => wanted.contains(&Expected::Severity(severity)),
            Operator::AtLeast(Expected::Severity(wanted)) => severity >= *wanted,
            Operator::AtMost(Expected::Severity(wanted)) => severity <= *wanted,
            Operator::MoreThan(Expected::Severity(wanted)) => severity > *wanted,
            Operator::LessThan(Expected::Severity(wanted)) => severity < *wanted,
            _ => true,
        })
    };
    SEVERITIES.into_iter().filter(|severity| fits(*severity)).collect()
}

/// The products that it is for; `None` where it may be for any.
fn products(group: &Group) -> Option<Vec<&str>> {
    tests(group, "alert.product").find_map(|test| match &test.operator {
        Operator::Is(Expected::Text { text, .. }) => Some(vec![text.as_str()]),
        Operator::AnyOf(names) => names
            .iter()
            .map(|name| match name {
                Expected::Text { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect(),
        _ => None,
    })
}

/// Whether two names are those of one product.
fn same(one: &str, other: &str) -> bool {
    Product::canonical([one]).matches(other)
}
