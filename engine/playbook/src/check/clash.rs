//! Conditions on one subject that cannot both hold.

use std::cmp::Ordering;

use crate::condition::{CountTest, Expected, Operator, Test};

/// Whether two conditions on one subject cannot both hold.
pub(super) fn excludes(one: &Test, other: &Test) -> bool {
    if one.subject_text() != other.subject_text() {
        return false;
    }
    let (a, b) = (&one.operator, &other.operator);
    match (a, b) {
        (Operator::Count(a), Operator::Count(b)) => no_number_fits(a, b),
        _ if one.is_list() => misses(a, b, true) || misses(b, a, true),
        _ => misses(a, b, false) || misses(b, a, false) || lies_above(a, b) || lies_above(b, a),
    }
}

/// Whether the one wants what the other does not let be. One member of a list may be this and another one that.
fn misses(one: &Operator, other: &Operator, is_list: bool) -> bool {
    let among = |value: &Expected, values: &[Expected]| values.iter().any(|other| alike(value, other));
    if let (Operator::Within(within), Operator::OlderThan(older)) = (one, other) {
        return older >= within;
    }
    if matches!(one, Operator::Exists(false)) {
        // What is not there is in no list, and is none of these.
        let bears = matches!(other, Operator::Exists(false) | Operator::Count(_) | Operator::InList(_));
        return !bears && (!is_list || denied(other).is_none());
    }
    match (wanted(one), wanted(other), denied(other)) {
        (Some(wanted), _, Some(denied)) => wanted.iter().all(|value| among(value, denied)),
        (Some(wanted), Some(others), _) if !is_list => !wanted.iter().any(|value| among(value, others)),
        _ => false,
    }
}

fn wanted(operator: &Operator) -> Option<&[Expected]> {
    match operator {
        Operator::Is(value) => Some(std::slice::from_ref(value)),
        Operator::AnyOf(values) => Some(values),
        _ => None,
    }
}

fn denied(operator: &Operator) -> Option<&[Expected]> {
    match operator {
        Operator::IsNot(value) => Some(std::slice::from_ref(value)),
        Operator::NoneOf(values) => Some(values),
        _ => None,
    }
}

/// Whether the least that the one allows is more than the most that the other does.
fn lies_above(one: &Operator, other: &Operator) -> bool {
    let (least, above) = match one {
        Operator::AtLeast(value) | Operator::Is(value) => (value, false),
        Operator::MoreThan(value) => (value, true),
        _ => return false,
    };
    let (most, below) = match other {
        Operator::AtMost(value) | Operator::Is(value) => (value, false),
        Operator::LessThan(value) => (value, true),
        _ => return false,
    };
    // Between 5 and 6 there is no whole number.
    if let (Expected::Integer(least), Expected::Integer(most), true, true) = (least, most, above, below) {
        return *most <= least.saturating_add(1);
    }
    match ordered(least, most) {
        Some(Ordering::Greater) => true,
        Some(Ordering::Equal) => above || below,
        _ => false,
    }
}

fn ordered(one: &Expected, other: &Expected) -> Option<Ordering> {
    match (one, other) {
        (Expected::Severity(one), Expected::Severity(other)) => one.partial_cmp(other),
        (Expected::Integer(one), Expected::Integer(other)) => one.partial_cmp(other),
        (Expected::Number(one), Expected::Number(other)) => one.partial_cmp(other),
        (Expected::Time(one), Expected::Time(other)) => one.partial_cmp(other),
        _ => None,
    }
}

/// Whether no number of things passes both.
fn no_number_fits(one: &CountTest, other: &CountTest) -> bool {
    // Each is a range, and the least number of what two ranges share is where one of them begins.
    let beginnings =
        [0, one.number, other.number, one.number.saturating_add(1), other.number.saturating_add(1)];
    let passes = |test: &CountTest, number: u64| test.bound.holds(number, test.number);
    !beginnings.into_iter().any(|number| passes(one, number) && passes(other, number))
}

fn alike(a: &Expected, b: &Expected) -> bool {
    match (a, b) {
        (Expected::Text { folded: Some(a), .. }, Expected::Text { folded: Some(b), .. }) => a == b,
        _ => a == b,
    }
}
