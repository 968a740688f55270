//! `sentinel.set_status`: says that somebody works on it, or that nobody does yet. What is closed is opened again.

use quell_action::{ActionError, ActionSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::BASE;
use crate::facet::Facet;
use crate::find::Which;
use crate::incident::Incident;

/// What says whether an incident is open, and how it was closed.
const MEMBERS: [&str; 4] = ["status", "classification", "classificationReason", "classificationComment"];

/// Whether somebody works on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Nobody has looked at it.
    New,
    /// Somebody works on it.
    Active,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Active => "Active",
        }
    }
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Standing {
    /// The incident: its name (a GUID) or its number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that it holds, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// `new` or `active`; `sentinel.close_incident` closes it.
    status: Status,
}

impl Facet for Standing {
    const SPEC: ActionSpec = ActionSpec {
        name: "sentinel.set_status",
        undo: Some("sentinel.set_status"),
        summary: "Sets the status of an incident in Sentinel to new or active; one that is closed is opened again.",
        ..BASE
    };

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::of(self.incident.as_deref(), self.alert.as_deref())
    }

    fn read(&self, incident: &Incident) -> Value {
        read(incident)
    }

    fn is_so(&self, incident: &Incident) -> bool {
        incident.text("status") == Some(self.status.word())
    }

    fn make_so(&self, incident: &mut Incident) {
        put(incident, [Some(self.status.word()), None, None, None]);
    }

    fn put_back(&self, incident: &mut Incident, before: &Value) {
        put_back(incident, before);
    }
}

/// How it stands, with the verdict that it was closed with.
pub(super) fn read(incident: &Incident) -> Value {
    json!({
        "status": incident.text("status"),
        "classification": incident.text("classification"),
        "classificationReason": incident.text("classificationReason"),
        "classificationComment": incident.text("classificationComment"),
    })
}

/// Sets all of it: the status, the verdict, its reason and what was said of it.
pub(super) fn put(incident: &mut Incident, values: [Option<&str>; 4]) {
    for (name, value) in MEMBERS.into_iter().zip(values) {
        incident.set(name, value);
    }
}

/// Makes it what was read before.
pub(super) fn put_back(incident: &mut Incident, before: &Value) {
    put(incident, MEMBERS.map(|name| before[name].as_str()));
}
