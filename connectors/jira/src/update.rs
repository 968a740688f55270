//! `jira.update_issue`: sets fields of an issue.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::action::{IssueOutput, ON_ISSUE, changed, no_target};
use crate::desk::Desk;

/// `jira.update_issue`.
pub struct Update;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateParams {
    /// The issue's key.
    #[serde(default)]
    pub issue: Option<String>,
    /// In its place: the id under which it was opened.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The fields to set, in Jira's own form: `{ priority: { name: High } }`.
    pub fields: Map<String, Value>,
}

impl Action for Update {
    const SPEC: ActionSpec =
        ActionSpec { name: "jira.update_issue", summary: "Sets fields of an issue in Jira.", ..ON_ISSUE };
    type Params = UpdateParams;
    type Output = IssueOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<UpdateParams>,
    ) -> Result<Outcome<IssueOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        // The labels hold the one by which the issue is found again.
        if params.fields.is_empty() || params.fields.contains_key("labels") {
            return Err(ActionError::rejected(
                "`fields` is empty, or sets the labels, by one of which it is found again",
            ));
        }
        let issue = desk.which(params.issue.as_deref(), params.external_id.as_deref(), deadline).await?;
        desk.change(&issue, Value::Object(params.fields.clone()), deadline).await?;
        Ok(changed(issue))
    }
}
