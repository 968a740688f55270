//! The schema for editors: takes every playbook that the checker takes, and refuses the mistakes that a shape can show.

use std::fs;

use jsonschema::Validator;
use quell_playbook::{as_json, schema};
use serde_json::Value;

use crate::fixtures::{catalogue, folder};
use crate::golden::{file_name, files};
use crate::shipped::{known, shipped};

/// A second opinion, which knows JSON Schema and nothing of the language.
fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).unwrap_or_else(|error| panic!("the schema itself: {error}"))
}

#[test]
fn it_takes_every_shipped_playbook() {
    let schema = validator(&schema(&known()));
    for file in shipped() {
        let document = as_json(&file.name, &file.bytes).unwrap();
        schema.validate(&document).unwrap_or_else(|error| panic!("{}: {error}", file.name));
    }
}

#[test]
fn it_takes_every_valid_playbook_of_these_tests() {
    let schema = validator(&schema(&catalogue()));
    for path in files(&folder().join("valid"), "yaml") {
        let document = as_json(&file_name(&path), &fs::read(&path).unwrap()).unwrap();
        schema.validate(&document).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// Mistakes of shape, of words and of names; those about scope, order and people only the checker sees.
const SEEN: [&str; 17] = [
    "PB0202", "PB0203", "PB0201", "PB0205", "PB0206", "PB0209", "PB0210", "PB0211", "PB0213", "PB0215",
    "PB0301", "PB0303", "PB0305", "PB0404", "PB0412", "PB0413", "PB0414",
];

/// Files whose mistake depends on what stands elsewhere in them, or whose action the schema's catalogue has not got.
const UNSEEN: [&str; 1] = ["PB0209-answer"];

#[test]
fn it_refuses_what_a_shape_can_show() {
    let schema = validator(&schema(&catalogue()));
    let mut passed = Vec::new();
    let mut refused = 0;
    for path in files(&folder().join("invalid"), "yaml") {
        let name = file_name(&path);
        let seen = SEEN.iter().any(|code| name.starts_with(code))
            && !UNSEEN.iter().any(|file| name.starts_with(file));
        let Some(document) = as_json(&name, &fs::read(&path).unwrap()).filter(|_| seen) else { continue };
        match schema.is_valid(&document) {
            false => refused += 1,
            true => passed.push(name),
        }
    }
    assert!(passed.is_empty(), "{passed:?}");
    assert!(refused >= 20, "only {refused}");
}

#[test]
fn every_key_and_every_action_is_described() {
    let schema = schema(&known());
    let mut places = Vec::new();
    bare(&schema, "$", &mut places);
    assert!(places.is_empty(), "anything goes at {places:?}");
    let actions = &schema["$defs"]["action"]["anyOf"];
    let described =
        actions.as_array().unwrap().iter().filter(|action| action["description"].is_string()).count();
    assert!(described > 10 && described == actions.as_array().unwrap().len());
}

/// Properties that may hold anything: a key that was forgotten. `or` may.
fn bare(schema: &Value, at: &str, places: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                let place = format!("{at}.{key}");
                if *value == Value::Bool(true) && at.ends_with(".properties") && key != "or" {
                    places.push(place.clone());
                }
                bare(value, &place, places);
            }
        }
        Value::Array(members) => members.iter().for_each(|member| bare(member, at, places)),
        _ => {}
    }
}
