//! What is read of a document that an outside system or a program gives, by JSONPath.

use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use quell_action::ActionError;
use serde_json::{Map, Value};

use crate::Redactor;

/// More would fill the record.
const MAX_BYTES: usize = 16 * 1024;

/// A path that was read once.
pub struct Path(JpQuery);

impl Path {
    /// Reads it.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(place: &str, text: &str) -> Result<Self, ActionError> {
        parse_json_path(text).map(Self).map_err(|_| {
            ActionError::rejected(format!("{place}: {text:?} is no JSONPath: $.member[0]['other member']"))
        })
    }

    /// What it leads to: nothing, one value, or the list of several.
    ///
    /// # Errors
    /// When it cannot be followed.
    pub fn value(&self, document: &Value) -> Result<Value, ActionError> {
        let found = js_path_process(&self.0, document).map_err(|_| {
            ActionError::uncertain("it was done, and a JSONPath could not be followed through the answer")
        })?;
        let mut values: Vec<Value> = found.into_iter().map(|found| found.val().clone()).collect();
        Ok(match values.len() {
            0 => Value::Null,
            1 => values.remove(0),
            _ => Value::Array(values),
        })
    }
}

/// The values that a playbook wants of a document: a name and a path for each.
pub struct Wanted(Vec<(String, Path)>);

impl Wanted {
    /// Reads what a playbook writes: `values: { id: "$.job.id" }`.
    ///
    /// # Errors
    /// When one is no path; found before anything is begun.
    pub fn parse(values: &Map<String, Value>) -> Result<Self, ActionError> {
        let path = |(name, path): (&String, &Value)| match path {
            Value::String(text) => Ok((name.clone(), Path::parse(&format!("values.{name}"), text)?)),
            _ => Err(ActionError::rejected(format!("values.{name} takes a JSONPath: $.job.id"))),
        };
        values.iter().map(path).collect::<Result<_, _>>().map(Self)
    }

    /// Whether none is wanted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values, without secrets.
    ///
    /// # Errors
    /// When they are too large for the record: what was asked for has been done by then.
    pub fn of(
        &self,
        document: &Value,
        who: &str,
        redactor: &Redactor,
    ) -> Result<Map<String, Value>, ActionError> {
        let value = |(name, path): &(String, Path)| Ok((name.clone(), path.value(document)?));
        let values = self.0.iter().map(value).collect::<Result<Map<_, _>, ActionError>>()?;
        let values = redactor.redact_members(values);
        match Value::Object(values.clone()).to_string().len() > MAX_BYTES {
            true => Err(ActionError::uncertain(format!(
                "{who}: it was done, and what was read of the answer is larger than {MAX_BYTES} bytes"
            ))),
            false => Ok(values),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_one_or_several() {
        let document = json!({ "job": { "id": 7 }, "all": [{ "n": 1 }, { "n": 2 }] });
        let value = |text: &str| Path::parse("x", text).unwrap().value(&document).unwrap();
        assert_eq!(value("$.job.id"), json!(7));
        assert_eq!(value("$.all[*].n"), json!([1, 2]));
        assert_eq!(value("$.missing"), Value::Null);
        assert!(Path::parse("values.id", "job.id").is_err());
    }
}
