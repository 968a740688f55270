//! What is read of an answer, by JSONPath.

use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use quell_action::ActionError;
use serde_json::Value;

/// A path that was read once.
pub(crate) struct Path(JpQuery);

impl Path {
    /// Reads it.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn parse(place: &str, text: &str) -> Result<Self, ActionError> {
        parse_json_path(text).map(Self).map_err(|_| {
            ActionError::rejected(format!("{place}: {text:?} is no JSONPath: $.member[0]['other member']"))
        })
    }

    /// What it leads to: nothing, one value, or the list of several.
    ///
    /// # Errors
    /// When it cannot be followed.
    pub(crate) fn value(&self, document: &Value) -> Result<Value, ActionError> {
        let found = js_path_process(&self.0, document)
            .map_err(|_| ActionError::rejected("a JSONPath could not be followed through the answer"))?;
        let mut values: Vec<Value> = found.into_iter().map(|found| found.val().clone()).collect();
        Ok(match values.len() {
            0 => Value::Null,
            1 => values.remove(0),
            _ => Value::Array(values),
        })
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
