//! `account.reactivate`: a new activation link, mailed to somebody who has not finished.

use quell_action::{Action, ActionError, ActionSpec, Impact, Outcome, Repeat, Request, State};
use quell_kit::Deadline;

use super::{NoParams, ON_USER, OnAccount};
use crate::client::Okta;
use crate::life::REACTIVATE;

/// Mails a new activation link.
pub(crate) struct ReactivateAccount;

impl Action for ReactivateAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.reactivate",
        impact: Impact::Restoring,
        repeat: Repeat::Never,
        readable: false,
        summary: "Mails a new activation link to a user who has not finished activation or recovery.",
        ..ON_USER
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<NoParams>) -> Result<Outcome<OnAccount>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let user = okta.target(request.target(), deadline).await?;
        REACTIVATE.is_possible(&user)?;
        // The link is all that this is about: without the mail it would be made for nobody.
        REACTIVATE.order(okta, &user, true, deadline).await?;
        Ok(Outcome::changed(State::default(), State::default(), OnAccount::of(&user)))
    }
}
