//! Groups of conditions, subjects and operators.

use serde_json::{Map, Value, json};

use super::{described, list, object, reference, text, words};
use crate::check::conditions::GROUP;
use crate::check::operators::{COUNT, OPERATORS, operators_of};
use crate::names::{self, Kind, TACTICS};

/// Keys beside the operator.
const READING: [&str; 4] = ["as", "some", "every", "exactly"];

pub(super) fn define(definitions: &mut Map<String, Value>) {
    definitions.insert("item".into(), item());
    definitions.insert("condition".into(), condition(&OPERATORS, None));
    definitions.insert("count".into(), object(&COUNT, |_| Some(json!({ "type": "integer", "minimum": 0 }))));
}

/// A group, with what its place allows beside the three parts.
pub(super) fn group(besides: Value) -> Value {
    let mut group = object(&GROUP, |_| Some(list(reference("item"))));
    for (key, value) in besides.as_object().into_iter().flatten() {
        group["properties"][key] = value.clone();
    }
    let parts: Vec<Value> = GROUP.known.iter().map(|part| json!({ "required": [part] })).collect();
    group["anyOf"] = Value::Array(parts);
    group
}

/// One condition, or a group of them.
fn item() -> Value {
    let roots = "alert|account|device|ip|mailbox|file|hash|url|domain|lane|run";
    let mut properties = Map::new();
    for name in names::names() {
        let subject = condition(operators_of(name.kind), Some(name.kind));
        properties.insert(name.name.into(), described(subject, name.summary));
    }
    let known: Vec<&String> = properties.keys().collect();
    let subject = json!({ "anyOf": [
        { "enum": known },
        { "pattern": "^\\s*\\$" },
        { "pattern": "^alert\\.kept\\.[a-z][a-z0-9_]*$" },
        { "pattern": "^[a-z][a-z0-9_]*\\.", "not": { "pattern": format!("^({roots})\\.") } },
    ] });
    json!({ "anyOf": [
        group(json!({})),
        {
            "type": "object", "properties": properties, "propertyNames": subject,
            "additionalProperties": reference("condition"), "minProperties": 1, "maxProperties": 1,
        },
    ] })
}

/// `{ operator: value }`, for a subject of this kind, or for one whose kind only its place tells.
fn condition(operators: &[&str], kind: Option<Kind>) -> Value {
    let mut properties: Map<String, Value> =
        operators.iter().map(|operator| ((*operator).to_owned(), operand(operator, kind))).collect();
    let reading = if kind.is_some() { &READING[3..] } else { &READING[..] };
    for key in reading {
        let value = match *key {
            "as" => words(&["text", "integer", "number", "boolean", "time"]),
            _ => json!({ "type": "boolean" }),
        };
        properties.insert((*key).to_owned(), value);
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1 })
}

fn operand(operator: &str, kind: Option<Kind>) -> Value {
    match operator {
        "exists" => json!({ "type": "boolean" }),
        "count" => reference("count"),
        "within" | "older_than" => reference("duration"),
        "in_range" => list(text()),
        "in_list" | "not_in_list" | "all_in_list" => described(text(), "A named list of the site."),
        "matches" | "contains" | "starts_with" | "ends_with" => text(),
        "any_of" | "none_of" => list(value(kind)),
        _ => value(kind),
    }
}

fn value(kind: Option<Kind>) -> Value {
    match kind {
        Some(Kind::Words(known) | Kind::Several(known)) => words(known),
        Some(Kind::Tactics) => words(TACTICS),
        Some(Kind::Severity) => words(&["informational", "low", "medium", "high"]),
        Some(Kind::Boolean) => json!({ "type": "boolean" }),
        Some(Kind::Integer) => json!({ "type": "integer" }),
        Some(Kind::Number) => json!({ "type": "number" }),
        Some(Kind::Techniques) => json!({ "type": "string", "pattern": "^T[0-9]{4}(\\.[0-9]{3})?$" }),
        Some(_) => text(),
        None => json!({ "type": ["string", "number", "boolean"] }),
    }
}
