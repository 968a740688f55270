//! As much of JSON Schema as the schema of playbooks uses: a second opinion that does not know the language.

use serde_json::{Map, Value};

/// Holds documents against a schema.
pub(crate) struct Validator<'s> {
    root: &'s Value,
}

impl<'s> Validator<'s> {
    pub(crate) fn new(root: &'s Value) -> Self {
        Self { root }
    }

    /// Where and why the document is refused.
    pub(crate) fn refused(&self, document: &Value) -> Option<String> {
        self.check(self.root, document, "$").err()
    }

    fn check(&self, schema: &'s Value, value: &Value, at: &str) -> Result<(), String> {
        let rules = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Object(rules) => rules,
            other => return Err(format!("{at}: {other} takes nothing")),
        };
        for (rule, says) in rules {
            self.rule(rule, says, rules, value, at)?;
        }
        Ok(())
    }

    fn rule(
        &self,
        rule: &str,
        says: &'s Value,
        rules: &'s Map<String, Value>,
        value: &Value,
        at: &str,
    ) -> Result<(), String> {
        let holds = |schema: &'s Value| self.check(schema, value, at).is_ok();
        let each = || says.as_array().expect("a list");
        let good = match rule {
            "$schema" | "$defs" | "title" | "description" | "additionalProperties" | "then" => true,
            "$ref" => {
                let name = says.as_str().expect("a name").strip_prefix("#/$defs/").expect("a definition");
                return self.check(self.root["$defs"].get(name).expect("defined"), value, at);
            }
            "type" => match says {
                Value::Array(kinds) => kinds.iter().any(|kind| is(kind, value)),
                kind => is(kind, value),
            },
            "const" => says == value,
            "enum" => each().contains(value),
            "anyOf" => each().iter().any(holds),
            "allOf" => return each().iter().try_for_each(|schema| self.check(schema, value, at)),
            "oneOf" => each().iter().filter(|schema| holds(schema)).count() == 1,
            "not" => !holds(says),
            "if" => match holds(says) {
                true => return self.check(&rules["then"], value, at),
                false => true,
            },
            "required" => each().iter().all(|key| value.get(key.as_str().expect("a key")).is_some()),
            "minProperties" => {
                value.as_object().is_none_or(|map| map.len() as u64 >= says.as_u64().expect("a number"))
            }
            "maxProperties" => {
                value.as_object().is_none_or(|map| map.len() as u64 <= says.as_u64().expect("a number"))
            }
            "minItems" => {
                value.as_array().is_none_or(|list| list.len() as u64 >= says.as_u64().expect("a number"))
            }
            "minLength" => {
                value.as_str().is_none_or(|text| text.len() as u64 >= says.as_u64().expect("a number"))
            }
            "minimum" => value.as_f64().is_none_or(|number| number >= says.as_f64().expect("a number")),
            "maximum" => value.as_f64().is_none_or(|number| number <= says.as_f64().expect("a number")),
            "pattern" => value.as_str().is_none_or(|text| matches(says.as_str().expect("a pattern"), text)),
            "items" => {
                let members = value.as_array().into_iter().flatten().enumerate();
                for (number, member) in members {
                    self.check(says, member, &format!("{at}[{number}]"))?;
                }
                return Ok(());
            }
            "propertyNames" => {
                let keys = value.as_object().into_iter().flat_map(Map::keys);
                for key in keys {
                    self.check(says, &Value::from(key.as_str()), at)?;
                }
                return Ok(());
            }
            "properties" => return self.properties(says, rules.get("additionalProperties"), value, at),
            other => panic!("the schema uses {other}, and this validator does not know it"),
        };
        if good { Ok(()) } else { Err(format!("{at}: {rule} {says}")) }
    }

    fn properties(
        &self,
        known: &'s Value,
        others: Option<&'s Value>,
        value: &Value,
        at: &str,
    ) -> Result<(), String> {
        for (key, value) in value.as_object().into_iter().flatten() {
            let place = format!("{at}.{key}");
            if let Some(schema) = known.get(key).or(others) {
                self.check(schema, value, &place)?;
            }
        }
        Ok(())
    }
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str().expect("a kind") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        other => panic!("no kind {other}"),
    }
}

/// The pattern, by the regular expressions of JSONPath: they search, too.
fn matches(pattern: &str, text: &str) -> bool {
    let path =
        serde_json_path::JsonPath::parse(&format!("$[?search(@, '{}')]", pattern.replace('\\', "\\\\")))
            .expect("a pattern");
    !path.query(&Value::from(vec![text])).is_empty()
}
