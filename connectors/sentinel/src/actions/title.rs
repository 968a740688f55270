//! `sentinel.set_title`: gives an incident another title.

use quell_action::{ActionError, ActionSpec};
use quell_kit::clip;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::BASE;
use crate::facet::Facet;
use crate::find::Which;
use crate::incident::Incident;

/// The most that a title holds.
const LONGEST: usize = 500;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Title {
    /// The incident: its name (a GUID) or its number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that it holds, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// What it is called from now on.
    title: String,
}

impl Title {
    /// One line.
    fn line(&self) -> String {
        clip(&self.title.split_whitespace().collect::<Vec<_>>().join(" "), LONGEST)
    }
}

impl Facet for Title {
    const SPEC: ActionSpec = ActionSpec {
        name: "sentinel.set_title",
        undo: Some("sentinel.set_title"),
        summary: "Gives an incident in Sentinel another title.",
        ..BASE
    };

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::of(self.incident.as_deref(), self.alert.as_deref())
    }

    fn check(&self) -> Result<(), ActionError> {
        match self.line().is_empty() {
            false => Ok(()),
            true => Err(ActionError::rejected("the title is empty")),
        }
    }

    fn read(&self, incident: &Incident) -> Value {
        json!({ "title": incident.text("title") })
    }

    fn is_so(&self, incident: &Incident) -> bool {
        incident.text("title") == Some(&self.line())
    }

    fn make_so(&self, incident: &mut Incident) {
        incident.set("title", Some(&self.line()));
    }

    fn put_back(&self, incident: &mut Incident, before: &Value) {
        incident.set("title", before["title"].as_str());
    }
}
