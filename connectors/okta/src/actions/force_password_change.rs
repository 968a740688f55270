//! `account.force_password_change`: a new password at the next sign-in.
//!
//! A user whose password has expired can no longer be suspended: suspend first, and force the change once the
//! suspension is taken back.

use quell_action::{Action, ActionError, ActionSpec, Observation, Outcome, Request, Target};

use super::status::{self, Spares};
use super::{NoParams, ON_USER, OnAccount};
use crate::client::Okta;
use crate::life::EXPIRE_PASSWORD;

/// Expires the password.
pub(crate) struct ForcePasswordChange;

impl Action for ForcePasswordChange {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.force_password_change",
        summary: "Expires the password: the person chooses a new one at the next sign-in.",
        ..ON_USER
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<NoParams>) -> Result<Outcome<OnAccount>, ActionError> {
        status::take(okta, request, &EXPIRE_PASSWORD, Spares::Itself).await
    }

    async fn observe(okta: &Okta, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        status::observe(okta, target, &EXPIRE_PASSWORD).await
    }
}
