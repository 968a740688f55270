//! `thehive.comment`: comments an alert.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Repeat, Request};
use quell_kit::{Deadline, Message, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::action::{AlertOutput, ON_ALERT, changed, no_target};
use crate::desk::Desk;

/// `thehive.comment`.
pub struct Comment;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentParams {
    /// The alert's id.
    #[serde(default)]
    pub alert: Option<String>,
    /// In its place: the id under which it was opened.
    #[serde(default)]
    pub external_id: Option<String>,
    /// What there is to say.
    pub text: String,
}

impl Action for Comment {
    const SPEC: ActionSpec = ActionSpec {
        name: "thehive.comment",
        repeat: Repeat::Never,
        summary: "Comments an alert in TheHive.",
        ..ON_ALERT
    };
    type Params = CommentParams;
    type Output = AlertOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<CommentParams>,
    ) -> Result<Outcome<AlertOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let message = Message::new(None, &params.text, &Map::new(), None, &request.key().0)?;
        let alert = desk.which(params.alert.as_deref(), params.external_id.as_deref(), deadline).await?;
        let comment = desk.comment(&alert, &clip(&message.plain(), 60_000), deadline).await?;
        Ok(Outcome { external_id: Some(comment), ..changed(alert) })
    }
}
