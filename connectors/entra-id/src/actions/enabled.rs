//! Whether an account may sign in: `account.disable` and `account.enable`.
//!
//! New sign-ins are refused within minutes; access tokens that were given out live on until they end, so follow with
//! `account.revoke_sessions`. Where Active Directory is the account's master, its next synchronisation enables the
//! account again unless it is disabled there too: disable it there first.

use quell_action::{
    Action, ActionError, ActionSpec, Impact, InEffect, Observation, Outcome, Request, Restore, Target,
};
use quell_kit::Deadline;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{BASE, NoParams, OnAccount, kept, nothing_to_undo, read};
use crate::client::Client;
use crate::user::User;

const RIGHT: &str = "User.EnableDisableAccount.All and User.Read.All";
const PAGE: &str = "https://learn.microsoft.com/graph/api/user-update";

/// Disables an account.
pub(crate) struct DisableAccount;

/// Enables an account.
pub(crate) struct EnableAccount;

impl Action for DisableAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.disable",
        undo: Some("account.enable"),
        permissions: &["User.EnableDisableAccount.All", "User.Read.All"],
        summary: "Blocks new sign-ins; tokens that were issued already live on for a while.",
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
        set(client, request, false).await
    }

    async fn observe(client: &Client, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        observe(client, target, false).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<NoParams>>,
    ) -> Result<Outcome<()>, ActionError> {
        restore(client, request).await
    }
}

impl Action for EnableAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.enable",
        impact: Impact::Restoring,
        undo: Some("account.disable"),
        permissions: &["User.EnableDisableAccount.All", "User.Read.All"],
        summary: "Allows sign-ins again.",
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
        set(client, request, true).await
    }

    async fn observe(client: &Client, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        observe(client, target, true).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<NoParams>>,
    ) -> Result<Outcome<()>, ActionError> {
        restore(client, request).await
    }
}

/// The state as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Enabled {
    enabled: bool,
}

async fn set(
    client: &Client,
    request: &Request<NoParams>,
    enabled: bool,
) -> Result<Outcome<OnAccount>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let user = client.user(request.target(), deadline).await?;
    let before = Enabled::of(&user)?;
    if before.enabled == enabled {
        return Ok(Outcome::unchanged(OnAccount::of(&user)));
    }
    write(client, &user, enabled, deadline).await?;
    Ok(Outcome::changed(kept(&before)?, kept(&Enabled { enabled })?, OnAccount::of(&user)))
}

async fn observe(client: &Client, target: &Target, enabled: bool) -> Result<Observation, ActionError> {
    let now = Enabled::of(&client.user(target, client.look()).await?)?;
    let in_effect = if now.enabled == enabled { InEffect::Yes } else { InEffect::No };
    Ok(Observation { state: kept(&now)?, in_effect })
}

/// There are only two states: what is not as the action left it is as it was before.
async fn restore(client: &Client, request: &Request<Restore<NoParams>>) -> Result<Outcome<()>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let before: Enabled = read(&request.params().before)?;
    let user = client.user(request.target(), deadline).await?;
    let now = Enabled::of(&user)?;
    if now == before {
        return Ok(nothing_to_undo());
    }
    write(client, &user, before.enabled, deadline).await?;
    Ok(Outcome::changed(kept(&now)?, kept(&before)?, ()))
}

async fn write(client: &Client, user: &User, enabled: bool, deadline: Deadline) -> Result<(), ActionError> {
    let what = if enabled { "enabling" } else { "disabling" };
    if user.is_synchronised() {
        tracing::warn!(
            account = user.id,
            "Active Directory is the master of this account: what is not done there too is undone by its next \
             synchronisation"
        );
    }
    client.change(user, json!({ "accountEnabled": enabled }), what, RIGHT, deadline).await
}

impl Enabled {
    fn of(user: &User) -> Result<Self, ActionError> {
        let unreadable = || {
            ActionError::new(
                quell_action::Failure::Forbidden,
                format!("whether {} is enabled cannot be read: grant User.Read.All", user.display()),
            )
        };
        user.account_enabled.map(|enabled| Self { enabled }).ok_or_else(unreadable)
    }
}
