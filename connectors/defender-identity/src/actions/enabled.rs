//! Whether an account may sign in: `account.disable` and `account.enable`, as the active-directory connector declares
//! them.

use quell_action::{
    Action, ActionError, ActionSpec, Failure, Impact, InEffect, Observation, Outcome, Request, Restore,
    State, Target,
};
use quell_kit::Deadline;
use serde_json::json;

use super::{BASE, NoParams, OnAccount, must_be_offered};
use crate::client::Client;
use crate::identity::Identity;

/// Disables an account.
pub(crate) struct DisableAccount;

/// Enables an account.
pub(crate) struct EnableAccount;

impl Action for DisableAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.disable",
        undo: Some("account.enable"),
        summary: "Disables the account in its Active Directory domain: it can no longer sign in.",
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
        set(client, request, false).await
    }

    async fn observe(client: &Client, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        observe(client, target, false).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<NoParams>>,
    ) -> Result<Outcome<()>, ActionError> {
        restore(client, request, true).await
    }
}

impl Action for EnableAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.enable",
        impact: Impact::Restoring,
        undo: Some("account.disable"),
        summary: "Enables the account in its Active Directory domain: it can sign in again.",
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
        set(client, request, true).await
    }

    async fn observe(client: &Client, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        observe(client, target, true).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<NoParams>>,
    ) -> Result<Outcome<()>, ActionError> {
        restore(client, request, false).await
    }
}

async fn set(
    client: &Client,
    request: &Request<NoParams>,
    enabled: bool,
) -> Result<Outcome<OnAccount>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let identity = client.identity(request.target(), deadline).await?;
    let now = is_enabled(&identity)?;
    if now == enabled {
        return Ok(Outcome::unchanged(OnAccount::of(&identity)));
    }
    must_be_offered(&identity, verb(enabled))?;
    let external_id = invoke(client, request.target(), &identity, enabled, deadline).await?;
    let outcome = Outcome::changed(state(now), state(enabled), OnAccount::of(&identity));
    Ok(Outcome { external_id, ..outcome })
}

async fn observe(client: &Client, target: &Target, enabled: bool) -> Result<Observation, ActionError> {
    let identity = client.identity(target, client.look()).await?;
    let now = is_enabled(&identity)?;
    let in_effect = match now == enabled {
        true => InEffect::Yes,
        false if client.accepted.awaits_another(&identity.id, &now) => InEffect::Pending,
        false => InEffect::No,
    };
    Ok(Observation { state: state(now), in_effect })
}

/// There are only two states: what is not as the action left it is as it was before; unless what was accepted does not
/// show yet.
async fn restore(
    client: &Client,
    request: &Request<Restore<NoParams>>,
    enabled: bool,
) -> Result<Outcome<()>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let restore = request.params();
    let identity = client.identity(request.target(), deadline).await?;
    let now = is_enabled(&identity)?;
    let pending = client.accepted.awaits_another(&identity.id, &now);
    if restore.before != state(enabled) || (now == enabled && !pending) {
        return Ok(Outcome::unchanged(()));
    }
    if now != enabled {
        must_be_offered(&identity, verb(enabled))?;
    }
    let external_id = invoke(client, request.target(), &identity, enabled, deadline).await?;
    let outcome = Outcome::changed(state(!enabled), state(enabled), ());
    Ok(Outcome { external_id, ..outcome })
}

async fn invoke(
    client: &Client,
    target: &Target,
    identity: &Identity,
    enabled: bool,
    deadline: Deadline,
) -> Result<Option<String>, ActionError> {
    let external_id = client.invoke(identity, verb(enabled), deadline).await?;
    client.accepted.accepted(&identity.id, !enabled);
    client.follow(target, enabled, deadline).await;
    Ok(external_id)
}

fn verb(enabled: bool) -> &'static str {
    if enabled { "enable" } else { "disable" }
}

fn is_enabled(identity: &Identity) -> Result<bool, ActionError> {
    let unreadable = || {
        let message = format!("whether {} is enabled cannot be read", identity.display());
        ActionError::new(Failure::Forbidden, message)
    };
    identity.is_enabled.ok_or_else(unreadable)
}

fn state(enabled: bool) -> State {
    State(json!({ "enabled": enabled }))
}
