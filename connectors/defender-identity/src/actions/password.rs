//! `account.force_password_reset`: the password must be changed at the next sign-in.
//!
//! It has a name of its own, because this way can neither be read back nor undone, which
//! `account.force_password_change` of the active-directory connector promises.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request, State};
use quell_kit::Deadline;

use super::{BASE, NoParams, OnAccount, must_be_offered};
use crate::client::Client;

const ACTION: &str = "forcePasswordReset";

/// Forces a password reset.
pub(crate) struct ForcePasswordReset;

impl Action for ForcePasswordReset {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.force_password_reset",
        readable: false,
        summary: "Makes the account change its password at the next sign-in, through the sensor; cannot be undone.",
        ..BASE
    };
    const LICENCE: Option<&'static str> = super::LICENCE;
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnAccount>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let identity = client.identity(request.target(), deadline).await?;
        must_be_offered(&identity, ACTION)?;
        let external_id = client.invoke(&identity, ACTION, deadline).await?;
        let outcome = Outcome::changed(State::default(), State::default(), OnAccount::of(&identity));
        Ok(Outcome { external_id, ..outcome })
    }
}
