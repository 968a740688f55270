//! An alert while it is being read: the steps that every wire form shares.

use serde_json::Value;

use crate::alert::{Alert, AlertId, Format, Oddity, Severity, Status, Times, Timestamp};
use crate::catalogue;
use crate::decode::place::Place;
use crate::decode::record::{Record, as_text};
use crate::decode::{times, words};
use crate::entity::Entities;
use crate::product::Product;
use crate::version::digest;

/// An alert that says nothing yet.
pub(crate) fn blank(format: Format) -> Alert {
    Alert {
        id: AlertId(String::new()),
        provider_id: None,
        incident_id: None,
        format,
        title: String::new(),
        description: None,
        alert_type: None,
        external_id: None,
        detector_id: None,
        severity: None,
        status: Status::Unknown,
        product: Product(Product::UNKNOWN.to_owned()),
        provider: None,
        tactics: Vec::new(),
        techniques: Vec::new(),
        times: Times::default(),
        link: None,
        tenant: None,
        entities: Entities::default(),
        document: Value::Null,
        part: None,
        before: None,
        oddities: Vec::new(),
    }
}

/// Finishes an alert that was read: an id where the sender gave none, and what the catalogue knows. Refused is what
/// has neither id nor title nor entities: nothing could be said about it.
pub(crate) fn finish(mut alert: Alert, document: Value) -> Result<Alert, String> {
    if alert.id.0.is_empty() {
        let says_anything =
            !alert.title.is_empty() || document.get("Entities").is_some_and(|value| !value.is_null());
        if !says_anything {
            return Err("an alert without an id, without a title and without entities".to_owned());
        }
        alert.id = AlertId(format!("content-{}", digest(&document)));
        note(&mut alert, "$", "no id: one was made from the content");
    }
    Ok(complete(alert, document))
}

/// Completes an alert that has an id.
pub(crate) fn complete(mut alert: Alert, document: Value) -> Alert {
    alert.provider_id = alert.provider_id.take().filter(|id| *id != alert.id.0);
    alert.document = document;
    catalogue::complete(&mut alert);
    alert
}

/// Notes something odd.
pub(crate) fn note(alert: &mut Alert, place: &str, what: impl Into<String>) {
    alert.oddities.push(Oddity { place: place.to_owned(), what: what.into() });
}

/// Sets the title, without the invisible characters that some senders leave at its end.
pub(crate) fn set_title(alert: &mut Alert, title: Option<&str>) {
    let Some(title) = title else { return };
    let visible =
        title.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}'));
    if visible.len() != title.len() {
        note(alert, "$", "invisible characters around the title");
    }
    visible.clone_into(&mut alert.title);
}

/// Sets the severity; a word that is not known is named as odd and decides nothing.
pub(crate) fn set_severity(alert: &mut Alert, record: Record<'_>, names: &[&str]) {
    let Some((key, value)) = record.member(names) else { return };
    alert.severity = as_text(value).and_then(words::severity);
    let unspecified =
        as_text(value).is_some_and(|text| matches!(text.to_lowercase().as_str(), "unspecified" | "unknown"));
    if alert.severity.is_none() && !unspecified {
        note(alert, &Place::Root.member(key).to_string(), format!("severity {value} is not known"));
    }
}

/// Sets where the alert stands.
pub(crate) fn set_status(alert: &mut Alert, record: Record<'_>, names: &[&str]) {
    if let Some(text) = record.text(names) {
        alert.status = words::status(text);
    }
}

/// Sets the product from the names a record gives, the most telling first, and keeps the sender's word.
pub(crate) fn set_product(alert: &mut Alert, names: &[Option<&str>]) {
    alert.product = Product::canonical(names.iter().flatten().copied());
    alert.provider = names.iter().flatten().next().map(|name| (*name).to_owned());
}

/// A moment under the first of these names that has one. Text that is no moment is named as odd.
pub(crate) fn time(alert: &mut Alert, record: Record<'_>, names: &[&str]) -> Option<Timestamp> {
    for name in names {
        let Some((key, value)) = record.member(&[name]) else { continue };
        if let Some(moment) = times::of_value(value) {
            return Some(moment);
        }
        if as_text(value)
            .is_some_and(|text| !text.starts_with("0001-01-01") && !text.starts_with("1601-01-01"))
        {
            note(alert, &Place::Root.member(key).to_string(), format!("{value} is no moment"));
        }
    }
    None
}

/// Adds the tactics that a member names.
pub(crate) fn add_tactics(alert: &mut Alert, record: Record<'_>, name: &str) {
    if let Some(value) = record.get(&[name]) {
        words::tactics(value, &mut alert.tactics);
    }
}

/// Adds the tactics that a category names, where it names any.
pub(crate) fn add_category(alert: &mut Alert, record: Record<'_>, name: &str) {
    if let Some(value) = record.get(&[name]) {
        words::tactics_of_category(value, &mut alert.tactics);
    }
}

/// Adds the techniques that a member names.
pub(crate) fn add_techniques(alert: &mut Alert, record: Record<'_>, name: &str) {
    if let Some(value) = record.get(&[name]) {
        words::techniques(value, &mut alert.techniques);
    }
}

/// Text of the alert's own.
pub(crate) fn text(record: Record<'_>, names: &[&str]) -> Option<String> {
    record.text(names).map(str::to_owned)
}

/// The severity of a CEF line: a number from 0 to 10, or a word.
pub(crate) fn cef_severity(text: &str) -> Option<Severity> {
    match text.trim().parse::<u8>() {
        Ok(0..=3) => Some(Severity::Low),
        Ok(4..=6) => Some(Severity::Medium),
        Ok(7..=10) => Some(Severity::High),
        Ok(_) => None,
        Err(_) => words::severity(text),
    }
}
