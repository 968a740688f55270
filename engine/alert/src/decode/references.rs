//! `{"$ref":"4"}` stands for the entity that has `"$id":"4"`: references are replaced by what they stand for.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::alert::Oddity;
use crate::decode::json::{MOST_LEVELS, levels};
use crate::decode::place::Place;

/// How many bytes all copies of one tree may have together, roughly: a few references to references would otherwise
/// grow without end. Real alerts stay below a tenth of it.
const MOST_COPIED: usize = 512 * 1024;
/// What a value costs apart from its text.
const COST_OF_VALUE: usize = 16;

/// Replaces every reference in a tree. A target may stand anywhere in it, before or after, on top or deep inside
/// another entity; where an id repeats, the nearest earlier definition counts, else the first later one. References
/// in a circle, and those that nothing defines, stay as they are.
pub(crate) fn resolve(tree: &mut Value, place: Place<'_>, level: usize, oddities: &mut Vec<Oddity>) {
    let mut index = Index::default();
    index.read(tree);
    if index.references.is_empty() {
        return;
    }
    let mut copying = Copying { index: &index, open: Vec::new(), copied: 0, in_copy: false, oddities };
    let resolved = copying.value(tree, place, level);
    *tree = resolved;
}

/// The text of a reference, where a value is one.
pub(crate) fn target_of(value: &Value) -> Option<&str> {
    let members = value.as_object()?;
    (members.len() == 1).then(|| members.get("$ref")).flatten()?.as_str()
}

/// Where ids are defined and where they are used, as positions in reading order.
#[derive(Default)]
struct Index<'a> {
    position: usize,
    definitions: HashMap<&'a str, Vec<(usize, &'a Value)>>,
    references: HashMap<*const Value, usize>,
}

impl<'a> Index<'a> {
    fn read(&mut self, value: &'a Value) {
        self.position += 1;
        match value {
            Value::Object(members) => {
                if target_of(value).is_some() {
                    self.references.insert(value, self.position);
                } else if let Some(id) = members.get("$id").and_then(Value::as_str) {
                    self.definitions.entry(id).or_default().push((self.position, value));
                }
                members.values().for_each(|member| self.read(member));
            }
            Value::Array(elements) => elements.iter().for_each(|element| self.read(element)),
            _ => {}
        }
    }

    /// The definition that a reference means.
    fn definition(&self, reference: &Value, id: &str) -> Option<&'a Value> {
        let position = *self.references.get(&std::ptr::from_ref(reference))?;
        let definitions = self.definitions.get(id)?;
        let earlier = definitions.iter().rev().find(|(at, _)| *at < position);
        earlier.or_else(|| definitions.first()).map(|(_, value)| *value)
    }
}

/// One walk through a tree that copies it with its references replaced.
struct Copying<'i, 'o> {
    index: &'i Index<'i>,
    /// The entities inside which the walk is, to notice circles.
    open: Vec<*const Value>,
    copied: usize,
    /// Whether the walk is inside a copy: what is odd there was said at the original.
    in_copy: bool,
    oddities: &'o mut Vec<Oddity>,
}

impl Copying<'_, '_> {
    fn value(&mut self, value: &Value, place: Place<'_>, level: usize) -> Value {
        if self.in_copy {
            self.copied += COST_OF_VALUE + value.as_str().map_or(0, str::len);
        }
        match value {
            Value::Object(members) => match target_of(value) {
                Some(id) => self.reference(value, id, place, level),
                None => self.object(value, members, place, level),
            },
            Value::Array(elements) => {
                let each = elements.iter().enumerate();
                each.map(|(index, element)| self.value(element, place.element(index), level + 1)).collect()
            }
            scalar => scalar.clone(),
        }
    }

    fn object(
        &mut self,
        value: &Value,
        members: &Map<String, Value>,
        place: Place<'_>,
        level: usize,
    ) -> Value {
        self.open.push(value);
        let copied = members
            .iter()
            .map(|(name, member)| (name.clone(), self.value(member, place.member(name), level + 1)))
            .collect();
        self.open.pop();
        Value::Object(copied)
    }

