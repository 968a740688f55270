//! JSON that stands inside strings, unfolded into the tree.

use serde_json::Value;

use crate::alert::Oddity;
use crate::decode::json::{MOST_LEVELS, levels, parse};
use crate::decode::place::Place;
use crate::decode::record::is_same_name;
use crate::decode::references;

/// JSON inside JSON inside JSON: three levels were met.
const MOST_FOLDS: usize = 4;

/// Texts that people or attackers choose: they stay text, whatever they look like.
const PLAIN_TEXT: [&str; 14] = [
    "Title",
    "AlertName",
    "DisplayName",
    "AlertDisplayName",
    "Name",
    "AccountName",
    "Description",
    "CommandLine",
    "ProcessCommandLine",
    "Subject",
    "EmailSubject",
    "FileName",
    "FriendlyName",
    "Url",
];

/// Members whose text is known to be JSON: where theirs does not parse, it was cut.
const KNOWN_JSON: [&str; 8] = [
    "Entities",
    "ExtendedProperties",
    "ExtendedLinks",
    "AdditionalFields",
    "Custom Details",
    "AttackTechniques",
    "CustomProperties",
    "Data",
];

/// Resolves the references of a record and replaces every text that holds a JSON object or array by what it holds.
/// Each such text numbers its entities for itself, so references never lead out of the text in which they stand.
pub(crate) fn unfold(value: &mut Value, place: Place<'_>, oddities: &mut Vec<Oddity>) {
    references::resolve(value, place, 0, oddities);
    walk(value, place, 0, 0, oddities);
}

fn walk(value: &mut Value, place: Place<'_>, level: usize, folds: usize, oddities: &mut Vec<Oddity>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let stays_text = match member {
                    Value::String(text) => !looks_folded(text) || is_any_of(name, &PLAIN_TEXT),
                    _ => false,
                };
                if !stays_text {
                    walk(member, place.member(name), level + 1, folds, oddities);
                }
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                walk(element, place.element(index), level + 1, folds, oddities);
            }
        }
        Value::String(text) if looks_folded(text) => {
            if let Some(unfolded) = open(text, place, level, folds, oddities) {
                *value = unfolded;
            }
        }
        _ => {}
    }
}

fn open(
    text: &str,
    place: Place<'_>,
    level: usize,
    folds: usize,
    oddities: &mut Vec<Oddity>,
) -> Option<Value> {
    let mut note = |what: &str| oddities.push(Oddity { place: place.to_string(), what: what.to_owned() });
    let parsed = match parse(text.as_bytes()) {
        Ok(parsed) if folds < MOST_FOLDS && level + levels(&parsed.value) <= MOST_LEVELS => parsed,
        Ok(_) => {
            note("JSON inside text is nested too deep and stays text");
            return None;
        }
        Err(_) => {
            if is_known_json(place) {
                note("JSON inside text does not parse, perhaps it was cut; it stays text");
            }
            return None;
        }
    };
    if parsed.mended {
        note("characters that are no Unicode were replaced");
    }
    let mut value = parsed.value;
    references::resolve(&mut value, place, level, oddities);
    walk(&mut value, place, level, folds + 1, oddities);
    Some(value)
}

/// A first look that costs nothing: brackets at the beginning. The end may have been cut.
fn looks_folded(text: &str) -> bool {
    matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'['))
}

fn is_known_json(place: Place<'_>) -> bool {
    matches!(place, Place::Member(_, name) if is_any_of(name, &KNOWN_JSON))
}

fn is_any_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| is_same_name(name, known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn unfolded(mut value: Value) -> (Value, Vec<String>) {
        let mut oddities = Vec::new();
        unfold(&mut value, Place::Root, &mut oddities);
        (value, oddities.into_iter().map(|oddity| format!("{}: {}", oddity.place, oddity.what)).collect())
    }

    #[test]
    fn json_inside_json_inside_json() {
        let third = json!({"Verdict": "Malicious"}).to_string();
        let second = json!({"Analysis": third, "Total": "4"}).to_string();
        let (value, oddities) = unfolded(json!({"ExtendedProperties": second, "x": "[1,2]"}));
        assert_eq!(
            value,
            json!({"ExtendedProperties": {"Analysis": {"Verdict": "Malicious"}, "Total": "4"}, "x": [1, 2]})
        );
        assert!(oddities.is_empty());
    }

    #[test]
    fn what_was_cut_stays_text() {
        let (value, oddities) = unfolded(json!({"ExtendedProperties": "{\"Search Query\": \"{\\\"det"}));
        assert_eq!(value, json!({"ExtendedProperties": "{\"Search Query\": \"{\\\"det"}));
        assert_eq!(
            oddities,
            ["$.ExtendedProperties: JSON inside text does not parse, perhaps it was cut; it stays text"]
        );
    }

    #[test]
    fn texts_that_people_choose_stay_text() {
        let value = json!({"AlertName": "[1]", "Entities": "[{\"Name\":\"{}\",\"CommandLine\":\"[0]\"}]"});
        let (value, oddities) = unfolded(value);
        assert_eq!(value, json!({"AlertName": "[1]", "Entities": [{"Name": "{}", "CommandLine": "[0]"}]}));
        assert!(oddities.is_empty());
        assert_eq!(unfolded(json!({"x": "[SAMPLE ALERT] y"})).0, json!({"x": "[SAMPLE ALERT] y"}));
    }

    #[test]
    fn depth_has_an_end() {
        let mut text = String::from("1");
        for _ in 0..12 {
            text = json!({ "x": text.replace('1', "[1]") }).to_string();
        }
        let (value, oddities) = unfolded(json!({ "x": text }));
        assert!(levels(&value) <= MOST_LEVELS);
        assert_eq!(oddities.len(), 1);
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(unfolded(json!({ "x": deep })).0, json!({ "x": deep }));
    }
}
