//! `servicenow.comment`: writes into the journal of an incident.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Repeat, Request};
use quell_kit::{Deadline, Message, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::action::{IncidentOutput, ON_INCIDENT, Which, changed, no_target};
use crate::desk::Desk;

/// `servicenow.comment`.
pub struct Comment;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentParams {
    /// The incident: its number or `sys_id`.
    #[serde(default)]
    pub incident: Option<String>,
    /// In its place: the id under which it was opened.
    #[serde(default)]
    pub external_id: Option<String>,
    /// What there is to say.
    pub text: String,
    /// Whether the caller sees it. Without this, it is a work note.
    #[serde(default)]
    pub visible: bool,
}

impl Action for Comment {
    const SPEC: ActionSpec = ActionSpec {
        name: "servicenow.comment",
        // The journal takes everything as often as it comes.
        repeat: Repeat::Never,
        summary: "Writes into the journal of an incident in ServiceNow.",
        ..ON_INCIDENT
    };
    type Params = CommentParams;
    type Output = IncidentOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<CommentParams>,
    ) -> Result<Outcome<IncidentOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let message = Message::new(None, &params.text, &Map::new(), None, &request.key().0)?;
        let which = Which { incident: params.incident.clone(), external_id: params.external_id.clone() };
        let incident = desk.which(&which, deadline).await?;
        let field = if params.visible { "comments" } else { "work_notes" };
        let body: Map<String, Value> =
            [(field.to_owned(), json!(clip(&message.plain(), 30_000)))].into_iter().collect();
        desk.change(&incident, body, deadline).await.map(changed)
    }
}
