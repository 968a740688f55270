//! Ends sessions: `account.revoke_sessions` and `account.require_sign_in`, which is the same call here.
//!
//! Refresh tokens and browser sessions from before are worth nothing within minutes. Access tokens that were given out
//! live on until they end, except at services that ask again (continuous access evaluation).

use quell_action::{Action, ActionError, ActionSpec, Effect, Outcome, Request, State};
use quell_kit::{Ask, Deadline, Method};

use super::{BASE, NoParams, OnAccount};
use crate::client::Client;

const RIGHT: &str = "User.RevokeSessions.All";
const PAGE: &str = "https://learn.microsoft.com/graph/api/user-revokesigninsessions";

/// Ends all sessions.
pub(crate) struct RevokeSessions;

/// Makes the person sign in again.
pub(crate) struct RequireSignIn;

impl Action for RevokeSessions {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.revoke_sessions",
        readable: false,
        permissions: &[RIGHT],
        summary: "Ends all sessions: every refresh token issued before is worth nothing.",
        vendor_page: PAGE,
        ..BASE
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnAccount>, ActionError> {
        revoke(client, request).await
    }
}

impl Action for RequireSignIn {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.require_sign_in",
        readable: false,
        permissions: &[RIGHT],
        summary: "Makes the person sign in again everywhere.",
        vendor_page: PAGE,
        ..BASE
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnAccount>, ActionError> {
        revoke(client, request).await
    }
}

async fn revoke(client: &Client, request: &Request<NoParams>) -> Result<Outcome<OnAccount>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let user = client.user(request.target(), deadline).await?;
    let url = client.api.url(["users", &user.id, "revokeSignInSessions"]);
    let what = format!("ending the sessions of {}", user.display());
    client.write(Ask::write(Method::POST, url), &what, RIGHT, deadline).await?;
    let mut outcome = Outcome::changed(State::default(), State::default(), OnAccount::of(&user));
    if user.is_guest() {
        outcome.effect = Effect::Ineffective {
            before: State::default(),
            after: State::default(),
            why: "it is a guest, who signs in at another tenant: the sessions there go on; disable the account here"
                .into(),
        };
    }
    Ok(outcome)
}
