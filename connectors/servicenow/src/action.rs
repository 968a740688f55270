//! What the actions have in common.

use quell_action::{ActionError, ActionSpec, Effect, Impact, Outcome, Repeat, State, Target, TargetKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::connector::NAME;
use crate::desk::Incident;

/// What the actions have in common.
pub(crate) const ON_INCIDENT: ActionSpec = ActionSpec {
    name: "",
    provider: NAME,
    target: TargetKind::None,
    impact: Impact::Informing,
    undo: None,
    repeat: Repeat::Safe,
    readable: false,
    permissions: &["The role itil, or read and write on the table of incidents"],
    summary: "",
    vendor_page: "https://www.servicenow.com/docs/bundle/zurich-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html",
};

/// Which incident is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// Its number (`INC0010001`) or `sys_id`.
    pub incident: Option<String>,
    /// The id under which it was opened.
    pub external_id: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentOutput {
    /// Its number: INC0010001.
    pub incident: String,
    /// Its immutable id.
    pub sys_id: String,
    /// The state that it has now, in the instance's own numbers.
    pub state: String,
}

/// Refuses a target: nobody is acted on here.
pub(crate) fn no_target(target: &Target, name: &str) -> Result<(), ActionError> {
    match target {
        Target::None => Ok(()),
        _ => Err(ActionError::rejected(format!("{name} has no target"))),
    }
}

/// Something was written.
pub(crate) fn changed(incident: Incident) -> Outcome<IncidentOutput> {
    let effect = Effect::Changed { before: State::default(), after: State::default() };
    Outcome { effect, ..unchanged(incident) }
}

/// Nothing was left to write.
pub(crate) fn unchanged(incident: Incident) -> Outcome<IncidentOutput> {
    let Incident { sys_id, number, state, .. } = incident;
    Outcome {
        effect: Effect::Unchanged,
        external_id: Some(sys_id.clone()),
        output: IncidentOutput { incident: number, sys_id, state },
    }
}

/// Fields as a playbook writes them: text, numbers, true and false.
///
/// # Errors
/// When one is none of these, or is one that the connector keeps.
pub(crate) fn fields(fields: &Map<String, Value>) -> Result<Map<String, Value>, ActionError> {
    for (name, value) in fields {
        let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !named || name.starts_with("sys_") || name == "correlation_id" {
            return Err(ActionError::rejected(format!("the field {name:?} cannot be set")));
        }
        if value.is_object() || value.is_array() {
            return Err(ActionError::rejected(format!(
                "the field {name} takes text, a number, true or false"
            )));
        }
    }
    Ok(fields.clone())
}
