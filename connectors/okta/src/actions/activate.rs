//! `account.activate`: a new life for a user; what deactivation took away does not come back.

use quell_action::{Action, ActionError, ActionSpec, Impact, Observation, Outcome, Request, Target};

use super::status::{self, Spares};
use super::{NoParams, ON_USER, OnAccount};
use crate::client::Okta;
use crate::life::ACTIVATE;

/// Activates a user.
pub(crate) struct ActivateAccount;

impl Action for ActivateAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.activate",
        impact: Impact::Restoring,
        summary: "Activates a user anew; what deactivation took away does not come back.",
        ..ON_USER
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<NoParams>) -> Result<Outcome<OnAccount>, ActionError> {
        status::take(okta, request, &ACTIVATE, Spares::Nobody).await
    }

    async fn observe(okta: &Okta, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        status::observe(okta, target, &ACTIVATE).await
    }
}
