//! Which conditions can be turned into keys, and which keys an alert has.

use std::borrow::Cow;

use quell_alert::{Alert, Severity, Status};

use crate::condition::{Expected, Operator, Subject, Test, fold};

/// A field whose values lead to sets of playbooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Slot {
    Product,
    Provider,
    Type,
    ExternalId,
    DetectorId,
    Severity,
    Status,
    Techniques,
    Tactics,
    /// Words that the title holds.
    Title,
}

/// Every slot.
pub(super) const SLOTS: [Slot; 10] = [
    Slot::Product,
    Slot::Provider,
    Slot::Type,
    Slot::ExternalId,
    Slot::DetectorId,
    Slot::Severity,
    Slot::Status,
    Slot::Techniques,
    Slot::Tactics,
    Slot::Title,
];

const SEVERITIES: [Severity; 4] = [Severity::Informational, Severity::Low, Severity::Medium, Severity::High];

/// The keys of a condition: it holds exactly when the alert has one of them. `None` where it cannot be told by keys.
pub(super) fn of_test(test: &Test) -> Option<(Slot, Vec<String>)> {
    let Subject::Reference(reference, _) = &test.subject else { return None };
    let slot = match reference.0.as_str() {
        "alert.product" => Slot::Product,
        "alert.provider" => Slot::Provider,
        "alert.type" => Slot::Type,
        "alert.external_id" => Slot::ExternalId,
        "alert.detector_id" => Slot::DetectorId,
        "alert.severity" => return severities(&test.operator).map(|keys| (Slot::Severity, keys)),
        "alert.status" => Slot::Status,
        "alert.techniques" => Slot::Techniques,
        "alert.tactics" => Slot::Tactics,
        "alert.title" => {
            let Operator::Contains(Expected::Text { folded: Some(folded), .. }) = &test.operator else {
                return None;
            };
            return Some((Slot::Title, vec![folded.clone()]));
        }
        _ => return None,
    };
    let values = match &test.operator {
        Operator::Is(value) => std::slice::from_ref(value),
        Operator::AnyOf(values) => values,
        _ => return None,
    };
    let keys: Option<Vec<String>> = values
        .iter()
        .map(|value| match value {
            Expected::Text { folded, .. } => folded.clone(),
            _ => None,
        })
        .collect();
    keys.map(|keys| (slot, keys))
}

/// The values that an alert has in a slot, folded as keys are. The title is not asked here: its words are looked for
/// all at once.
pub(super) fn values(alert: &Alert, slot: Slot) -> impl Iterator<Item = Cow<'_, str>> {
    let (one, many): (Option<&str>, &[String]) = match slot {
        Slot::Product => (Some(alert.product.as_str()), &[]),
        Slot::Provider => (alert.provider.as_deref(), &[]),
        Slot::Type => (alert.alert_type.as_deref(), &[]),
        Slot::ExternalId => (alert.external_id.as_deref(), &[]),
        Slot::DetectorId => (alert.detector_id.as_deref(), &[]),
        Slot::Severity => (alert.severity.map(Severity::as_str), &[]),
        Slot::Status => {
            (Some(alert.status).filter(|status| *status != Status::Unknown).map(Status::as_str), &[])
        }
        Slot::Techniques => (None, &alert.techniques),
        Slot::Tactics => (None, &alert.tactics),
        Slot::Title => (None, &[]),
    };
    one.into_iter().chain(many.iter().map(String::as_str)).map(fold)
}

/// Which severities pass.
fn severities(operator: &Operator) -> Option<Vec<String>> {
    let passes: Box<dyn Fn(Severity) -> bool + '_> = match operator {
        Operator::Is(Expected::Severity(wanted)) => Box::new(move |severity| severity == *wanted),
        Operator::IsNot(Expected::Severity(wanted)) => Box::new(move |severity| severity != *wanted),
        Operator::AtLeast(Expected::Severity(wanted)) => Box::new(move |severity| severity >= *wanted),
        Operator::AtMost(Expected::Severity(wanted)) => Box::new(move |severity| severity <= *wanted),
        Operator::MoreThan(Expected::Severity(wanted)) => Box::new(move |severity| severity > *wanted),
        Operator::LessThan(Expected::Severity(wanted)) => Box::new(move |severity| severity < *wanted),
        Operator::AnyOf(values) => Box::new(move |severity| values.contains(&Expected::Severity(severity))),
        Operator::NoneOf(values) => Box::new(move |severity| !values.contains(&Expected::Severity(severity))),
        _ => return None,
    };
    Some(
        SEVERITIES
            .into_iter()
            .filter(|severity| passes(*severity))
            .map(|severity| severity.as_str().into())
            .collect(),
    )
}
