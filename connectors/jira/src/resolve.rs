//! `jira.resolve_issue`: takes an issue to the status that resolved ones have, unless it is there.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{IssueOutput, ON_ISSUE, changed, no_target, unchanged};
use crate::desk::Desk;

/// `jira.resolve_issue`.
pub struct Resolve;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveParams {
    /// The issue's key.
    #[serde(default)]
    pub issue: Option<String>,
    /// In its place: the id under which it was opened.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The status to take it to, in the project's own words. Without it, that of the site file.
    #[serde(default)]
    pub status: Option<String>,
}

impl Action for Resolve {
    const SPEC: ActionSpec =
        ActionSpec { name: "jira.resolve_issue", summary: "Takes an issue in Jira to its end.", ..ON_ISSUE };
    type Params = ResolveParams;
    type Output = IssueOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<ResolveParams>,
    ) -> Result<Outcome<IssueOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let wanted = params.status.as_deref().unwrap_or(&desk.settings.resolved_status);
        let found = desk.which(params.issue.as_deref(), params.external_id.as_deref(), deadline).await?;
        // Searching may be seconds behind: the issue itself is not.
        let issue = desk.issue(&found.id, deadline).await?;
        if same(&issue.fields.status.name, wanted) {
            return Ok(unchanged(issue));
        }
        let steps = desk.transitions(&issue, deadline).await?;
        let Some(step) = steps.iter().find(|step| same(&step.to.name, wanted)) else {
            let offered = steps.iter().map(|step| step.to.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(ActionError::rejected(format!(
                "{} is {} and cannot become {wanted}: the workflow offers {offered}",
                issue.key, issue.fields.status.name
            )));
        };
        desk.take(&issue, step, deadline).await?;
        let after = desk.issue(&issue.id, deadline).await.map_err(|error| {
            ActionError::uncertain(format!("{} was taken to {wanted}, and not read back: {error}", issue.key))
        })?;
        match same(&after.fields.status.name, wanted) {
            true => Ok(changed(after)),
            false => Err(ActionError::uncertain(format!(
                "Jira took the step, and {} is {} all the same",
                after.key, after.fields.status.name
            ))),
        }
    }
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}
