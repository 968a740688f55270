//! `sentinel.add_tag` and `sentinel.remove_tag`: tags (labels) for people and rules to go by.

use quell_action::{ActionError, ActionSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::BASE;
use crate::facet::Facet;
use crate::find::Which;
use crate::incident::Incident;

/// The most that a tag holds.
const LONGEST: usize = 200;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adding {
    /// The incident: its name (a GUID) or its number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that it holds, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// The tag to add.
    tag: String,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Removing {
    /// The incident: its name (a GUID) or its number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that it holds, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// The tag to take away.
    tag: String,
}

impl Facet for Adding {
    const SPEC: ActionSpec = ActionSpec {
        name: "sentinel.add_tag",
        undo: Some("sentinel.remove_tag"),
        summary: "Adds a tag to an incident in Sentinel.",
        ..BASE
    };

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::of(self.incident.as_deref(), self.alert.as_deref())
    }

    fn check(&self) -> Result<(), ActionError> {
        check(&self.tag)
    }

    fn item(&self) -> Option<&str> {
        Some(&self.tag)
    }

    fn read(&self, incident: &Incident) -> Value {
        read(incident, &self.tag)
    }

    fn is_so(&self, incident: &Incident) -> bool {
        has(incident, &self.tag)
    }

    fn make_so(&self, incident: &mut Incident) {
        put(incident, &self.tag, true);
    }

    fn put_back(&self, incident: &mut Incident, before: &Value) {
        put(incident, &self.tag, before["tagged"] == true);
    }
}

impl Facet for Removing {
    const SPEC: ActionSpec = ActionSpec {
        name: "sentinel.remove_tag",
        undo: Some("sentinel.add_tag"),
        summary: "Takes a tag from an incident in Sentinel.",
        ..BASE
    };

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::of(self.incident.as_deref(), self.alert.as_deref())
    }

    fn check(&self) -> Result<(), ActionError> {
        check(&self.tag)
    }

    fn item(&self) -> Option<&str> {
        Some(&self.tag)
    }

    fn read(&self, incident: &Incident) -> Value {
        read(incident, &self.tag)
    }

    fn is_so(&self, incident: &Incident) -> bool {
        !has(incident, &self.tag)
    }

    fn make_so(&self, incident: &mut Incident) {
        put(incident, &self.tag, false);
    }

    fn put_back(&self, incident: &mut Incident, before: &Value) {
        put(incident, &self.tag, before["tagged"] == true);
    }
}

fn check(tag: &str) -> Result<(), ActionError> {
    match (1..=LONGEST).contains(&tag.trim().chars().count()) {
        true => Ok(()),
        false => Err(ActionError::rejected(format!("a tag has from 1 to {LONGEST} letters"))),
    }
}

fn read(incident: &Incident, tag: &str) -> Value {
    json!({ "tagged": has(incident, tag) })
}

fn has(incident: &Incident, tag: &str) -> bool {
    incident.tags().iter().any(|have| have.eq_ignore_ascii_case(tag.trim()))
}

fn put(incident: &mut Incident, tag: &str, tagged: bool) {
    let others = incident.tags().into_iter().filter(|have| !have.eq_ignore_ascii_case(tag.trim()));
    let mut tags: Vec<String> = others.map(str::to_owned).collect();
    tags.extend(tagged.then(|| tag.trim().to_owned()));
    incident.set_tags(&tags);
}

#[cfg(test)]
mod tests {
    use quell_action::Action;

    use super::*;
    use crate::facet::Change;

    #[test]
    fn what_is_kept_is_the_facet_of_the_one_that_is_meant() {
        let held = |params: Value| Change::<Adding>::held(&serde_json::from_value(params).unwrap());
        assert_eq!(held(json!({ "incident": "42", "tag": " VIP" })).as_deref(), Some("incident 42, vip"));
        assert_eq!(
            held(json!({ "alert": "da-1", "tag": "x" })).as_deref(),
            Some("the incident of alert da-1, x")
        );
        assert_eq!(held(json!({ "tag": "x" })), None, "nothing is meant, and nothing is called");
    }
}
