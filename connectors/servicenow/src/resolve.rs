//! `servicenow.resolve_incident`: resolves an incident, unless it is.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};
use quell_kit::{Deadline, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::action::{IncidentOutput, ON_INCIDENT, Which, changed, no_target, unchanged};
use crate::desk::Desk;

/// `servicenow.resolve_incident`.
pub struct Resolve;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveParams {
    /// The incident: its number or `sys_id`.
    #[serde(default)]
    pub incident: Option<String>,
    /// In its place: the id under which it was opened.
    #[serde(default)]
    pub external_id: Option<String>,
    /// How it was resolved, in the instance's own words.
    #[serde(default = "default_code")]
    pub close_code: String,
    /// What was done.
    pub close_notes: String,
}

impl Action for Resolve {
    const SPEC: ActionSpec = ActionSpec {
        name: "servicenow.resolve_incident",
        summary: "Resolves an incident in ServiceNow.",
        ..ON_INCIDENT
    };
    type Params = ResolveParams;
    type Output = IncidentOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<ResolveParams>,
    ) -> Result<Outcome<IncidentOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let which = Which { incident: params.incident.clone(), external_id: params.external_id.clone() };
        let incident = desk.which(&which, deadline).await?;
        let resolved = &desk.settings.resolved_state;
        if incident.state == *resolved || desk.settings.ended_states.contains(&incident.state) {
            return Ok(unchanged(incident));
        }
        let body = json!({
            "state": resolved, "close_code": params.close_code, "close_notes": clip(&params.close_notes, 3900),
        });
        let body: Map<String, Value> = body.as_object().cloned().unwrap_or_default();
        let after = desk.change(&incident, body, deadline).await?;
        // Rules of the instance may change what was written: what it gives back counts.
        match after.state == *resolved || desk.settings.ended_states.contains(&after.state) {
            true => Ok(changed(after)),
            false => Err(ActionError::uncertain(format!(
                "ServiceNow took the change, and {} has the state {} all the same",
                after.number, after.state
            ))),
        }
    }
}

fn default_code() -> String {
    "Solved (Permanently)".to_owned()
}
