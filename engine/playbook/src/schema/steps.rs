//! Steps: their verbs, the actions of the catalogue with their parameters, and what goes with them.

use std::collections::BTreeMap;

use quell_action::{ActionInfo, Catalogue, ParamKind, TargetKind};
use serde_json::{Map, Value, json};

use super::conditions::group;
use super::{described, list, object, reference, text, words};
use crate::check::asking::{ASK, STEP_APPROVAL};
use crate::check::flow::{BRANCH, STOP, WAIT};
use crate::check::options::{DEFAULTS, IMPACT, RATE, RETRY, RETRY_ON, UNDO, VERIFY};
use crate::check::steps::{STEP, VERBS};

pub(super) fn define(catalogue: &Catalogue, definitions: &mut Map<String, Value>) {
    let mut actions: BTreeMap<&str, Vec<&ActionInfo>> = BTreeMap::new();
    for info in catalogue.iter() {
        actions.entry(info.spec.name).or_default().push(info);
    }
    let named: Vec<Value> = actions
        .iter()
        .map(|(name, offered)| json!({ "const": name, "description": summary(offered) }))
        .collect();
    definitions.insert("action".into(), json!({ "type": "string", "anyOf": named }));
    definitions.insert("value".into(), looked_up());
    definitions.insert("steps".into(), list(reference("step")));
    definitions.insert("way".into(), object(&BRANCH, way));
    definitions.insert("retry".into(), object(&RETRY, retry));
    let verbs: Vec<Value> = VERBS
        .iter()
        .filter(|verb| STEP.known.contains(verb))
        .map(|verb| json!({ "required": [verb] }))
        .collect();
    let with: Vec<Value> = actions.iter().map(|(name, offered)| with(name, offered)).collect();
    let mut step = object(&STEP, key);
    step["oneOf"] = Value::Array(verbs);
    step["allOf"] = Value::Array(with);
    definitions.insert("step".into(), step);
}

/// `defaults`.
pub(super) fn defaults() -> Value {
    object(&DEFAULTS, key)
}

/// The keys of `approval`, of `ask` and of a step's `approval`.
pub(super) fn asking(key: &str) -> Option<Value> {
    Some(match key {
        "ask" | "of" => described(list(text()), "The teams that are asked."),
        "through" => described(text(), "The connection that carries the question to them, by chat or mail."),
        "expires" => described(reference("duration"), "After this time nobody needs to answer any more."),
        "if_expired" => described(words(&["stop", "continue"]), "What silence means."),
        "quorum" => json!({ "type": "integer", "minimum": 1, "maximum": 20 }),
        "question" => described(value_or(text()), "What people read."),
        "choices" => {
            described(list(text()), "What they can answer; `approve` and `reject` if nothing is said.")
        }
        "if_answer" => json!({ "type": "object", "additionalProperties": words(&["stop", "continue"]) }),
        _ => return None,
    })
}

fn key(key: &str) -> Option<Value> {
    Some(match key {
        "id" => described(
            json!({ "type": "string", "pattern": "^[a-z][a-z0-9_]*$" }),
            "Its name in references and in the record.",
        ),
        "title" => described(text(), "For people."),
        "if" => described(
            group(json!({ "if_unknown": words(&["stop", "run", "skip", "ask"]) })),
            "Whether the step is taken.",
        ),
        "do" => described(reference("action"), "An action of the catalogue."),
        "at" => {
            described(list(text()), "Where; every configured provider that offers it, if nothing is said.")
        }
        "using" => described(
            text(),
            "Through which connector of the site file; the one that acts for the provider, if nothing is said.",
        ),
        "with" => json!({ "type": "object" }),
        "timeout" => described(reference("duration"), "How long one attempt may take."),
        "retry" => described(reference("retry"), "How often it is attempted, and how soon again."),
        "on_error" => described(words(&["stop", "continue"]), "What happens to the lane when it fails."),
        "undo" => json!({ "anyOf": [{ "const": "never" }, object(&UNDO, undo)] }),
        "verify" => described(
            object(&VERIFY, |_| Some(reference("duration"))),
            "Until when its effect is seen, and how long it must last.",
        ),
        "rate" => described(
            object(&RATE, |_| Some(json!({ "type": "integer", "minimum": 1, "maximum": 10_000 }))),
            "How many calls are begun in a minute at most.",
        ),
        "impact" => described(
            words(&IMPACT.map(|(word, _)| word)),
            "That a call over `http` or a script takes nothing away from whomever the step is about.",
        ),
        "approval" => json!({ "anyOf": [{ "const": "ask" }, object(&STEP_APPROVAL, asking)] }),
        "ask" => described(object(&ASK, asking), "A question to people."),
        "wait" => described(object(&WAIT, wait), "A wait."),
        "parallel" => described(reference("steps"), "Steps that go side by side."),
        "for_each" => described(reference("for_each"), "Steps for each entity of another kind."),
        "steps" => described(reference("steps"), "What is done for each."),
        "run" => described(text(), "Another playbook, in a run of its own: one with `called: true`."),
        "inputs" => described(
            json!({ "type": "object", "minProperties": 1 }),
            "What it is given, by name: the entity in scope, or a value.",
        ),
        "choose" => described(list(reference("way")), "The first way whose condition holds."),
        "set" => described(json!({ "type": "object", "minProperties": 1 }), "Values for later steps."),
        "keep" => described(
            json!({
                "type": "object", "minProperties": 1, "maxProperties": 20,
                "propertyNames": { "pattern": "^[a-z][a-z0-9_]*$" },
                "additionalProperties": value_or(text()),
            }),
            "Values that later runs for the same alert read as `alert.kept.NAME`.",
        ),
        "stop" => described(object(&STOP, |_| Some(value_or(text()))), "Ends the lane."),
        _ => return None,
    })
}

