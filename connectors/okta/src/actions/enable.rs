//! `account.enable`: takes a suspension back.

use quell_action::{Action, ActionError, ActionSpec, Impact, Observation, Outcome, Request, Restore, Target};

use super::status::{self, Spares};
use super::{NoParams, ON_USER, OnAccount};
use crate::client::Okta;
use crate::life::{SUSPEND, UNSUSPEND};

/// Unsuspends a user.
pub(crate) struct EnableAccount;

impl Action for EnableAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.enable",
        impact: Impact::Restoring,
        undo: Some("account.disable"),
        summary: "Takes a suspension back.",
        ..ON_USER
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<NoParams>) -> Result<Outcome<OnAccount>, ActionError> {
        status::take(okta, request, &UNSUSPEND, Spares::Nobody).await
    }

    async fn observe(okta: &Okta, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        status::observe(okta, target, &UNSUSPEND).await
    }

    async fn restore(okta: &Okta, request: &Request<Restore<NoParams>>) -> Result<Outcome<()>, ActionError> {
        status::restore(okta, request, &SUSPEND).await
    }
}
