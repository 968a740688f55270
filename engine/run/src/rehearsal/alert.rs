//! The alert of a test: read as any other, and knowing how it stood before where the test says so.

use quell_alert::{Alert, Decoded, decode};
use serde_json::Value;

use super::form::{AlertGiven, Rehearsal};

impl Rehearsal {
    /// The alert of the test, where it has one. `read` gives the bytes of a file, named from the folder of the test.
    ///
    /// # Errors
    /// When a file cannot be read, or there is not one alert in it.
    pub fn alert(&self, read: impl Fn(&str) -> Result<Vec<u8>, String>) -> Result<Option<Alert>, String> {
        let Some(given) = &self.alert else { return Ok(None) };
        let bytes = |given: &AlertGiven| match given {
            AlertGiven::File(name) => read(name),
            AlertGiven::Inline(alert) => serde_json::to_vec(alert).map_err(|error| error.to_string()),
        };
        let now = bytes(given)?;
        let alert = one(&now)?;
        let earlier = match &self.before {
            None => return Ok(Some(alert)),
            Some(AlertGiven::File(name)) => read(name)?,
            Some(AlertGiven::Inline(otherwise)) => with(&now, otherwise)?,
        };
        Ok(Some(alert.since(&one(&earlier)?)))
    }
}

/// The same record with some fields as they stood before.
fn with(now: &[u8], otherwise: &Value) -> Result<Vec<u8>, String> {
    let mut record: Value = serde_json::from_slice(now).map_err(|error| error.to_string())?;
    let (Some(fields), Some(otherwise)) = (record.as_object_mut(), otherwise.as_object()) else {
        return Err("`before` names fields of the alert, and the alert is no map: name a file".to_owned());
    };
    fields.extend(otherwise.clone());
    serde_json::to_vec(&record).map_err(|error| error.to_string())
}

/// An alert that stands in the test itself.
pub(super) fn inline(alert: &Value) -> Result<Alert, String> {
    one(&serde_json::to_vec(alert).map_err(|error| error.to_string())?)
}

fn one(bytes: &[u8]) -> Result<Alert, String> {
    let mut alerts = Vec::new();
    for record in decode(bytes) {
        match record {
            Decoded::Alert(alert) => alerts.push(*alert),
            Decoded::Refused(refusal) => {
                return Err(format!("the alert could not be understood: {}", refusal.reason));
            }
            Decoded::Passed { .. } => {}
        }
    }
    match alerts.len() {
        1 => Ok(alerts.remove(0)),
        several => Err(format!("a test is about one alert, and there are {several} in it")),
    }
}
