//! Whether a badge is blocked: looked at, written, looked at again, and put back.

use std::time::Duration;

use quell_action::{ActionError, Failure, InEffect, Observation, Outcome, Request, Restore, State, Target};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Badge, Client};
use crate::connector::PROVIDER;

/// Reading takes no longer than this.
const READING: Duration = Duration::from_secs(10);

/// The actions take nothing but their target.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {}

/// What later steps can read.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// Whose badge it is.
    login: String,
}

/// Look, write, look again. Nothing is written where nothing is to do, and that is said truthfully.
pub(crate) async fn set(
    client: &Client,
    request: &Request<Params>,
    blocked: bool,
) -> Result<Outcome<Output>, ActionError> {
    let id = id_of(request.target())?;
    let deadline = Deadline::after(request.time_limit());
    let before = client.badge(id, deadline).await?;
    let output = Output { login: before.login.clone() };
    if before.blocked == blocked {
        return Ok(Outcome::unchanged(output));
    }
    let after = write(client, id, blocked, deadline).await?;
    Ok(Outcome::changed(state(&before), state(&after), output))
}

/// How it is, and whether that is what an action is for.
pub(crate) async fn observe(
    client: &Client,
    target: &Target,
    blocked: bool,
) -> Result<Observation, ActionError> {
    let badge = client.badge(id_of(target)?, Deadline::after(READING)).await?;
    let in_effect = if badge.blocked == blocked { InEffect::Yes } else { InEffect::No };
    Ok(Observation { state: state(&badge), in_effect })
}

/// Puts back what was there; leaves alone what somebody else has changed meanwhile.
pub(crate) async fn restore(
    client: &Client,
    request: &Request<Restore<Params>>,
) -> Result<Outcome<()>, ActionError> {
    let id = id_of(request.target())?;
    let deadline = Deadline::after(request.time_limit());
    let Restore { before, after, .. } = request.params();
    let now = client.badge(id, deadline).await?;
    if state(&now) == *before {
        return Ok(Outcome::unchanged(()));
    }
    if state(&now) != *after {
        return Err(ActionError::rejected("somebody else has changed the badge meanwhile; it is left alone"));
    }
    let restored = write(client, id, before.0["blocked"] == json!(true), deadline).await?;
    Ok(Outcome::changed(state(&now), state(&restored), ()))
}

/// Writes, and reads back. Once it is written, whatever goes wrong means that it may have happened.
async fn write(client: &Client, id: &str, blocked: bool, deadline: Deadline) -> Result<Badge, ActionError> {
    client.set_blocked(id, blocked, deadline).await?;
    let after = client
        .badge(id, deadline)
        .await
        .map_err(|error| ActionError { failure: Failure::Uncertain, ..error })?;
    match after.blocked == blocked {
        true => Ok(after),
        false => Err(ActionError::uncertain("the badge office took it, and does not show it")),
    }
}

/// Only the part of a badge that this action changes.
fn state(badge: &Badge) -> State {
    State(json!({ "blocked": badge.blocked }))
}

fn id_of(target: &Target) -> Result<&str, ActionError> {
    match target {
        Target::Account(key) if key.provider.as_str() == PROVIDER => Ok(&key.id),
        other => Err(ActionError::rejected(format!("{other} is no badge"))),
    }
}
