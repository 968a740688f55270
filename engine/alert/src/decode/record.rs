//! A tolerant view of one object: any casing of its keys, and the many ways of saying nothing.

use serde_json::{Map, Value};

use crate::alert::Timestamp;
use crate::decode::times;

/// One object of a record. Keys are asked for as their product documents them; `systemAlertId`, `system_alert_id`
/// and `systemalertid` answer for `SystemAlertId` too, since forwarders rename keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a>(&'a Map<String, Value>);

impl<'a> Record<'a> {
    /// The view of a value that is an object.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// The value of the first of these keys that says something.
    pub(crate) fn get(self, names: &[&str]) -> Option<&'a Value> {
        self.member(names).map(|(_, value)| value)
    }

    /// The same, with the key as it is written in the record.
    pub(crate) fn member(self, names: &[&str]) -> Option<(&'a str, &'a Value)> {
        names.iter().find_map(|name| self.find(name))
    }

    /// Whether a key is there at all, even where it says nothing.
    pub(crate) fn has(self, name: &str) -> bool {
        self.0.keys().any(|key| is_same_name(key, name))
    }

    /// Text that is not empty.
    pub(crate) fn text(self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.get(&[name]).and_then(as_text))
    }

    /// Text, or a number written as text: ids come as both.
    pub(crate) fn id(self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match self.get(&[name])? {
            Value::Number(number) => Some(number.to_string()),
            value => as_text(value).map(str::to_owned),
        })
    }

    /// A moment, in any of the written forms.
    pub(crate) fn time(self, names: &[&str]) -> Option<Timestamp> {
        names.iter().find_map(|name| self.get(&[name]).and_then(times::of_value))
    }

    /// True or false, as a boolean, a number or text.
    pub(crate) fn flag(self, names: &[&str]) -> Option<bool> {
        match self.get(names)? {
            Value::Bool(value) => Some(*value),
            Value::Number(number) => Some(number.as_f64()? != 0.0),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// An object.
    pub(crate) fn record(self, names: &[&str]) -> Option<Record<'a>> {
        names.iter().find_map(|name| self.get(&[name]).and_then(Record::of))
    }

    /// The elements of an array; a single value where an array belongs is an array of one.
    pub(crate) fn list(self, names: &[&str]) -> &'a [Value] {
        match self.get(names) {
            Some(Value::Array(elements)) => elements,
            Some(value) => std::slice::from_ref(value),
            None => &[],
        }
    }

    /// The texts among the elements of an array.
    pub(crate) fn texts(self, names: &[&str]) -> Vec<&'a str> {
        self.list(names).iter().filter_map(as_text).collect()
    }

    /// An object of these members only, as far as they say something; nothing where none of them does.
    pub(crate) fn only(self, names: &[&str]) -> Option<Value> {
        let members =
            names.iter().filter_map(|name| self.get(&[name]).map(|v| ((*name).to_owned(), v.clone())));
        let members: Map<String, Value> = members.collect();
        (!members.is_empty()).then_some(Value::Object(members))
    }

    /// One pass over the keys costs less than hashing one of them; the exact spelling goes before any other.
    fn find(self, name: &str) -> Option<(&'a str, &'a Value)> {
        let mut other = None;
        for (key, value) in self.0 {
            if !is_same_name(key, name) || is_nothing(value) {
                continue;
            }
            if key == name {
                return Some((key, value));
            }
            other = other.or(Some((key.as_str(), value)));
        }
        other
    }

    /// All members, in the order in which they came.
    pub(crate) fn members(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

/// Text that says something: not empty, not a null that some program has spelt out.
pub(crate) fn as_text(value: &Value) -> Option<&str> {
    let text = value.as_str()?.trim();
    (!text.is_empty() && !matches!(text, "null" | "None" | "NULL")).then_some(text)
}

/// Whether a key is a name in another casing or with other separators.
pub(crate) fn is_same_name(key: &str, name: &str) -> bool {
    let (key, name) = (key.as_bytes(), name.as_bytes());
    // Almost every key differs in its first letter: this is asked some thousand times for each alert.
    if let (Some(a), Some(b)) = (key.first(), name.first())
        && a.is_ascii_alphanumeric()
        && b.is_ascii_alphanumeric()
        && !a.eq_ignore_ascii_case(b)
    {
        return false;
    }
    if key.len() == name.len() && key.eq_ignore_ascii_case(name) {
        return true;
    }
    // Only separators can make names of different lengths the same.
    let has_separator = |text: &[u8]| text.iter().any(is_separator);
    (has_separator(key) || has_separator(name)) && folded(key).eq(folded(name))
}

fn folded(text: &[u8]) -> impl Iterator<Item = u8> {
    text.iter().filter(|byte| !is_separator(byte)).map(u8::to_ascii_lowercase)
}

fn is_separator(byte: &u8) -> bool {
    matches!(byte, b'_' | b'-' | b' ')
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn any_casing_of_a_key_will_do() {
        for key in ["SystemAlertId", "systemAlertId", "system_alert_id", "systemalertid", "SYSTEM-ALERT-ID"] {
            let value = json!({ key: "1" });
            assert_eq!(Record::of(&value).unwrap().text(&["SystemAlertId"]), Some("1"), "{key}");
        }
        let value = json!({"SystemAlert": "1"});
        assert_eq!(Record::of(&value).unwrap().text(&["SystemAlertId"]), None);
    }

    #[test]
    fn nothing_has_many_spellings() {
        let value = json!({"a": "", "b": " ", "c": null, "d": "null", "e": "None", "f": "x"});
        let record = Record::of(&value).unwrap();
        for key in ["a", "b", "c", "d", "e", "g"] {
            assert_eq!(record.text(&[key]), None, "{key}");
        }
        assert_eq!(record.text(&["a", "d", "f"]), Some("x"), "the first that says something");
    }

    #[test]
    fn a_single_value_is_a_list_of_one() {
        let value = json!({"one": {"a": 1}, "many": [1, 2], "text": "x"});
        let record = Record::of(&value).unwrap();
        assert_eq!(record.list(&["one"]).len(), 1);
        assert_eq!(record.list(&["many"]).len(), 2);
        assert_eq!(record.texts(&["text"]), ["x"]);
        assert!(record.list(&["none"]).is_empty());
    }

    #[test]
    fn scalars_come_as_anything() {
        let value = json!({"a": 0, "b": "False", "c": true, "d": "", "n": 12});
        let record = Record::of(&value).unwrap();
        assert_eq!(record.flag(&["a"]), Some(false));
        assert_eq!(record.flag(&["b"]), Some(false));
        assert_eq!(record.flag(&["c"]), Some(true));
        assert_eq!(record.flag(&["d"]), None);
        assert_eq!(record.id(&["n"]).as_deref(), Some("12"));
    }
}
