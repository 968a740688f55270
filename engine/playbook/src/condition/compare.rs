//! What one operator says of one value.

use std::cmp::Ordering;

use quell_alert::Timestamp;

use super::{Expected, Operator, Seen, SeenText, Truth};
use crate::scope::Scope;

/// What the operator says of the value, at the moment of this scope.
pub(crate) fn judge(operator: &Operator, seen: &Seen<'_>, scope: &dyn Scope) -> Truth {
    let now = scope.now();
    if let Operator::Exists(wanted) = operator {
        return match seen {
            Seen::List(list) if list.members.is_empty() && !list.complete => Truth::Unknown,
            // A list in which nothing stands names nobody, and that is what is asked.
            Seen::List(list) => Truth::from(list.members.is_empty() != *wanted),
            Seen::Things(count) => Truth::from((*count == 0) != *wanted),
            _ => Truth::from(!matches!(seen, Seen::Missing) == *wanted),
        };
    }
    if matches!(seen, Seen::Missing | Seen::Misfit(_)) {
        return Truth::Unknown;
    }
    match operator {
        Operator::Is(value) => equal(seen, value),
        Operator::IsNot(value) => equal(seen, value).not(),
        Operator::AnyOf(values) => among(seen, values),
        Operator::NoneOf(values) => among(seen, values).not(),
        Operator::Contains(part) => on_text(seen, part, |text, part| text.contains(part)),
        Operator::StartsWith(part) => on_text(seen, part, |text, part| text.starts_with(part)),
        Operator::EndsWith(part) => on_text(seen, part, |text, part| text.ends_with(part)),
        Operator::Matches(pattern) => match seen {
            Seen::Text(text) => pattern.regex.is_match(text.raw()).into(),
            _ => Truth::Unknown,
        },
        Operator::AtLeast(value) => ordered(seen, value, |order| order.is_ge()),
        Operator::AtMost(value) => ordered(seen, value, |order| order.is_le()),
        Operator::MoreThan(value) => ordered(seen, value, |order| order.is_gt()),
        Operator::LessThan(value) => ordered(seen, value, |order| order.is_lt()),
        Operator::Within(span) => age(seen, now, |age| age <= chrono_span(*span)),
        Operator::OlderThan(span) => age(seen, now, |age| age > chrono_span(*span)),
        Operator::InRange(networks) => match address(seen) {
            Some(address) => networks.iter().any(|network| network.contains(&address)).into(),
            None => Truth::Unknown,
        },
        Operator::Count(test) => match length(seen) {
            Some(length) => test.bound.holds(length, test.number).into(),
            None => Truth::Unknown,
        },
        Operator::InList(membership) => membership.judge(seen, scope),
        Operator::Exists(_) => Truth::Unknown,
    }
}

fn among(seen: &Seen<'_>, values: &[Expected]) -> Truth {
    let Seen::List(list) = seen else {
        return values.iter().fold(Truth::False, |truth, value| truth.or(equal(seen, value)));
    };
    let found = list.members.iter().any(|member| {
        let member = SeenText::new(member.as_str());
        values.iter().any(|value| text_equal(&member, value) == Truth::True)
    });
    match (found, list.complete) {
        (true, _) => Truth::True,
        (false, true) => Truth::False,
        (false, false) => Truth::Unknown,
    }
}

fn equal(seen: &Seen<'_>, value: &Expected) -> Truth {
    match (seen, value) {
        (Seen::Text(text), Expected::Text { .. }) => text_equal(text, value),
        _ => ordered(seen, value, Ordering::is_eq),
    }
}

fn text_equal(seen: &SeenText<'_>, value: &Expected) -> Truth {
    match value {
        Expected::Text { text, folded: None } => (seen.raw() == text).into(),
        // Equal texts of plain letters have equal lengths: most comparisons end here, before any folding.
        Expected::Text { folded: Some(folded), .. } if seen.raw().is_ascii() => {
            seen.raw().eq_ignore_ascii_case(folded).into()
        }
        Expected::Text { folded: Some(folded), .. } => (seen.folded() == folded).into(),
        _ => Truth::Unknown,
    }
}

fn on_text(seen: &Seen<'_>, part: &Expected, holds: impl Fn(&str, &str) -> bool) -> Truth {
    match (seen, part) {
        (Seen::Text(seen), Expected::Text { text, folded: None }) => holds(seen.raw(), text).into(),
        (Seen::Text(seen), Expected::Text { folded: Some(folded), .. }) => {
            holds(seen.folded(), folded).into()
        }
        _ => Truth::Unknown,
    }
}

fn ordered(seen: &Seen<'_>, value: &Expected, holds: impl Fn(Ordering) -> bool) -> Truth {
    let order = match (seen, value) {
        (Seen::Integer(seen), Expected::Integer(value)) => Some(seen.cmp(value)),
        (Seen::Integer(seen), Expected::Number(value)) => (*seen as f64).partial_cmp(value),
        (Seen::Number(seen), Expected::Number(value)) => seen.partial_cmp(value),
        (Seen::Number(seen), Expected::Integer(value)) => seen.partial_cmp(&(*value as f64)),
        (Seen::Boolean(seen), Expected::Boolean(value)) => Some(seen.cmp(value)),
        (Seen::Time(seen), Expected::Time(value)) => Some(seen.cmp(value)),
        (Seen::Severity(seen), Expected::Severity(value)) => Some(seen.cmp(value)),
        _ => None,
    };
    order.map_or(Truth::Unknown, |order| holds(order).into())
}

fn age(seen: &Seen<'_>, now: Timestamp, holds: impl Fn(chrono::TimeDelta) -> bool) -> Truth {
    match seen {
        Seen::Time(moment) => holds(now - *moment).into(),
        _ => Truth::Unknown,
    }
}

fn chrono_span(span: std::time::Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(span).unwrap_or(chrono::TimeDelta::MAX)
}

fn address(seen: &Seen<'_>) -> Option<std::net::IpAddr> {
    let Seen::Text(text) = seen else { return None };
    let address: std::net::IpAddr = text.raw().trim().parse().ok()?;
    // An IPv4 address written as IPv6 lies in the IPv4 networks that people list.
    Some(address.to_canonical())
}

fn length(seen: &Seen<'_>) -> Option<u64> {
    match seen {
        Seen::List(list) if list.complete => Some(list.members.len() as u64),
        Seen::Things(count) => Some(*count as u64),
        _ => None,
    }
}
