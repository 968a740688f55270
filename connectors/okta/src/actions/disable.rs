//! `account.disable`: nobody can sign in with it, and everything else stays as it is.
//!
//! Suspending ends the sessions at Okta; access tokens that applications check by themselves live on until they expire.
//! Follow with `account.revoke_sessions`.

use quell_action::{Action, ActionError, ActionSpec, Observation, Outcome, Request, Restore, Target};

use super::status::{self, Spares};
use super::{NoParams, ON_USER, OnAccount};
use crate::client::Okta;
use crate::life::{SUSPEND, UNSUSPEND};

/// Suspends a user.
pub(crate) struct DisableAccount;

impl Action for DisableAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.disable",
        undo: Some("account.enable"),
        summary: "Suspends an active user: nobody can sign in, and everything else stays as it is.",
        ..ON_USER
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<NoParams>) -> Result<Outcome<OnAccount>, ActionError> {
        status::take(okta, request, &SUSPEND, Spares::Itself).await
    }

    async fn observe(okta: &Okta, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        status::observe(okta, target, &SUSPEND).await
    }

    async fn restore(okta: &Okta, request: &Request<Restore<NoParams>>) -> Result<Outcome<()>, ActionError> {
        status::restore(okta, request, &UNSUSPEND).await
    }
}
