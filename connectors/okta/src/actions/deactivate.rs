//! `account.deactivate`: for good. Applications lose the user, and what they kept may be gone.

use quell_action::{Action, ActionError, ActionSpec, Observation, Outcome, Request, Target};

use super::status::{self, Spares};
use super::{NoParams, ON_USER, OnAccount};
use crate::client::Okta;
use crate::life::DEACTIVATE;

/// Deactivates a user.
pub(crate) struct DeactivateAccount;

impl Action for DeactivateAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.deactivate",
        summary: "Deactivates the user for good: application assignments are lost.",
        ..ON_USER
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<NoParams>) -> Result<Outcome<OnAccount>, ActionError> {
        status::take(okta, request, &DEACTIVATE, Spares::Itself).await
    }

    async fn observe(okta: &Okta, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        status::observe(okta, target, &DEACTIVATE).await
    }
}
