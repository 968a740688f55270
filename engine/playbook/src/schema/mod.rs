//! [`schema`]: the language as a JSON Schema, for editors that complete and check YAML while it is written.
//!
//! The keys are those that the checker knows, the names, operators and words are those of its lists, the actions are
//! those of the catalogue: what is added there is here too. A schema sees shapes and words; what depends on the place
//! (scope, order, who is asked) only the checker sees.

mod conditions;
mod steps;

use quell_action::Catalogue;
use serde_json::{Map, Value, json};

use crate::check::playbook::PLAYBOOK;
use crate::check::shape::Keys;
use crate::check::triggers::{SCHEDULE, WHEN};
use crate::check::{asking, inputs, lanes, limits, once};
use crate::model::Limits;
use crate::names::{self, ENTITY_KINDS};
use crate::parse::parse;

/// The language as a JSON Schema (draft 2020-12), with the actions of this catalogue.
pub fn schema(catalogue: &Catalogue) -> Value {
    let mut definitions = Map::new();
    conditions::define(&mut definitions);
    steps::define(catalogue, &mut definitions);
    definitions.insert("duration".into(), duration());
    definitions.insert("approval".into(), object(&asking::APPROVAL, steps::asking));
    definitions.insert("each".into(), object(&lanes::FOR_EACH, each));
    definitions.insert("for_each".into(), for_each());
    let mut schema = object(&PLAYBOOK, playbook);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("A Quell playbook");
    schema["$defs"] = Value::Object(definitions);
    schema
}

/// A playbook's file as JSON: what a schema is held against. `None` where it is not YAML that the checker takes.
pub fn as_json(name: &str, bytes: &[u8]) -> Option<Value> {
    let parsed = parse(name, bytes);
    parsed.tree.filter(|_| parsed.diagnostics.is_empty()).map(|tree| tree.to_json())
}

/// A map with these keys and no others. A key that the schema does not describe may hold anything: a test finds it.
fn object(keys: &Keys, of: impl Fn(&str) -> Option<Value>) -> Value {
    let properties: Map<String, Value> =
        keys.known.iter().map(|key| ((*key).to_owned(), of(key).unwrap_or(Value::Bool(true)))).collect();
    let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !keys.required.is_empty() {
        object["required"] = json!(keys.required);
    }
    object
}

fn playbook(key: &str) -> Option<Value> {
    Some(match key {
        "language" => described(json!({ "const": 1 }), "The version of the language."),
        "playbook" => described(
            json!({ "type": "string", "pattern": "^[a-z][a-z0-9-]*$" }),
            "Its name; the file is called the same.",
        ),
        "title" => described(text(), "For people: what it does, in a line."),
        "owner" => described(text(), "The team that is asked and told."),
        "description" | "severity_note" => described(text(), "For people."),
        "labels" => described(list(text()), "For people."),
        "mode" => described(
            words(&["disabled", "observe", "ask", "act"]),
            "Whether it acts. `observe`, the default, plans and records; `ask` plans and asks a person.",
        ),
        "when" => described(at_least_one(object(&WHEN, when)), "What starts it: any of these."),
        "inputs" => described(inputs(), "What it is given by whoever starts it."),
        "outputs" => described(
            json!({ "type": "object", "minProperties": 1 }),
            "What it gives back to a playbook that called it.",
        ),
        "once_per" => described(
            object(&once::ONCE_PER, once_per),
            "Alerts that have these values in common start one run; later ones are attached to it.",
        ),
        "for_each" => described(reference("for_each"), "Through what it goes, a lane each."),
        "unless" => described(
            conditions::group(json!({ "if_unknown": words(&["stop", "ask"]) })),
            "What stops a lane, on top of the exclusion list.",
        ),
        "deadline" => described(reference("duration"), "How long a run may take; a day, if nothing is said."),
        "limits" => described(
            limits(),
            "How many may be touched before a person is asked; never more than the site allows.",
        ),
        "approval" => described(reference("approval"), "Who is asked where anything needs a person."),
        "defaults" => described(steps::defaults(), "What goes for every step that does not say otherwise."),
        "steps" => described(reference("steps"), "What is done in each lane, in order."),
        "always" => described(reference("steps"), "What is done at the end of each lane, whatever happened."),
        "afterwards" => described(reference("steps"), "What is done once, when all lanes have ended."),
        _ => return None,
    })
}

