//! `thehive.update_alert`: sets fields of an alert.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::action::{AlertOutput, ON_ALERT, changed, no_target};
use crate::desk::Desk;

/// `thehive.update_alert`.
pub struct Update;

/// What a playbook writes under `with:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateParams {
    /// The alert's id.
    #[serde(default)]
    pub alert: Option<String>,
    /// In its place: the id under which it was opened.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The fields to set, in TheHive's own form: `{ severity: 3, addTags: [contained] }`.
    pub fields: Map<String, Value>,
}

impl Action for Update {
    const SPEC: ActionSpec = ActionSpec {
        name: "thehive.update_alert",
        summary: "Sets fields of an alert in TheHive.",
        ..ON_ALERT
    };
    type Params = UpdateParams;
    type Output = AlertOutput;
    type Client = Desk;

    async fn execute(
        desk: &Desk,
        request: &Request<UpdateParams>,
    ) -> Result<Outcome<AlertOutput>, ActionError> {
        no_target(request.target(), Self::SPEC.name)?;
        let deadline = Deadline::after(request.time_limit());
        let params = request.params();
        // By these it is found again.
        let own = ["type", "source", "sourceRef"];
        if params.fields.is_empty() || own.iter().any(|own| params.fields.contains_key(*own)) {
            return Err(ActionError::rejected(
                "`fields` is empty, or sets type, source or sourceRef, by which it is found",
            ));
        }
        let alert = desk.which(params.alert.as_deref(), params.external_id.as_deref(), deadline).await?;
        desk.change(&alert, Value::Object(params.fields.clone()), deadline).await?;
        Ok(changed(alert))
    }
}
