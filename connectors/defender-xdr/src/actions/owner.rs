//! `defender_xdr.set_owner` and `defender_xdr.set_alert_owner`: says who looks after it.

use quell_action::{ActionError, ActionSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ON_ALERT, ON_INCIDENT};
use crate::facet::Facet;
use crate::matter::{AlertOutput, IncidentOutput, Kind, Matter, Which};

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
    /// Who looks after it, by the user principal name. Empty: nobody.
    owner: String,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfAlert {
    /// The alert, such as `{{ alert.id }}`.
    alert: String,
    /// Who looks after it, by the user principal name. Empty: nobody.
    owner: String,
}

impl Facet for OfIncident {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.set_owner",
        undo: Some("defender_xdr.set_owner"),
        summary: "Says who looks after an incident in Defender XDR.",
        ..ON_INCIDENT
    };
    const KIND: Kind = Kind::Incident;
    type Shown = IncidentOutput;

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::incident(self.incident.as_deref(), self.alert.as_deref())
    }

    fn check(&self) -> Result<(), ActionError> {
        check(&self.owner)
    }

    fn read(&self, matter: &Matter) -> Value {
        read(matter)
    }

    fn is_so(&self, matter: &Matter) -> bool {
        is_so(&self.owner, matter)
    }

    fn wanted(&self, _: &Matter) -> Value {
        wanted(&self.owner)
    }
}

impl Facet for OfAlert {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.set_alert_owner",
        undo: Some("defender_xdr.set_alert_owner"),
        summary: "Says who looks after an alert in Defender XDR.",
        ..ON_ALERT
    };
    const KIND: Kind = Kind::Alert;
    type Shown = AlertOutput;

    fn which(&self) -> Result<Which<'_>, ActionError> {
        Which::alert(&self.alert)
    }

    fn check(&self) -> Result<(), ActionError> {
        check(&self.owner)
    }

    fn read(&self, matter: &Matter) -> Value {
        read(matter)
    }

    fn is_so(&self, matter: &Matter) -> bool {
        is_so(&self.owner, matter)
    }

    fn wanted(&self, _: &Matter) -> Value {
        wanted(&self.owner)
    }
}

fn check(owner: &str) -> Result<(), ActionError> {
    let name = owner.trim();
    let fits = |letter: char| !letter.is_whitespace() && !letter.is_control();
    let has_domain =
        name.split_once('@').is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty());
    match name.is_empty() || (has_domain && name.len() <= 256 && name.chars().all(fits)) {
        true => Ok(()),
        false => Err(ActionError::rejected(format!("{name:?} is no user principal name: name@domain"))),
    }
}

fn read(matter: &Matter) -> Value {
    json!({ "assignedTo": matter.text("assignedTo") })
}

fn is_so(owner: &str, matter: &Matter) -> bool {
    matter.text("assignedTo").unwrap_or_default().eq_ignore_ascii_case(owner.trim())
}

fn wanted(owner: &str) -> Value {
    let owner = Some(owner.trim()).filter(|name| !name.is_empty());
    json!({ "assignedTo": owner })
}
