//! The actions, one file each, and what they have in common.

mod activate;
mod add_to_group;
mod deactivate;
mod disable;
mod enable;
mod force_password_change;
mod get_groups;
mod get_user;
mod membership;
mod reactivate;
mod remove_from_group;
mod reset_password;
mod revoke_sessions;
mod revoke_tokens;
mod set_risk;
mod status;
mod unlock;

use quell_action::{ActionError, ActionSpec, Impact, Outcome, Repeat, State, TargetKind};
use quell_alert::Provider;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::users::User;

pub(crate) use activate::ActivateAccount;
pub(crate) use add_to_group::AddToGroup;
pub(crate) use deactivate::DeactivateAccount;
pub(crate) use disable::DisableAccount;
pub(crate) use enable::EnableAccount;
pub(crate) use force_password_change::ForcePasswordChange;
pub(crate) use get_groups::GetGroups;
pub(crate) use get_user::GetUser;
pub(crate) use reactivate::ReactivateAccount;
pub(crate) use remove_from_group::RemoveFromGroup;
pub(crate) use reset_password::ResetPassword;
pub(crate) use revoke_sessions::RevokeSessions;
pub(crate) use revoke_tokens::RevokeTokens;
pub(crate) use set_risk::SetRisk;
pub(crate) use unlock::UnlockAccount;

/// What most actions have in common.
const ON_USER: ActionSpec = ActionSpec {
    name: "",
    provider: Provider::OKTA,
    target: TargetKind::Account,
    impact: Impact::Disruptive,
    undo: None,
    repeat: Repeat::Safe,
    readable: true,
    permissions: &["okta.users.read", "okta.users.manage"],
    summary: "",
    vendor_page: "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserLifecycle/",
};

/// For actions that need no parameters.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParams {}

/// What every action on an account tells.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OnAccount {
    /// What people call the account: its login.
    pub(crate) account: String,
}

impl OnAccount {
    fn of(user: &User) -> Self {
        Self { account: user.display().to_owned() }
    }
}

/// Puts a state of ours into the form in which the engine keeps it.
fn kept<S: Serialize>(state: &S) -> Result<State, ActionError> {
    serde_json::to_value(state).map(State).map_err(|error| ActionError::rejected(error.to_string()))
}

/// Reads a state of ours as the engine kept it.
fn read<S: DeserializeOwned>(state: &State) -> Result<S, ActionError> {
    serde_json::from_value(state.0.clone())
        .map_err(|error| ActionError::rejected(format!("the state that was kept cannot be read: {error}")))
}

/// It no longer is as the action left it, nor as it was before: somebody else has a reason, and is left alone.
fn changed_meanwhile(who: &str, what: &str) -> ActionError {
    ActionError::rejected(format!("{who} was changed meanwhile and is left alone: {what}"))
}

/// An undo that found nothing left to do.
fn nothing_to_undo() -> Outcome<()> {
    Outcome::unchanged(())
}
