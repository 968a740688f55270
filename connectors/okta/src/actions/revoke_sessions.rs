//! `account.revoke_sessions`: the person has to sign in again.
//!
//! It ends the sessions at Okta and revokes the refresh and access tokens that Okta has given out. What an application
//! keeps by itself it does not end. There is no list of a user's sessions, so nothing can be read back.

use quell_action::{Action, ActionError, ActionSpec, Outcome, Request, State};
use quell_kit::Deadline;

use super::{NoParams, ON_USER, OnAccount};
use crate::client::Okta;

/// Ends all sessions.
pub(crate) struct RevokeSessions;

impl Action for RevokeSessions {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.revoke_sessions",
        readable: false,
        summary: "Ends all sessions and revokes all tokens of the user.",
        vendor_page: "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserSessions/",
        ..ON_USER
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<NoParams>) -> Result<Outcome<OnAccount>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let user = okta.target(request.target(), deadline).await?;
        okta.spare_itself(&user, deadline).await?;
        okta.end_sessions(&user.id, deadline).await?;
        Ok(Outcome::changed(State::default(), State::default(), OnAccount::of(&user)))
    }
}
