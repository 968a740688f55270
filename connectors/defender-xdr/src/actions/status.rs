//! `defender_xdr.set_status` and `defender_xdr.set_alert_status`: says whether somebody works on it. What is resolved is
//! opened again.

use quell_action::{ActionError, ActionSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ON_ALERT, ON_INCIDENT};
use crate::facet::Facet;
use crate::matter::{AlertOutput, IncidentOutput, Kind, Matter, Which};

/// Whether somebody works on an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IncidentStatus {
    /// Nobody works on it.
    Active,
    /// Somebody does.
    InProgress,
}

/// Whether somebody works on an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertStatus {
    /// Nobody works on it.
    New,
    /// Somebody does.
    InProgress,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfIncident {
    /// The incident's number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that is in it, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
    /// `active` or `in_progress`; `defender_xdr.close_incident` closes it.
    status: IncidentStatus,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfAlert {
    /// The alert, such as `{{ alert.id }}`.
    alert: String,
    /// `new` or `in_progress`; `defender_xdr.close_alert` closes it.
    status: AlertStatus,
}

impl IncidentStatus {
    fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::InProgress => "inProgress",
        }
    }
}

impl AlertStatus {
    fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InProgress => "inProgress",
        }
    }
}

impl Facet for OfIncident {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.set_status",
        undo: Some("defender_xdr.set_status"),
        summary: "Sets the status of an incident in Defender XDR; one that is resolved is opened again.",
        ..ON_INCIDENT
    };
    const KIND: Kind = Kind::Incident;
    type Shown = IncidentOutput;

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::incident(self.incident.as_deref(), self.alert.as_deref())
    }

    fn read(&self, matter: &Matter) -> Value {
        json!({ "status": matter.word("status") })
    }

    fn is_so(&self, matter: &Matter) -> bool {
        matter.word("status") == self.status.word()
    }

    fn wanted(&self, _: &Matter) -> Value {
        json!({ "status": self.status.word() })
    }
}

impl Facet for OfAlert {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.set_alert_status",
        undo: Some("defender_xdr.set_alert_status"),
        summary: "Sets the status of an alert in Defender XDR; one that is resolved is opened again.",
        ..ON_ALERT
    };
    const KIND: Kind = Kind::Alert;
    type Shown = AlertOutput;

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::alert(&self.alert)
    }

    fn read(&self, matter: &Matter) -> Value {
        json!({ "status": matter.word("status") })
    }

    fn is_so(&self, matter: &Matter) -> bool {
        matter.word("status") == self.status.word()
    }

    fn wanted(&self, _: &Matter) -> Value {
        json!({ "status": self.status.word() })
    }
}
