//! `account.reset_password`: the password is taken away, and the sessions end.
//!
//! The link by which a new one is set is mailed only where the settings say so, and never kept.

use quell_action::{Action, ActionError, ActionSpec, Observation, Outcome, Request, Target};

use super::status::{self, Spares};
use super::{NoParams, ON_USER, OnAccount};
use crate::client::Okta;
use crate::life::RESET_PASSWORD;

/// Takes the password away.
pub(crate) struct ResetPassword;

impl Action for ResetPassword {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.reset_password",
        summary: "Takes the password away: the person sets a new one by way of recovery.",
        ..ON_USER
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<NoParams>) -> Result<Outcome<OnAccount>, ActionError> {
        status::take(okta, request, &RESET_PASSWORD, Spares::Itself).await
    }

    async fn observe(okta: &Okta, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        status::observe(okta, target, &RESET_PASSWORD).await
    }
}
