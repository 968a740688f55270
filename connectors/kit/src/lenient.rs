//! How members of an answer are read that a vendor writes in more than one way. For `#[serde(deserialize_with = …)]`.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What may be left out may also be written as `null`: either is the value that stands for nothing.
///
/// # Errors
/// When it is something else than was expected.
pub fn or_nothing<'a, D, T>(given: D) -> Result<T, D::Error>
where
    D: Deserializer<'a>,
    T: Default + Deserialize<'a>,
{
    Option::deserialize(given).map(Option::unwrap_or_default)
}

/// A text, or a number in its place.
///
/// # Errors
/// When it is neither.
pub fn text_or_number<'a, D: Deserializer<'a>>(given: D) -> Result<String, D::Error> {
    match Value::deserialize(given)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("neither a text nor a number")),
    }
}

/// The same, and nothing is an empty text.
///
/// # Errors
/// When it is neither.
pub fn text_or_nothing<'a, D: Deserializer<'a>>(given: D) -> Result<String, D::Error> {
    match Value::deserialize(given)? {
        Value::Null => Ok(String::new()),
        other => text_or_number(other).map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Read {
        #[serde(deserialize_with = "or_nothing")]
        list: Vec<u8>,
        #[serde(deserialize_with = "text_or_nothing")]
        text: String,
    }

    #[test]
    fn nothing_is_written_in_two_ways_and_numbers_as_texts() {
        let read = |value: Value| serde_json::from_value::<Read>(value);
        assert_eq!(read(json!({ "list": null, "text": null })).unwrap(), Read::default());
        assert_eq!(read(json!({})).unwrap(), Read::default());
        let whole = Read { list: vec![1], text: "6".into() };
        assert_eq!(read(json!({ "list": [1], "text": 6 })).unwrap(), whole);
        assert_eq!(read(json!({ "list": [1], "text": "6" })).unwrap(), whole);
        assert!(text_or_number(Value::Null).is_err());
        assert!(read(json!({ "list": {} })).is_err() && read(json!({ "text": ["6"] })).is_err());
    }
}
