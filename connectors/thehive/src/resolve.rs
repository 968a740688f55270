//! `thehive.resolve_alert`: gives an alert the status that resolved ones have, unless it has it.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};
use quell_kit::{Deadline, clip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{AlertOutput, ON_ALERT, changed, no_target, unchanged};
use crate::desk::Desk;

/// `thehive.resolve_alert`.
pub struct Resolve;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveParams {
    /// The alert's id.
    #[serde(default)]
    pub alert: Option<String>,
    /// In its place: the id under which it was opened.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The status to give it, in the installation's own words. Without it, that of the site file.
    #[serde(default)]
    pub status: Option<String>,
    /// What was done.
    #[serde(default)]
    pub summary: Option<String>,
}

impl Action for Resolve {
    const SPEC: ActionSpec =
        ActionSpec { name: "thehive.resolve_alert", summary: "Resolves an alert in TheHive.", ..ON_ALERT };
    type Params = ResolveParams;
    type Output = AlertOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<ResolveParams>,
    ) -> Result<Outcome<AlertOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        let wanted = params.status.as_deref().unwrap_or(&desk.settings.resolved_status);
        let alert = desk.which(params.alert.as_deref(), params.external_id.as_deref(), deadline).await?;
        if alert.status == wanted {
            return Ok(unchanged(alert));
        }
        let mut fields = json!({ "status": wanted });
        if let Some(summary) = &params.summary {
            fields["summary"] = json!(clip(summary, 30_000));
        }
        desk.change(&alert, fields, deadline).await?;
        let after = desk.alert(&alert.id, deadline).await.map_err(|error| {
            ActionError::uncertain(format!("{} was resolved, and not read back: {error}", alert.id))
        })?;
        match after.status == wanted {
            true => Ok(changed(after)),
            false => Err(ActionError::uncertain(format!(
                "TheHive took the change, and {} is {} all the same",
                after.id, after.status
            ))),
        }
    }
}