fn limits() -> Value {
    let mut limits = object(&limits::LIMITS, limit);
    limits["anyOf"] = json!([{ "required": ["accounts"] }, { "required": ["devices"] }]);
    limits
}

fn limit(key: &str) -> Option<Value> {
    let number = |_: &str| Some(json!({ "type": "integer", "minimum": 0, "maximum": Limits::LARGEST }));
    Some(match key {
        "if_over" => described(words(&["ask", "stop"]), "What happens beyond them; a person is asked."),
        _ => {
            let mut quota = object(&limits::QUOTA, number);
            quota["minProperties"] = json!(1);
            quota
        }
    })
}

fn when(key: &str) -> Option<Value> {
    let states = json!({ "states": list(words(&["new", "updated", "resolved"])) });
    Some(match key {
        "alert" => described(conditions::group(states), "An alert."),
        "schedule" => described(object(&SCHEDULE, schedule), "The clock."),
        "manual" => described(json!({ "const": true }), "A person, or a program through the API."),
        "called" => described(json!({ "const": true }), "A step of another playbook."),
        _ => return None,
    })
}

fn at_least_one(mut object: Value) -> Value {
    object["minProperties"] = json!(1);
    object
}

fn schedule(key: &str) -> Option<Value> {
    Some(match key {
        "cron" => described(
            json!({ "type": "string", "pattern": "^ *([^ ]+ +){4}[^ ]+ *$" }),
            "Minute, hour, day of the month, month, weekday by name: 30 6 * * mon-fri.",
        ),
        "timezone" => described(text(), "A name of the IANA: Europe/Vienna."),
        "missed" => described(
            words(&["skip", "once"]),
            "What becomes of moments at which no engine ran; `once` makes up for the latest of them.",
        ),
        _ => return None,
    })
}

fn inputs() -> Value {
    let kinds = words(&inputs::kinds());
    let long = object(&inputs::INPUT, |key| {
        Some(match key {
            "kind" => words(&inputs::kinds()),
            "one_of" => described(list(text()), "The words that it can be."),
            _ => described(
                json!({ "type": ["string", "number", "boolean"] }),
                "What it is where nobody gives it; without this it must be given.",
            ),
        })
    });
    json!({
        "type": "object", "minProperties": 1, "properties": {},
        "additionalProperties": { "anyOf": [kinds, long] },
    })
}

fn once_per(key: &str) -> Option<Value> {
    Some(match key {
        "key" => described(
            list(text()),
            "Names of the alert, and the entity of `for_each`: [alert.type, account].",
        ),
        _ => described(
            reference("duration"),
            "For how long, from the beginning of the run; 7d if nothing is said.",
        ),
    })
}

fn each(key: &str) -> Option<Value> {
    Some(match key {
        "from" => text(),
        "where" => conditions::group(json!({})),
        "at_most" => json!({ "type": "integer", "minimum": 1, "maximum": 1000 }),
        "at_once" => json!({ "type": "integer", "minimum": 1, "maximum": 100 }),
        "if_more" => words(&["stop", "ask"]),
        _ => return None,
    })
}

fn for_each() -> Value {
    let kinds: Vec<&str> = ENTITY_KINDS.into_iter().map(names::root_of).collect();
    let long: Map<String, Value> = kinds.iter().map(|kind| ((*kind).to_owned(), reference("each"))).collect();
    json!({ "anyOf": [
        { "enum": kinds },
        {
            "type": "object", "properties": long, "additionalProperties": false,
            "minProperties": 1, "maxProperties": 1,
        },
    ] })
}

fn duration() -> Value {
    described(
        json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" }),
        "A whole number and a unit: 250ms, 90s, 15m, 8h, 7d.",
    )
}

fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = json!(description);
    schema
}

fn text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn words(words: &[&str]) -> Value {
    json!({ "enum": words })
}

fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of, "minItems": 1 })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}
