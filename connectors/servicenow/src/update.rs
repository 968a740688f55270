//! `servicenow.update_incident`: sets fields of an incident.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::action::{IncidentOutput, ON_INCIDENT, Which, changed, fields, no_target};
use crate::desk::Desk;

/// `servicenow.update_incident`.
pub struct Update;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateParams {
    /// The incident: its number or `sys_id`.
    #[serde(default)]
    pub incident: Option<String>,
    /// In its place: the id under which it was opened.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The fields to set, by their names in the table: `{ urgency: 1, assigned_to: <sys_id> }`.
    pub fields: Map<String, Value>,
}

impl Action for Update {
    const SPEC: ActionSpec = ActionSpec {
        name: "servicenow.update_incident",
        summary: "Sets fields of an incident in ServiceNow.",
        ..ON_INCIDENT
    };
    type Params = UpdateParams;
    type Output = IncidentOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<UpdateParams>,
    ) -> Result<Outcome<IncidentOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let fields = fields(&params.fields)?;
        if fields.is_empty() {
            return Err(ActionError::rejected("there is nothing to set: `fields` is empty"));
        }
        // Journals take everything as often as it comes, and this action may come twice.
        if fields.contains_key("work_notes") || fields.contains_key("comments") {
            return Err(ActionError::rejected("work notes and comments are written with servicenow.comment"));
        }
        let which = Which { incident: params.incident.clone(), external_id: params.external_id.clone() };
        let incident = desk.which(&which, deadline).await?;
        desk.change(&incident, fields, deadline).await.map(changed)
    }
}
