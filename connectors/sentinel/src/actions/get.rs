//! `sentinel.get_incident`: reads an incident, for later steps to go by.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BASE, READ};
use crate::client::Client;
use crate::facet::no_target;
use crate::find::Which;
use crate::incident::IncidentOutput;

/// Reads an incident.
pub(crate) struct GetIncident;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The incident: its name (a GUID) or its number.
    #[serde(default)]
    incident: Option<String>,
    /// In its place: an alert that it holds, such as `{{ alert.id }}`.
    #[serde(default)]
    alert: Option<String>,
}

impl Action for GetIncident {
    const SPEC: ActionSpec = ActionSpec {
        name: "sentinel.get_incident",
        readable: false,
        permissions: &[READ],
        summary: "Reads an incident in Sentinel: by its number, or the one that holds an alert.",
        ..BASE
    };
    type Params = Asked;
    type Output = IncidentOutput;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<Asked>,
    ) -> Result<Outcome<IncidentOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let asked = request.params();
        let which = Which::of(asked.incident.as_deref(), asked.alert.as_deref())?;
        let incident = client.find(which, Deadline::after(request.time_limit())).await?;
        Ok(Outcome { external_id: Some(incident.name.clone()), ..Outcome::unchanged(incident.output()) })
    }
}