    fn reference(&mut self, reference: &Value, id: &str, place: Place<'_>, level: usize) -> Value {
        let Some(target) = self.index.definition(reference, id) else {
            self.note(place, format!("reference to {id:?}, which nothing defines"));
            return reference.clone();
        };
        if self.open.contains(&std::ptr::from_ref(target)) {
            self.note(place, format!("reference to {id:?} goes in a circle"));
            return reference.clone();
        }
        if self.copied >= MOST_COPIED || level + levels(target) > MOST_LEVELS {
            self.note(place, format!("reference to {id:?} is not followed: too many references"));
            return reference.clone();
        }
        let outer = std::mem::replace(&mut self.in_copy, true);
        let copy = self.value(target, place, level);
        self.in_copy = outer;
        copy
    }

    fn note(&mut self, place: Place<'_>, what: String) {
        if !self.in_copy {
            self.oddities.push(Oddity { place: place.to_string(), what });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resolved(mut value: Value) -> (Value, Vec<String>) {
        let mut oddities = Vec::new();
        resolve(&mut value, Place::Root, 0, &mut oddities);
        (value, oddities.into_iter().map(|oddity| format!("{}: {}", oddity.place, oddity.what)).collect())
    }

    #[test]
    fn references_forward_backward_nested_and_bare() {
        let (value, oddities) = resolved(json!([
            {"$id": "1", "Type": "process", "Host": {"$ref": "3"}, "ImageFile": {"$id": "2", "Name": "a.exe"}},
            {"$ref": "2"},
            {"$id": "3", "HostName": "wks"},
            {"$id": "4", "FileHashes": [{"$ref": "5"}]},
            {"$id": "5", "Value": "ab"},
        ]));
        assert_eq!(value[0]["Host"], json!({"$id": "3", "HostName": "wks"}));
        assert_eq!(value[1], json!({"$id": "2", "Name": "a.exe"}));
        assert_eq!(value[3]["FileHashes"][0]["Value"], "ab");
        assert!(oddities.is_empty());
    }

    #[test]
    fn a_repeated_id_means_the_nearest_earlier_one() {
        let (value, _) = resolved(json!([
            {"$ref": "1"}, {"$id": "1", "a": 1}, {"$ref": "1"}, {"$id": "1", "a": 2}, {"$ref": "1"},
        ]));
        assert_eq!((&value[0]["a"], &value[2]["a"], &value[4]["a"]), (&json!(1), &json!(1), &json!(2)));
    }

    #[test]
    fn dangling_and_circular_references_stay() {
        let (value, oddities) = resolved(json!([
            {"$id": "1", "Host": {"$ref": "2"}}, {"$id": "2", "Account": {"$ref": "1"}}, {"$ref": "9"}, {"$ref": "1"},
        ]));
        assert_eq!(value[0]["Host"]["Account"], json!({"$ref": "1"}));
        assert_eq!(value[2], json!({"$ref": "9"}));
        assert_eq!(value[3]["Host"]["$id"], "2");
        assert_eq!(oddities, ["$[2]: reference to \"9\", which nothing defines"]);
        let (_, oddities) = resolved(json!({"$id": "1", "Self": {"$ref": "1"}}));
        assert_eq!(oddities, ["$.Self: reference to \"1\" goes in a circle"]);
    }

    #[test]
    fn references_to_references_do_not_grow_without_end() {
        let each = |id: usize| {
            let next = json!({ "$ref": (id + 1).to_string() });
            json!({"$id": id.to_string(), "list": vec![next; 10]})
        };
        let tree: Vec<Value> = (1..40).map(each).chain([json!({"$id": "40"})]).collect();
        let (value, oddities) = resolved(Value::Array(tree));
        assert!(levels(&value) <= MOST_LEVELS);
        assert!(value.to_string().len() < 2_000_000);
        assert!(!oddities.is_empty());
    }
}
