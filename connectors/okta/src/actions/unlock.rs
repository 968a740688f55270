//! `account.unlock`: ends a lock-out. Users that come from a directory are unlocked there.

use quell_action::{Action, ActionError, ActionSpec, Impact, Observation, Outcome, Request, Target};

use super::status::{self, Spares};
use super::{NoParams, ON_USER, OnAccount};
use crate::client::Okta;
use crate::life::UNLOCK;

/// Unlocks a user.
pub(crate) struct UnlockAccount;

impl Action for UnlockAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.unlock",
        impact: Impact::Restoring,
        summary: "Unlocks a user whom too many wrong passwords have locked out.",
        ..ON_USER
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<NoParams>) -> Result<Outcome<OnAccount>, ActionError> {
        status::take(okta, request, &UNLOCK, Spares::Nobody).await
    }

    async fn observe(okta: &Okta, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        status::observe(okta, target, &UNLOCK).await
    }
}
