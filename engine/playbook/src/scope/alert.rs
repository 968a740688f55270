//! `alert.…`: the fields of an alert.

use quell_alert::{Alert, FieldValue, FileEntity};

use crate::condition::{Seen, SeenText};

/// The value of a field of an alert, by its whole name. What the index of the matcher does not decide is asked here for
/// every alert, so nothing is copied that need not be.
pub(crate) fn seen<'a>(alert: &'a Alert, name: &str) -> Seen<'a> {
    match name.strip_prefix("alert.") {
        Some("title") if alert.title.is_empty() => Seen::Missing,
        Some("tactics") => named(&alert.tactics),
        Some("techniques") => named(&alert.techniques),
        // Every file counts, those without a name too.
        Some("files") => Seen::list(alert.entities.files.iter().map(called).collect::<Vec<_>>()),
        // A status that was not said, or not understood, is no status.
        Some("status") if alert.status == quell_alert::Status::Unknown => Seen::Missing,
        Some("product") if alert.product.as_str() == quell_alert::Product::UNKNOWN => Seen::Missing,
        _ => alert.field(name).map_or(Seen::Missing, of_field),
    }
}

/// A value as the alert room gives it.
pub(crate) fn of_field(value: FieldValue<'_>) -> Seen<'_> {
    match value {
        FieldValue::Text(text) => Seen::Text(SeenText::new(text)),
        FieldValue::TextList(texts) => Seen::list(texts.into_iter().map(Into::into).collect::<Vec<String>>()),
        FieldValue::Product(product) => Seen::text(Some(product.as_str())),
        FieldValue::Severity(severity) => Seen::Severity(severity),
        FieldValue::Time(moment) => Seen::Time(moment),
        FieldValue::Ip(address) => Seen::text(Some(address)),
        FieldValue::Boolean(value) => Seen::Boolean(value),
        FieldValue::Integer(number) => Seen::Integer(number),
    }
}

fn called(file: &FileEntity) -> String {
    let hash = file.hashes.first().map(|hash| &hash.value);
    file.name.as_ref().or(hash).map_or_else(|| "a file without a name".to_owned(), String::clone)
}

/// A sender that names no technique has not said that there is none: the list is missing, not empty.
fn named(words: &[String]) -> Seen<'_> {
    if words.is_empty() { Seen::Missing } else { Seen::list(words) }
}
