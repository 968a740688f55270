//! A connector's README says all that an administrator must know: every setting that the code reads, with what holds where
//! it is left out; every action, and every right that it needs.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use quell_connectors::{Kind, all};
use serde_json::Value;

/// Words of a number's name, or of what is said about it, from which its unit can be seen.
const UNITS: [&str; 19] = [
    "secs",
    "millisecond",
    "second",
    "minute",
    "hour",
    "day",
    "_mb",
    "_kb",
    "port",
    "files",
    "calls",
    "processes",
    "how many",
    "so many",
    "how often",
    "number",
    "state",
    "percent",
    "at_once",
];

fn readme(kind: &Kind) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    fs::read_to_string(root.join("connectors").join(kind.name()).join("README.md")).unwrap()
}

/// Every setting with its path, however deep it lies, and its schema.
fn settings(kind: &Kind) -> BTreeMap<String, Value> {
    let schema = kind.settings_schema();
    let mut found = BTreeMap::new();
    collect(&schema, &schema, "", &mut found);
    found
}

fn collect(schema: &Value, whole: &Value, place: &str, found: &mut BTreeMap<String, Value>) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        // Where a secret lies is said alike everywhere.
        if name != "SecretRef" {
            collect(&whole["$defs"][name], whole, place, found);
        }
    }
    for inner in
        ["anyOf", "oneOf", "allOf"].iter().flat_map(|word| schema[word].as_array().into_iter().flatten())
    {
        collect(inner, whole, place, found);
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            collect(&schema[inner], whole, place, found);
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        found.insert(path.clone(), property.clone());
        collect(property, whole, &path, found);
    }
}

/// Where it says "as for `other`", the other's README is part of it.
fn with_those_it_names(kind: &Kind) -> String {
    let own = readme(kind);
    let others = all().into_iter().filter(|other| {
        own.contains(&format!("as for `{}`", other.name()))
            || own.contains(&format!("(../{}/README.md)", other.name()))
    });
    others.fold(own.clone(), |text, other| text + &readme(&other))
}

/// Whether a text names it: as code, or as a key of an example.
fn names(text: &str, name: &str) -> bool {
    let key = format!("{name}:");
    let starts = |line: &str| {
        let line = line.trim_start_matches(['-', ' ', '#']);
        line.starts_with(&key)
    };
    text.contains(&format!("`{name}`"))
        || text.contains(&format!("`{key}"))
        || text.contains(&format!("{{ {name}"))
        || text.contains(&format!(", {name}:"))
        || text.contains(&format!(", {name} }}"))
        || text.lines().any(starts)
}

#[test]
fn every_setting_stands_in_the_readme_of_its_connector() {
    let mut missing = Vec::new();
    for kind in all() {
        let text = with_those_it_names(&kind);
        for path in settings(&kind).keys() {
            let name = path.rsplit('.').next().unwrap();
            if !names(&text, name) {
                missing
                    .push(format!("connectors/{}/README.md does not name the setting {path}", kind.name()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn what_holds_where_a_setting_is_left_out_stands_beside_it() {
    let mut missing = Vec::new();
    for kind in all() {
        let text = with_those_it_names(&kind);
        for (path, schema) in settings(&kind) {
            let name = path.rsplit('.').next().unwrap();
            let default = match &schema["default"] {
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                Value::String(text) => text.clone(),
                _ => continue,
            };
            let said = text.lines().any(|line| names(line, name) && line.replace(',', "").contains(&default));
            if !said {
                missing.push(format!(
                    "connectors/{}/README.md: {path} is {default} where it is left out",
                    kind.name()
                ));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_number_says_its_unit() {
    for kind in all() {
        for (path, schema) in settings(&kind) {
            let is_number = [&schema["type"], &schema["type"][0]]
                .iter()
                .any(|word| matches!(word.as_str(), Some("integer" | "number")));
            let said =
                format!("{path} {}", schema["description"].as_str().unwrap_or_default()).to_lowercase();
            assert!(!is_number || UNITS.iter().any(|unit| said.contains(unit)), "{} {said}", kind.name());
        }
    }
}

/// The vendor's word of a right: "Write member" is about `member`. What is a sentence has none.
fn word_of(right: &str) -> Option<&str> {
    let word = right.strip_prefix("Read ").or_else(|| right.strip_prefix("Write ")).unwrap_or(right);
    let word = word.strip_prefix("Microsoft.SecurityInsights/").unwrap_or(word);
    (!word.contains(' ')).then_some(word)
}

#[test]
fn every_action_and_every_right_stands_in_the_readme_of_its_connector() {
    let mut missing = Vec::new();
    for kind in all() {
        let text = readme(&kind);
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for info in kind.actions() {
            if kind.name() != "lab" && !flat.contains(info.spec.name) {
                missing.push(format!("connectors/{}/README.md: no {}", kind.name(), info.spec.name));
            }
            for right in info.spec.permissions.iter().filter_map(|right| word_of(right)) {
                if kind.name() != "lab" && !flat.contains(right) {
                    missing.push(format!(
                        "connectors/{}/README.md: {} needs {right:?}",
                        kind.name(),
                        info.spec.name
                    ));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
