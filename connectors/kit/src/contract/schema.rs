//! The part of JSON Schema that OpenAPI 3.0 descriptions of vendors use. What it does not know it refuses, so that
//! nothing passes because it was not looked at.

use serde_json::{Map, Value};

/// Words that say nothing about what fits, or are read together with another.
const SILENT: [&str; 12] = [
    "title",
    "description",
    "example",
    "examples",
    "default",
    "nullable",
    "readOnly",
    "writeOnly",
    "deprecated",
    "externalDocs",
    "x-discriminator",
    "x-ms-enum",
];

/// The schemas of one document.
pub(super) struct Schemas<'a> {
    document: &'a Value,
}

impl<'a> Schemas<'a> {
    pub(super) fn of(document: &'a Value) -> Self {
        Self { document }
    }

    /// What a reference leads to; itself where it is none.
    pub(super) fn resolve(&self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
            Some(path) => self.document.pointer(path).map_or(&Value::Null, |inner| self.resolve(inner)),
            None => value,
        }
    }

    /// Whether a value fits.
    pub(super) fn check(&self, schema: &'a Value, value: &Value, place: &str) -> Result<(), String> {
        if let Some(allowed) = schema.as_bool() {
            return if allowed { Ok(()) } else { Err(format!("{place} is not allowed")) };
        }
        let words = self.resolve(schema).as_object().ok_or_else(|| format!("{place} has no schema"))?;
        if value.is_null() && words.get("nullable") == Some(&Value::Bool(true)) {
            return Ok(());
        }
        for (word, rule) in words {
            self.keep(words, (word, rule), value, place)?;
        }
        Ok(())
    }

    fn keep(
        &self,
        words: &'a Map<String, Value>,
        (word, rule): (&str, &'a Value),
        value: &Value,
        place: &str,
    ) -> Result<(), String> {
        let fits = match word {
            "type" => is_a(rule.as_str().unwrap_or_default(), value),
            "enum" => rule.as_array().is_some_and(|words| words.contains(value)),
            "properties" | "required" | "additionalProperties" => {
                return value.as_object().map_or(Ok(()), |members| self.members(words, word, members, place));
            }
            "items" => {
                let mut items = value.as_array().into_iter().flatten().enumerate();
                return items.try_for_each(|(at, item)| self.check(rule, item, &format!("{place}[{at}]")));
            }
            "allOf" => return all(rule).try_for_each(|part| self.check(part, value, place)),
            "anyOf" => all(rule).any(|part| self.check(part, value, place).is_ok()),
            "oneOf" => all(rule).filter(|part| self.check(part, value, place).is_ok()).count() == 1,
            "minProperties" => value.as_object().is_none_or(|members| members.len() as u64 >= number(rule)),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= number(rule)),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= number(rule)),
            "uniqueItems" => value
                .as_array()
                .is_none_or(|items| items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= number(rule)),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= number(rule)),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap_or(f64::MIN)),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap_or(f64::MAX)),
            "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().unwrap_or_default(), text)),
            "format" => value.as_str().is_none_or(|text| has_format(rule.as_str().unwrap_or_default(), text)),
            word if SILENT.contains(&word) => true,
            word => return Err(format!("{place}: its schema says {word:?}, which is not known here")),
        };
        let shown = value.to_string();
        let shown: String = shown.chars().take(80).collect();
        if fits { Ok(()) } else { Err(format!("{place} is {shown}, and {word} says {rule}")) }
    }

    fn members(
        &self,
        words: &'a Map<String, Value>,
        word: &str,
        members: &Map<String, Value>,
        place: &str,
    ) -> Result<(), String> {
        let described = words.get("properties").and_then(Value::as_object);
        let rule = words.get(word).unwrap_or(&Value::Null);
        match word {
            "required" => match all(rule).filter_map(Value::as_str).find(|name| !members.contains_key(*name))
            {
                Some(name) => Err(format!("{place} has no {name}")),
                None => Ok(()),
            },
            "properties" => members
                .iter()
                .filter_map(|(name, value)| Some((described?.get(name)?, value, format!("{place}.{name}"))))
                .try_for_each(|(schema, value, place)| self.check(schema, value, &place)),
            _ => members
                .iter()
                .filter(|(name, _)| described.is_none_or(|described| !described.contains_key(*name)))
                .try_for_each(|(name, value)| match rule.as_object().is_some_and(Map::is_empty) {
                    true => Ok(()),
                    false => self.check(rule, value, &format!("{place}.{name}")),
                }),
        }
    }
}

fn all(rule: &Value) -> impl Iterator<Item = &Value> {
    rule.as_array().into_iter().flatten()
}

fn number(rule: &Value) -> u64 {
    rule.as_u64().unwrap_or(0)
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

fn has_format(format: &str, text: &str) -> bool {
    match format {
        "uuid" => uuid::Uuid::try_parse(text).is_ok() && text.len() == 36,
        "date-time" => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
        "date" => chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(),
        "uri" => reqwest::Url::parse(text).is_ok(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        // Formats of numbers, and those that say nothing of a text.
        _ => true,
    }
}
