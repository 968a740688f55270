//! `defender_xdr.add_tag` and `defender_xdr.remove_tag`: tags for people and rules to go by.

use quell_action::{ActionError, ActionSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ON_INCIDENT;
use crate::facet::Facet;
use crate::matter::{IncidentOutput, Kind, Matter, Which};

/// The most that a tag holds.
const LONGEST: usize = 200;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adding {
    /// The incident's number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that is in it, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// The tag to add.
    tag: String,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Removing {
    /// The incident's number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that is in it, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// The tag to take away.
    tag: String,
}

impl Facet for Adding {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.add_tag",
        undo: Some("defender_xdr.remove_tag"),
        summary: "Adds a tag to an incident in Defender XDR.",
        ..ON_INCIDENT
    };
    const KIND: Kind = Kind::Incident;
    type Shown = IncidentOutput;

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::incident(self.incident.as_deref(), self.alert.as_deref())
    }

    fn check(&self) -> Result<(), ActionError> {
        check(&self.tag)
    }

    fn item(&self) -> Option<&str> {
        Some(&self.tag)
    }

    fn read(&self, matter: &Matter) -> Value {
        json!({ "tagged": has(matter, &self.tag) })
    }

    fn is_so(&self, matter: &Matter) -> bool {
        has(matter, &self.tag)
    }

    fn wanted(&self, matter: &Matter) -> Value {
        tags(matter, &self.tag, true)
    }

    fn put_back(&self, matter: &Matter, before: &Value) -> Value {
        tags(matter, &self.tag, before["tagged"] == true)
    }
}

impl Facet for Removing {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.remove_tag",
        undo: Some("defender_xdr.add_tag"),
        summary: "Takes a tag from an incident in Defender XDR.",
        ..ON_INCIDENT
    };
    const KIND: Kind = Kind::Incident;
    type Shown = IncidentOutput;

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::incident(self.incident.as_deref(), self.alert.as_deref())
    }

    fn check(&self) -> Result<(), ActionError> {
        check(&self.tag)
    }

    fn item(&self) -> Option<&str> {
        Some(&self.tag)
    }

    fn read(&self, matter: &Matter) -> Value {
        json!({ "tagged": has(matter, &self.tag) })
    }

    fn is_so(&self, matter: &Matter) -> bool {
        !has(matter, &self.tag)
    }

    fn wanted(&self, matter: &Matter) -> Value {
        tags(matter, &self.tag, false)
    }

    fn put_back(&self, matter: &Matter, before: &Value) -> Value {
        tags(matter, &self.tag, before["tagged"] == true)
    }
}

fn check(tag: &str) -> Result<(), ActionError> {
    match (1..=LONGEST).contains(&tag.trim().chars().count()) {
        true => Ok(()),
        false => Err(ActionError::rejected(format!("a tag has from 1 to {LONGEST} letters"))),
    }
}

fn has(matter: &Matter, tag: &str) -> bool {
    matter.tags().iter().any(|have| have.eq_ignore_ascii_case(tag.trim()))
}

/// All tags are written at once: those that are there already stay.
fn tags(matter: &Matter, tag: &str, tagged: bool) -> Value {
    let tag = tag.trim();
    let mut tags = matter.tags();
    tags.retain(|have| !have.eq_ignore_ascii_case(tag));
    tags.extend(tagged.then_some(tag));
    json!({ "customTags": tags })
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
