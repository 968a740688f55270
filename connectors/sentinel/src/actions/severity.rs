//! `sentinel.set_severity`: says how bad it is.

use quell_action::{ActionError, ActionSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::BASE;
use crate::facet::Facet;
use crate::find::Which;
use crate::incident::Incident;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// Somebody has to look at it now.
    High,
    /// Somebody has to look at it.
    Medium,
    /// It may be nothing.
    Low,
    /// Good to know.
    Informational,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::High => "High",
            Self::Medium => "Medium",
            Self::Low => "Low",
            Self::Informational => "Informational",
        }
    }
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rating {
    /// The incident: its name (a GUID) or its number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that it holds, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// How bad it is.
    severity: Severity,
}

impl Facet for Rating {
    const SPEC: ActionSpec = ActionSpec {
        name: "sentinel.set_severity",
        undo: Some("sentinel.set_severity"),
        summary: "Sets the severity of an incident in Sentinel.",
        ..BASE
    };

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::of(self.incident.as_deref(), self.alert.as_deref())
    }

    fn read(&self, incident: &Incident) -> Value {
        json!({ "severity": incident.text("severity") })
    }

    fn is_so(&self, incident: &Incident) -> bool {
        incident.text("severity") == Some(self.severity.word())
    }

    fn make_so(&self, incident: &mut Incident) {
        incident.set("severity", Some(self.severity.word()));
    }

    fn put_back(&self, incident: &mut Incident, before: &Value) {
        incident.set("severity", before["severity"].as_str());
    }
}
