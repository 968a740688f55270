//! `defender_xdr.set_severity`: says how bad an incident is.

use quell_action::{ActionError, ActionSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ON_INCIDENT;
use crate::facet::Facet;
use crate::matter::{IncidentOutput, Kind, Matter, Which};

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

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rating {
    /// The incident's number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that is in it, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// How bad it is.
    severity: Severity,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Informational => "informational",
        }
    }
}

impl Facet for Rating {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.set_severity",
        undo: Some("defender_xdr.set_severity"),
        summary: "Sets the severity of an incident in Defender XDR.",
        ..ON_INCIDENT
    };
    const KIND: Kind = Kind::Incident;
    type Shown = IncidentOutput;

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::incident(self.incident.as_deref(), self.alert.as_deref())
    }

    fn read(&self, matter: &Matter) -> Value {
        json!({ "severity": matter.word("severity") })
    }

    fn is_so(&self, matter: &Matter) -> bool {
        matter.word("severity") == self.severity.word()
    }

    fn wanted(&self, _: &Matter) -> Value {
        json!({ "severity": self.severity.word() })
    }
}
