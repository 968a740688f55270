//! What the actions have in common.

use quell_action::{ActionError, ActionSpec, Effect, Impact, Outcome, Repeat, State, Target, TargetKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connector::NAME;
use crate::desk::Issue;

/// What the actions have in common.
pub(crate) const ON_ISSUE: ActionSpec = ActionSpec {
    name: "",
    provider: NAME,
    target: TargetKind::None,
    impact: Impact::Informing,
    undo: None,
    repeat: Repeat::Safe,
    readable: false,
    permissions: &["Browse projects", "Create, edit, transition and comment issues"],
    summary: "",
    vendor_page: "https://developer.atlassian.com/cloud/jira/platform/rest/v3/",
};

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IssueOutput {
    /// The issue's key: SEC-17.
    pub issue: String,
    /// Its immutable id.
    pub id: String,
}

/// Refuses a target: nobody is acted on here.
pub(crate) fn no_target(target: &Target, name: &str) -> Result<(), ActionError> {
    match target {
        Target::None => Ok(()),
        _ => Err(ActionError::rejected(format!("{name} has no target"))),
    }
}

/// Something was written.
pub(crate) fn changed(issue: Issue) -> Outcome<IssueOutput> {
    let effect = Effect::Changed { before: State::default(), after: State::default() };
    Outcome { effect, ..unchanged(issue) }
}

/// Nothing was left to write.
pub(crate) fn unchanged(issue: Issue) -> Outcome<IssueOutput> {
    let external_id = Some(issue.key.clone());
    Outcome { effect: Effect::Unchanged, external_id, output: IssueOutput { issue: issue.key, id: issue.id } }
}