fn way(key: &str) -> Option<Value> {
    Some(match key {
        "if" => group(json!({ "if_unknown": words(&["stop", "run", "skip"]) })),
        _ => reference("steps"),
    })
}

fn wait(key: &str) -> Option<Value> {
    Some(match key {
        "until" => group(json!({})),
        _ => reference("duration"),
    })
}

fn retry(key: &str) -> Option<Value> {
    Some(match key {
        "attempts" => json!({ "type": "integer", "minimum": 1, "maximum": 100 }),
        "on" => described(list(words(&RETRY_ON)), "After what; after all of them, if nothing is said."),
        _ => reference("duration"),
    })
}

fn undo(key: &str) -> Option<Value> {
    Some(match key {
        "after" => reference("duration"),
        _ => words(&["confirmed"]),
    })
}

/// What goes with one action: where it is offered, and what it takes.
fn with(name: &str, offered: &[&ActionInfo]) -> Value {
    let mut params = Map::new();
    for param in offered.iter().flat_map(|info| &info.params) {
        let value = described(of_kind(&param.kind), &param.summary);
        params.entry(param.name.clone()).or_insert(value);
    }
    match offered.first().map(|info| info.spec.target) {
        Some(TargetKind::Account) => drop(params.insert("account".into(), json!({ "const": "account" }))),
        Some(TargetKind::Device) => drop(params.insert("device".into(), json!({ "const": "device" }))),
        Some(TargetKind::None) | None => {}
    }
    let required: Vec<&str> = match offered {
        // What only some of them need depends on `at`.
        [only] => {
            only.params.iter().filter(|param| param.required).map(|param| param.name.as_str()).collect()
        }
        _ => Vec::new(),
    };
    let providers: Vec<&str> = offered.iter().map(|info| info.spec.provider).collect();
    let mut with = json!({ "type": "object", "properties": params, "additionalProperties": false });
    let mut then = json!({ "properties": { "at": list(words(&providers)) } });
    if !required.is_empty() {
        with["required"] = json!(required);
        then["required"] = json!(["with"]);
    }
    then["properties"]["with"] = with;
    json!({ "if": { "properties": { "do": { "const": name } }, "required": ["do"] }, "then": then })
}

fn of_kind(kind: &ParamKind) -> Value {
    match kind {
        ParamKind::Text => value_or(text()),
        ParamKind::Integer => value_or(json!({ "type": "integer" })),
        ParamKind::Number => value_or(json!({ "type": "number" })),
        ParamKind::Boolean => value_or(json!({ "type": "boolean" })),
        ParamKind::Choice(known) => value_or(json!({ "enum": known })),
        ParamKind::List(of) => value_or(json!({ "type": "array", "items": of_kind(of) })),
        ParamKind::Object => json!({ "type": "object" }),
    }
}

/// A value written out, or one that is looked up.
fn value_or(written: Value) -> Value {
    json!({ "anyOf": [written, reference("value")] })
}

/// `{ from: name }`, `{ path: "$.x", or: 0 }`.
fn looked_up() -> Value {
    json!({ "anyOf": [
        {
            "type": "object", "properties": { "from": text() },
            "required": ["from"], "additionalProperties": false,
        },
        {
            "type": "object", "properties": { "path": { "type": "string", "pattern": "^\\s*\\$" }, "or": true },
            "required": ["path"], "additionalProperties": false,
        },
    ] })
}

fn summary(offered: &[&ActionInfo]) -> String {
    let first = offered.first().map_or("", |info| info.spec.summary);
    let providers: Vec<&str> = offered.iter().map(|info| info.spec.provider).collect();
    format!("{first} Offered by {}.", providers.join(", "))
}
