//! `{"$ref":"4"}` stands for the entity that has `"$id":"4"`: references are replaced by what they stand for.

use std::collections::HashMap;

use serde_json::Value;

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
    index.read(tree, place, level);
    if index.references.is_empty() {
        return;
    }
    let mut copying = Copying { index: &index, open: Vec::new(), copied: 0 };
    let mut copies = HashMap::new();
    for reference in index.in_order() {
        match copying.first(reference) {
            Ok(copy) => {
                copies.insert(reference.position, copy);
            }
            Err(what) => oddities.push(Oddity { place: reference.place.clone(), what }),
        }
    }
    put(tree, &mut 0, &mut copies);
}

/// The text of a reference, where a value is one.
pub(crate) fn target_of(value: &Value) -> Option<&str> {
    let members = value.as_object()?;
    (members.len() == 1).then(|| members.get("$ref")).flatten()?.as_str()
}

/// Puts the copies where the references stand, which are counted as the index counted them.
fn put(value: &mut Value, position: &mut usize, copies: &mut HashMap<usize, Value>) {
    *position += 1;
    if let Some(copy) = copies.remove(position) {
        *value = copy;
        // The text of the reference was counted too.
        *position += 1;
        return;
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| put(member, position, copies)),
        Value::Array(elements) => elements.iter_mut().for_each(|element| put(element, position, copies)),
        _ => {}
    }
}

/// One reference where it stands.
struct Reference<'a> {
    id: &'a str,
    position: usize,
    place: String,
    level: usize,
    /// The entities inside which it stands, to notice circles.
    inside: Vec<*const Value>,
}

/// Where ids are defined and where they are used, as positions in reading order.
#[derive(Default)]
struct Index<'a> {
    position: usize,
    open: Vec<*const Value>,
    definitions: HashMap<&'a str, Vec<(usize, &'a Value)>>,
    references: HashMap<*const Value, Reference<'a>>,
}

impl<'a> Index<'a> {
    fn read(&mut self, value: &'a Value, place: Place<'_>, level: usize) {
        self.position += 1;
        match value {
            Value::Object(members) => {
                if let Some(id) = target_of(value) {
                    let (position, inside) = (self.position, self.open.clone());
                    let reference = Reference { id, position, place: place.to_string(), level, inside };
                    self.references.insert(value, reference);
                } else if let Some(id) = members.get("$id").and_then(Value::as_str) {
                    self.definitions.entry(id).or_default().push((self.position, value));
                }
                self.open.push(value);
                for (name, member) in members {
                    self.read(member, place.member(name), level + 1);
                }
                self.open.pop();
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.read(element, place.element(index), level + 1);
                }
            }
            _ => {}
        }
    }

    fn in_order(&self) -> Vec<&Reference<'a>> {
        let mut references: Vec<_> = self.references.values().collect();
        references.sort_by_key(|reference| reference.position);
        references
    }

    /// The definition that a reference means.
    fn definition(&self, reference: &Reference<'_>) -> Option<&'a Value> {
        let definitions = self.definitions.get(reference.id)?;
        let earlier = definitions.partition_point(|(at, _)| *at < reference.position);
        definitions.get(earlier.saturating_sub(1)).map(|(_, value)| *value)
    }
}

/// The copying of what references stand for, with the references inside replaced in their turn.
struct Copying<'i> {
    index: &'i Index<'i>,
    /// The entities inside which the walk is.
    open: Vec<*const Value>,
    copied: usize,
}

impl Copying<'_> {
    /// What one reference of the tree stands for, or why it stays.
    fn first(&mut self, reference: &Reference<'_>) -> Result<Value, String> {
        self.open.clone_from(&reference.inside);
        self.target(reference, reference.level)
    }

    fn target(&mut self, reference: &Reference<'_>, level: usize) -> Result<Value, String> {
        let id = reference.id;
        let Some(target) = self.index.definition(reference) else {
            return Err(format!("reference to {id:?}, which nothing defines"));
        };
        if self.open.contains(&std::ptr::from_ref(target)) {
            return Err(format!("reference to {id:?} goes in a circle"));
        }
        if self.copied >= MOST_COPIED || level + levels(target) > MOST_LEVELS {
            return Err(format!("reference to {id:?} is not followed: too many references"));
        }
        Ok(self.copy(target, level))
    }

    fn copy(&mut self, value: &Value, level: usize) -> Value {
        self.copied += COST_OF_VALUE + value.as_str().map_or(0, str::len);
        match value {
            Value::Object(members) => {
                if let Some(reference) = self.index.references.get(&std::ptr::from_ref(value)) {
                    // Why it stays was said where it stands.
                    return self.target(reference, level).unwrap_or_else(|_| value.clone());
                }
                self.open.push(value);
                let each = members.iter().map(|(name, member)| (name.clone(), self.copy(member, level + 1)));
                let copied = Value::Object(each.collect());
                self.open.pop();
                copied
            }
            Value::Array(elements) => elements.iter().map(|element| self.copy(element, level + 1)).collect(),
            scalar => scalar.clone(),
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
