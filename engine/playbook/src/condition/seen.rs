//! [`Seen`]: the value that a subject has at the moment it is looked at, typed.

use std::borrow::Cow;
use std::cell::OnceCell;

use quell_alert::{Severity, Timestamp};
use serde_json::{Value, json};

use super::AsKind;

/// The value that a subject has.
#[derive(Debug, Clone, Default)]
pub enum Seen<'a> {
    /// There is none.
    #[default]
    Missing,
    /// There is one, and it is not of the kind that was asked for.
    Misfit(Cow<'a, Value>),
    /// Text.
    Text(SeenText<'a>),
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
    /// A list of texts.
    List(SeenList<'a>),
    /// A list of things that can only be counted.
    Things(usize),
    /// Anything else.
    Json(Cow<'a, Value>),
}

/// Text, whose case is folded at most once however many tests look at it.
#[derive(Debug, Clone)]
pub struct SeenText<'a> {
    raw: Cow<'a, str>,
    folded: OnceCell<String>,
}

/// A list of texts.
#[derive(Debug, Clone)]
pub struct SeenList<'a> {
    /// Its members.
    pub members: Cow<'a, [String]>,
    /// Whether that is all of them: a directory that could not answer leaves a list open, and what is not in an open
    /// list is unknown.
    pub complete: bool,
}

impl<'a> Seen<'a> {
    /// Text, or nothing.
    pub fn text(text: Option<impl Into<Cow<'a, str>>>) -> Self {
        text.map_or(Self::Missing, |text| Self::Text(SeenText::new(text)))
    }

    /// A list that is known whole.
    pub fn list(members: impl Into<Cow<'a, [String]>>) -> Self {
        Self::List(SeenList { members: members.into(), complete: true })
    }

    /// A moment, or nothing.
    pub fn time(moment: Option<Timestamp>) -> Self {
        moment.map_or(Self::Missing, Self::Time)
    }

    /// A value of the document, read as this kind.
    pub fn read(value: &'a Value, kind: AsKind) -> Self {
        if value.is_null() {
            return Self::Missing;
        }
        let read = match kind {
            AsKind::Text => text(value).map(|text| Self::Text(SeenText::new(text))),
            AsKind::Integer => integer(value).map(Self::Integer),
            AsKind::Number => number(value).map(Self::Number),
            AsKind::Boolean => boolean(value).map(Self::Boolean),
            AsKind::Time => value.as_str().and_then(moment).map(Self::Time),
        };
        read.unwrap_or(Self::Misfit(Cow::Borrowed(value)))
    }

    /// Any JSON, by its own shape.
    pub fn of_json(value: Cow<'a, Value>) -> Self {
        match value.as_ref() {
            Value::Null => Self::Missing,
            Value::Bool(value) => Self::Boolean(*value),
            Value::Number(number) => match number.as_i64() {
                Some(number) => Self::Integer(number),
                None => number.as_f64().map_or(Self::Missing, Self::Number),
            },
            Value::String(text) => Self::Text(SeenText::new(text.clone())),
            Value::Array(members) if members.iter().all(Value::is_string) => {
                Self::list(members.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
            }
            Value::Array(members) => Self::Things(members.len()),
            Value::Object(_) => Self::Json(value),
        }
    }

    /// As JSON, for traces and for filling in forms; `None` where there is none.
    pub fn to_json(&self) -> Option<Value> {
        Some(match self {
            Self::Missing => return None,
            Self::Misfit(value) | Self::Json(value) => value.as_ref().clone(),
            Self::Text(text) => json!(text.raw()),
            Self::Integer(number) => json!(number),
            Self::Number(number) => json!(number),
            Self::Boolean(value) => json!(value),
            Self::Time(moment) => json!(moment),
            Self::Severity(severity) => json!(severity),
            Self::List(list) => json!(list.members),
            Self::Things(count) => json!(count),
        })
    }
}

impl<'a> SeenText<'a> {
    /// Text as it stands.
    pub fn new(raw: impl Into<Cow<'a, str>>) -> Self {
        Self { raw: raw.into(), folded: OnceCell::new() }
    }

    /// As it stands.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// With its case folded.
    pub fn folded(&self) -> &str {
        self.folded.get_or_init(|| fold(&self.raw).into_owned())
    }
}

/// Folds the case of a text, so that texts which differ in case only are equal.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.to_lowercase())
}

fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A moment with its zone, or without one: then UTC is meant, as everywhere in these tables.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|form| chrono::NaiveDateTime::parse_from_str(text, form).ok())
        .map(|moment| moment.and_utc())
}
