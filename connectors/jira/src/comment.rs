//! `jira.comment`: comments an issue.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Repeat, Request};
use quell_kit::{Deadline, Message};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::action::{IssueOutput, ON_ISSUE, changed, no_target};
use crate::desk::Desk;
use crate::document::document;

/// `jira.comment`.
pub struct Comment;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentParams {
    /// The issue's key.
    #[serde(default)]
    pub issue: Option<String>,
    /// In its place: the id under which it was opened.
    #[serde(default)]
    pub external_id: Option<String>,
    /// What there is to say.
    pub text: String,
}

impl Action for Comment {
    const SPEC: ActionSpec = ActionSpec {
        name: "jira.comment",
        repeat: Repeat::Never,
        summary: "Comments an issue in Jira.",
        ..ON_ISSUE
    };
    type Params = CommentParams;
    type Output = IssueOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<CommentParams>,
    ) -> Result<Outcome<IssueOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let message = Message::new(None, &params.text, &Map::new(), None, &request.key().0)?;
        let issue = desk.which(params.issue.as_deref(), params.external_id.as_deref(), deadline).await?;
        let comment = desk.comment(&issue, document(&message.plain()), deadline).await?;
        Ok(Outcome { external_id: Some(comment), ..changed(issue) })
    }
}
