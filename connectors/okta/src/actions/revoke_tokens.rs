//! `account.revoke_tokens`: what applications were given in the user's name is taken back, consents included.

use quell_action::{Action, ActionError, ActionSpec, InEffect, Observation, Outcome, Request, Target};
use quell_kit::Deadline;
use serde::Serialize;

use super::{NoParams, ON_USER, OnAccount, kept};
use crate::client::Okta;

/// Revokes the refresh tokens of a user, client by client, and the consents.
pub(crate) struct RevokeTokens;

/// The state as it is kept.
#[derive(Debug, Serialize)]
struct Kept {
    /// Which clients hold tokens.
    clients: Vec<String>,
    /// To how many things the user has consented.
    consents: usize,
}

impl Action for RevokeTokens {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.revoke_tokens",
        summary: "Revokes every token that applications hold of the user, and the user's consents.",
        vendor_page: "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserOAuth/",
        ..ON_USER
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Okta;

    async fn execute(okta: &Okta, request: &Request<NoParams>) -> Result<Outcome<OnAccount>, ActionError> {
        let deadline = Deadline::after(request.time_limit());
        let user = okta.target(request.target(), deadline).await?;
        okta.spare_itself(&user, deadline).await?;
        let before = look(okta, &user.id, deadline).await?;
        if before.is_empty() {
            return Ok(Outcome::unchanged(OnAccount::of(&user)));
        }
        let revoked = revoke(okta, &user.id, &before, deadline).await;
        revoked.map_err(|(error, begun)| match begun {
            true => ActionError::uncertain(format!(
                "only a part of {}'s tokens was revoked: {error}",
                user.display()
            )),
            false => error,
        })?;
        let after = look(okta, &user.id, deadline).await.map_err(|error| {
            let who = user.display();
            ActionError::uncertain(format!("the tokens of {who} were revoked, and not read back: {error}"))
        })?;
        Ok(Outcome::changed(kept(&before)?, kept(&after)?, OnAccount::of(&user)))
    }

    async fn observe(okta: &Okta, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        let deadline = Deadline::after(okta.patience());
        let user = okta.target(target, deadline).await?;
        let now = look(okta, &user.id, deadline).await?;
        let in_effect = if now.is_empty() { InEffect::Yes } else { InEffect::No };
        Ok(Observation { state: kept(&now)?, in_effect })
    }
}

async fn look(okta: &Okta, id: &str, deadline: Deadline) -> Result<Kept, ActionError> {
    let clients = okta.clients_of(id, deadline).await?;
    let mut clients: Vec<String> = clients.into_iter().map(|client| client.client_id).collect();
    clients.sort();
    Ok(Kept { clients, consents: okta.grants_of(id, deadline).await? })
}

/// The error says whether anything had been revoked before it.
async fn revoke(okta: &Okta, id: &str, held: &Kept, deadline: Deadline) -> Result<(), (ActionError, bool)> {
    let mut begun = false;
    for client in &held.clients {
        okta.revoke_tokens(id, client, deadline).await.map_err(|error| (error, begun))?;
        begun = true;
    }
    if held.consents > 0 {
        okta.revoke_grants(id, deadline).await.map_err(|error| (error, begun))?;
    }
    Ok(())
}

impl Kept {
    fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.consents == 0
    }
}
