//! The actions, one file for each state that they change, and what they have in common.

mod enabled;
mod get_manager;
mod get_user;
mod membership;
mod password;
mod risk;
mod sessions;

use quell_action::{ActionError, ActionSpec, Impact, Outcome, Repeat, State, TargetKind};
use quell_alert::Provider;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::user::User;

pub(crate) use enabled::{DisableAccount, EnableAccount};
pub(crate) use get_manager::GetManager;
pub(crate) use get_user::GetUser;
pub(crate) use membership::{AddToGroup, RemoveFromGroup};
pub(crate) use password::{ForcePasswordChange, ResetPassword};
pub(crate) use risk::{DismissRisk, MarkCompromised};
pub(crate) use sessions::{RequireSignIn, RevokeSessions};

/// What most actions have in common.
const BASE: ActionSpec = ActionSpec {
    name: "",
    provider: Provider::ENTRA_ID,
    target: TargetKind::Account,
    impact: Impact::Disruptive,
    undo: None,
    repeat: Repeat::Safe,
    readable: true,
    permissions: &[],
    summary: "",
    vendor_page: "",
};

/// For actions that need no parameters.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParams {}

/// What every action on an account tells.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OnAccount {
    /// What people call the account: `alice@contoso.example`.
    pub(crate) account: String,
}

impl OnAccount {
    fn of(user: &User) -> Self {
        Self { account: user.display() }
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

/// An undo that found nothing left to do.
fn nothing_to_undo() -> Outcome<()> {
    Outcome::unchanged(())
}
