//! [`Incident`]: one incident as Sentinel describes it, kept whole, because it is written back whole.

use quell_action::ActionError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What may be written; the rest is Sentinel's own. What is left out of a write can be reset, so all of it goes back.
const WRITABLE: [&str; 9] = [
    "title",
    "description",
    "severity",
    "status",
    "classification",
    "classificationReason",
    "classificationComment",
    "firstActivityTimeUtc",
    "lastActivityTimeUtc",
];
/// The names that an owner has.
pub(crate) const OWNER: [&str; 4] = ["objectId", "userPrincipalName", "email", "assignedTo"];

/// One incident.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Incident {
    /// The name of the resource, a GUID: what it is addressed by.
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) etag: Option<String>,
    pub(crate) properties: Map<String, Value>,
}

/// What later steps can read of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct IncidentOutput {
    /// The incident's name, a GUID: other steps take it as their `incident`.
    incident: String,
    /// Its number, as people know it.
    number: Option<i64>,
    /// What it is called.
    title: String,
    /// `High`, `Medium`, `Low` or `Informational`.
    severity: String,
    /// `New`, `Active` or `Closed`.
    status: String,
    /// How it was closed: `TruePositive`, `BenignPositive`, `FalsePositive` or `Undetermined`.
    classification: Option<String>,
    /// Who looks after it: the principal name, the mail address or the id.
    owner: Option<String>,
    /// Its tags.
    tags: Vec<String>,
    /// How many alerts it holds.
    alerts: Option<i64>,
    /// Who made it: `Azure Sentinel`, or `Microsoft XDR` where it mirrors an incident of Defender XDR.
    provider: Option<String>,
    /// The number that it has there.
    provider_incident: Option<String>,
    /// Where a person can look at it.
    link: Option<String>,
}

impl Incident {
    /// What people call it.
    pub(crate) fn display(&self) -> String {
        match self.number() {
            Some(number) => format!("incident {number}"),
            None => format!("incident {}", self.name),
        }
    }

    /// Its number.
    pub(crate) fn number(&self) -> Option<i64> {
        self.properties.get("incidentNumber")?.as_i64()
    }

    /// A member that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Sets a member, or takes it away.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.properties.insert(name.to_owned(), json!(value)),
            None => self.properties.shift_remove(name),
        };
    }

    /// Its tags.
    pub(crate) fn tags(&self) -> Vec<&str> {
        let labels = self.properties.get("labels").and_then(Value::as_array);
        labels.into_iter().flatten().filter_map(|label| label["labelName"].as_str()).collect()
    }

    /// Sets all of its tags.
    pub(crate) fn set_tags(&mut self, tags: &[String]) {
        let labels: Value = tags.iter().map(|tag| json!({ "labelName": tag })).collect();
        self.properties.insert("labels".to_owned(), labels);
    }

    /// One of the names of its owner.
    pub(crate) fn owner(&self, name: &str) -> Option<&str> {
        self.properties.get("owner")?.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A number among what Sentinel says besides.
    pub(crate) fn count(&self, name: &str) -> Option<i64> {
        self.properties.get("additionalData")?.get(name)?.as_i64()
    }

    /// What is written, all of it, with the mark of the version that was read.
    ///
    /// # Errors
    /// Without that mark: somebody else's change could be written over.
    pub(crate) fn body(&self) -> Result<Value, ActionError> {
        let etag = self.etag.as_deref().filter(|etag| !etag.is_empty()).ok_or_else(|| {
            ActionError::rejected(format!("{} came without an etag and is not written to", self.display()))
        })?;
        let mut written = Map::new();
        for name in WRITABLE {
            if let Some(value) = self.properties.get(name).filter(|value| !value.is_null()) {
                written.insert(name.to_owned(), value.clone());
            }
        }
        let owner: Map<String, Value> =
            OWNER.iter().map(|name| ((*name).to_owned(), json!(self.owner(name)))).collect();
        written.insert("owner".to_owned(), Value::Object(owner));
        let labels: Value = self.tags().iter().map(|tag| json!({ "labelName": tag })).collect();
        written.insert("labels".to_owned(), labels);
        Ok(json!({ "etag": etag, "properties": written }))
    }

    /// What later steps can read.
    pub(crate) fn output(&self) -> IncidentOutput {
        let text = |name: &str| self.text(name).map(str::to_owned);
        IncidentOutput {
            incident: self.name.clone(),
            number: self.number(),
            title: text("title").unwrap_or_default(),
            severity: text("severity").unwrap_or_default(),
            status: text("status").unwrap_or_default(),
            classification: text("classification"),
            owner: ["userPrincipalName", "email", "objectId"]
                .iter()
                .find_map(|name| self.owner(name).map(str::to_owned)),
            tags: self.tags().into_iter().map(str::to_owned).collect(),
            alerts: self.count("alertsCount"),
            provider: text("providerName"),
            provider_incident: text("providerIncidentId"),
            link: text("incidentUrl"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_all_that_was_read_and_nothing_of_sentinels_own() {
        let mut incident: Incident = serde_json::from_value(json!({
            "id": "/subscriptions/x", "name": "n", "etag": "\"1\"", "type": "incidents",
            "properties": {
                "title": "t", "description": "d", "severity": "High", "status": "New", "incidentNumber": 7,
                "classification": null, "firstActivityTimeUtc": "2026-01-01T00:00:00Z", "createdTimeUtc": "x",
                "owner": { "objectId": "o", "email": null, "ownerType": "User" },
                "labels": [{ "labelName": "a", "labelType": "AutoAssigned" }],
                "additionalData": { "alertsCount": 2 }, "providerName": "Azure Sentinel",
            },
        }))
        .unwrap();
        incident.set_tags(&["a".to_owned(), "b".to_owned()]);
        let expected = json!({
            "etag": "\"1\"",
            "properties": {
                "title": "t", "description": "d", "severity": "High", "status": "New",
                "firstActivityTimeUtc": "2026-01-01T00:00:00Z",
                "owner": { "objectId": "o", "userPrincipalName": null, "email": null, "assignedTo": null },
                "labels": [{ "labelName": "a" }, { "labelName": "b" }],
            },
        });
        assert_eq!(incident.body().unwrap(), expected);
        incident.etag = None;
        assert!(incident.body().unwrap_err().message.starts_with("incident 7 came without an etag"));
    }
}
