//! The actions, one file each, and what they have in common.

mod add_to_group;
mod disable;
mod disable_machine;
mod enable;
mod enable_machine;
mod enabled;
mod force_password_change;
mod get_user;
mod membership;
mod remove_from_group;
mod reset_password;
mod unlock;

use quell_action::{ActionError, Outcome, State};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::target::Held;

pub(crate) use add_to_group::AddToGroup;
pub(crate) use disable::DisableAccount;
pub(crate) use disable_machine::DisableMachine;
pub(crate) use enable::EnableAccount;
pub(crate) use enable_machine::EnableMachine;
pub(crate) use force_password_change::ForcePasswordChange;
pub(crate) use get_user::GetUser;
pub(crate) use remove_from_group::RemoveFromGroup;
pub(crate) use reset_password::ResetPassword;
pub(crate) use unlock::UnlockAccount;

/// For actions that need no parameters.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParams {}

/// What every action on an account tells.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OnAccount {
    /// What people call the account: `alice@corp.example`.
    pub(crate) account: String,
    /// The domain controller that was told. Others learn of it by replication.
    pub(crate) controller: String,
}

impl OnAccount {
    fn of(held: &Held) -> Self {
        Self { account: held.display.clone(), controller: held.server() }
    }
}

/// What every action on a machine tells.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OnMachine {
    /// What people call the machine: `wks1.corp.example`.
    pub(crate) device: String,
    /// The domain controller that was told. Others learn of it by replication.
    pub(crate) controller: String,
}

impl OnMachine {
    fn of(held: &Held) -> Self {
        Self { device: held.display.clone(), controller: held.server() }
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
fn changed_meanwhile(held: &Held, what: &str) -> ActionError {
    ActionError::rejected(format!("{} was changed meanwhile and is left alone: {what}", held.display))
}

/// An undo that found nothing left to do.
fn nothing_to_undo() -> Outcome<()> {
    Outcome::unchanged(())
}
