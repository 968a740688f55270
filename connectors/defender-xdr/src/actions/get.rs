//! `defender_xdr.get_incident` and `defender_xdr.get_alert`: reads it, for later steps to go by.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ON_ALERT, ON_INCIDENT};
use crate::client::Client;
use crate::facet::no_target;
use crate::matter::{AlertOutput, IncidentOutput, Which};

/// Reads an incident.
pub(crate) struct GetIncident;

/// Reads an alert.
pub(crate) struct GetAlert;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedIncident {
    /// The incident's number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that is in it, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
}

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedAlert {
    /// The alert, such as `{{ alert.id }}`.
    alert: String,
}

impl Action for GetIncident {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.get_incident",
        readable: false,
        permissions: &["SecurityIncident.Read.All", "SecurityAlert.Read.All"],
        summary: "Reads an incident in Defender XDR: by its number, or the one that an alert is in.",
        vendor_page: "https://learn.microsoft.com/graph/api/security-incident-get",
        ..ON_INCIDENT
    };
    type Params = AskedIncident;
    type Output = IncidentOutput;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<AskedIncident>,
    ) -> Result<Outcome<IncidentOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let asked = request.params();
        let which = Which::incident(asked.incident.as_deref(), asked.alert.as_deref())?;
        let incident = client.find(which, Deadline::after(request.time_limit())).await?;
        let outcome = Outcome::unchanged(incident.incident_output());
        Ok(Outcome { external_id: Some(incident.id), ..outcome })
    }
}

impl Action for GetAlert {
    const SPEC: ActionSpec = ActionSpec {
        name: "defender_xdr.get_alert",
        readable: false,
        permissions: &["SecurityAlert.Read.All"],
        summary: "Reads an alert in Defender XDR.",
        vendor_page: "https://learn.microsoft.com/graph/api/security-alert-get",
        ..ON_ALERT
    };
    type Params = AskedAlert;
    type Output = AlertOutput;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<AskedAlert>,
    ) -> Result<Outcome<AlertOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let which = Which::alert(&request.params().alert)?;
        let alert = client.find(which, Deadline::after(request.time_limit())).await?;
        let outcome = Outcome::unchanged(alert.alert_output());
        Ok(Outcome { external_id: Some(alert.id), ..outcome })
    }
}
