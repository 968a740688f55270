//! The filters of templates, and how values become text.

use std::borrow::Cow;

use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, Value};
use quell_action::TextFormat;

use super::scan::Argument;
use super::table;

/// A filter, with what it takes and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// Its name.
    pub name: &'static str,
    /// What it takes, as in `truncate(80)`.
    takes: Option<Argument>,
    /// Whether the argument must be there.
    must: bool,
    /// What it does.
    pub summary: &'static str,
}

/// Every filter.
pub const FILTERS: [Filter; 9] = [
    Filter { name: "upper", takes: None, must: false, summary: "in capitals" },
    Filter { name: "lower", takes: None, must: false, summary: "in small letters" },
    Filter {
        name: "join",
        takes: Some(Argument::Text),
        must: false,
        summary: "a list as one text: join(\", \")",
    },
    Filter {
        name: "truncate",
        takes: Some(Argument::Number),
        must: true,
        summary: "at most so many characters",
    },
    Filter { name: "time", takes: Some(Argument::Text), must: false, summary: "a moment: time(\"%H:%M\")" },
    Filter {
        name: "map",
        takes: Some(Argument::Text),
        must: true,
        summary: "one field of each member of a list: map(\"upn\") | join",
    },
    Filter {
        name: "table",
        takes: Some(Argument::Text),
        must: false,
        summary: "a list as a table, at the end: table(\"name, upn\")",
    },
    Filter { name: "json", takes: None, must: false, summary: "as JSON" },
    Filter {
        name: "default",
        takes: Some(Argument::Text),
        must: true,
        summary: "what stands for a missing value",
    },
];

/// Whether there is such a filter and it takes these arguments; otherwise what is wrong, and how to mend it.
pub(super) fn check(name: &str, arguments: &[Argument]) -> Result<(), (String, String)> {
    let Some(filter) = FILTERS.iter().find(|filter| filter.name == name) else {
        let nearest = crate::nearest::one(name, FILTERS.iter().map(|filter| filter.name));
        let known = FILTERS.iter().map(|filter| filter.name).collect::<Vec<_>>().join(", ");
        let help = match nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("the filters are {known}"),
        };
        return Err((format!("there is no filter `{name}`"), help));
    };
    let example = filter.summary;
    match (filter.takes, arguments) {
        (None, []) => Ok(()),
        (None, _) => Err((format!("the filter `{name}` takes nothing"), format!("write | {name}"))),
        (Some(_), []) if !filter.must => Ok(()),
        (Some(wanted), [given]) if wanted == *given => Ok(()),
        (Some(_), []) => Err((format!("the filter `{name}` needs an argument"), example.to_owned())),
        _ => Err((format!("the filter `{name}` does not take that"), example.to_owned())),
    }
}

/// Makes the filters known to the renderer.
pub(super) fn add_to(environment: &mut Environment<'static>) {
    environment.add_filter("upper", |value: &Value| text_of(value).to_uppercase());
    environment.add_filter("lower", |value: &Value| text_of(value).to_lowercase());
    environment.add_filter("join", |value: &Value, between: Option<String>| join(value, between.as_deref()));
    environment.add_filter("truncate", |value: &Value, most: usize| truncate(&text_of(value), most));
    environment.add_filter("time", |value: &Value, form: Option<String>| time(value, form.as_deref()));
    environment.add_filter("map", |value: &Value, field: String| table::map(value, &field));
    environment.add_filter("table", |state: &State<'_, '_>, value: &Value, columns: Option<String>| {
        let format = match state.auto_escape() {
            AutoEscape::Custom(format) => format.to_string(),
            _ => "plain".to_owned(),
        };
        Value::from_safe_string(table::table(value, columns.as_deref(), &format))
    });
    environment.add_filter("json", |value: &Value| {
        serde_json::to_string(value)
            .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
    });
    environment.add_filter("default", |value: &Value, otherwise: String| {
        if value.is_undefined() || value.is_none() { Value::from(otherwise) } else { value.clone() }
    });
}

/// A value as people read it: lists joined with commas, objects as JSON.
pub(super) fn text_of(value: &Value) -> String {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => join(value, None),
        ValueKind::Map => serde_json::to_string(value).unwrap_or_default(),
        ValueKind::None | ValueKind::Undefined => String::new(),
        _ => value.to_string(),
    }
}

/// A text made safe for its destination.
pub(super) fn escape<'a>(text: &'a str, format: &str) -> Cow<'a, str> {
    TextFormat::named(format).escape(text)
}

fn join(value: &Value, between: Option<&str>) -> String {
    match value.try_iter() {
        Ok(members) if value.kind() != ValueKind::Map && value.kind() != ValueKind::String => {
            members.map(|member| text_of(&member)).collect::<Vec<_>>().join(between.unwrap_or(", "))
        }
        _ => text_of(value),
    }
}

fn truncate(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain("…".chars()).collect()
}

fn time(value: &Value, form: Option<&str>) -> Result<String, Error> {
    use std::fmt::Write;
    let text = text_of(value);
    let moment = chrono::DateTime::parse_from_rfc3339(&text)
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, format!("{text:?} is not a moment")))?;
    let mut out = String::new();
    write!(out, "{}", moment.to_utc().format(form.unwrap_or("%Y-%m-%d %H:%M:%S UTC")))
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, "the form of the moment cannot be read"))?;
    Ok(out)
}
