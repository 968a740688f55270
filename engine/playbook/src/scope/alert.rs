//! `alert.…`: the fields of an alert.

use quell_alert::{AccountKind, Alert, Status};

use crate::condition::Seen;

/// The value of a field of an alert. Nothing is copied: deciding must cost little more than reading.
pub(crate) fn seen<'a>(alert: &'a Alert, field: &str) -> Seen<'a> {
    let entities = &alert.entities;
    match field {
        "id" => Seen::text(Some(alert.id.as_str())),
        "title" => Seen::text(said(&alert.title)),
        "description" => Seen::text(alert.description.as_deref()),
        "type" => Seen::text(alert.alert_type.as_deref()),
        "external_id" => Seen::text(alert.external_id.as_deref()),
        "detector_id" => Seen::text(alert.detector_id.as_deref()),
        "provider" => Seen::text(alert.provider.as_deref()),
        "product" => Seen::text(Some(alert.product.as_str())),
        "severity" => alert.severity.map_or(Seen::Missing, Seen::Severity),
        "status" => Seen::text(status(alert.status)),
        "tactics" => named(&alert.tactics),
        "techniques" => named(&alert.techniques),
        "start" => Seen::time(alert.times.start),
        "end" => Seen::time(alert.times.end),
        "updated" => Seen::time(alert.times.updated),
        "link" => Seen::text(alert.link.as_deref()),
        "tenant" => Seen::text(alert.tenant.as_deref()),
        "incident_id" => Seen::text(alert.incident_id.as_deref()),
        "accounts" => Seen::Things(
            entities.accounts.iter().filter(|account| account.kind == AccountKind::Person).count(),
        ),
        "devices" => Seen::Things(entities.devices.len()),
        "ips" => Seen::Things(entities.ips.len()),
        "files" => Seen::Things(entities.files.len()),
        "hashes" => Seen::Things(entities.hashes.len()),
        "urls" => Seen::Things(entities.urls.len()),
        "domains" => Seen::Things(entities.domains.len()),
        "mailboxes" => Seen::Things(entities.mailboxes.len()),
        _ => Seen::Missing,
    }
}

fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A sender that names no technique has not said that there is none: the list is missing, not empty.
fn named(words: &[String]) -> Seen<'_> {
    if words.is_empty() { Seen::Missing } else { Seen::list(words) }
}

fn status(status: Status) -> Option<&'static str> {
    match status {
        Status::New => Some("new"),
        Status::InProgress => Some("in_progress"),
        Status::Resolved => Some("resolved"),
        Status::Dismissed => Some("dismissed"),
        Status::Unknown => None,
    }
}
