//! What the actions have in common.

use quell_action::{ActionError, ActionSpec, Effect, Impact, Outcome, Repeat, State, Target, TargetKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connector::NAME;
use crate::desk::Alert;

/// What the actions have in common.
pub(crate) const ON_ALERT: ActionSpec = ActionSpec {
    name: "",
    provider: NAME,
    target: TargetKind::None,
    impact: Impact::Informing,
    undo: None,
    repeat: Repeat::Safe,
    readable: false,
    permissions: &["The permission manageAlert, and manageComment for comments"],
    summary: "",
    vendor_page: "https://docs.strangebee.com/thehive/api-docs/",
};

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertOutput {
    /// The alert's id: ~123.
    pub alert: String,
}

/// Refuses a target: nobody is acted on here.
pub(crate) fn no_target(target: &Target, name: &str) -> Result<(), ActionError> {
    match target {
        Target::None => Ok(()),
        _ => Err(ActionError::rejected(format!("{name} has no target"))),
    }
}

/// Something was written.
pub(crate) fn changed(alert: Alert) -> Outcome<AlertOutput> {
    let effect = Effect::Changed { before: State::default(), after: State::default() };
    Outcome { effect, ..unchanged(alert) }
}

/// Nothing was left to write.
pub(crate) fn unchanged(alert: Alert) -> Outcome<AlertOutput> {
    let external_id = Some(alert.id.clone());
    Outcome { effect: Effect::Unchanged, external_id, output: AlertOutput { alert: alert.id } }
}
