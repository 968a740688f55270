//! Whether an account is in a group: `account.add_to_group` and `account.remove_from_group`.

use quell_action::{
    Action, ActionError, ActionSpec, Failure, InEffect, Observation, Outcome, Request, Restore, State, Target,
};
use quell_kit::{Ask, Deadline, Method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{BASE, kept, nothing_to_undo, read};
use crate::client::Client;
use crate::group::Group;
use crate::user::User;

const RIGHT: &str = "GroupMember.ReadWrite.All";

/// Puts an account into a group.
pub(crate) struct AddToGroup;

/// Takes an account out of a group.
pub(crate) struct RemoveFromGroup;

/// Which group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfGroup {
    /// The group: its object id, its security identifier or its name.
    pub(crate) group: String,
}

/// What the group actions tell.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OnMember {
    /// What people call the account.
    account: String,
    /// What people call the group.
    group: String,
}

/// The state as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    member: bool,
}

impl Action for AddToGroup {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.add_to_group",
        undo: Some("account.remove_from_group"),
        permissions: &[RIGHT],
        summary: "Puts the account into a group.",
        vendor_page: "https://learn.microsoft.com/graph/api/group-post-members",
        ..BASE
    };
    type Params = OfGroup;
    type Output = OnMember;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<OfGroup>) -> Result<Outcome<OnMember>, ActionError> {
        set(client, request, true).await
    }

    async fn observe(client: &Client, target: &Target, params: &OfGroup) -> Result<Observation, ActionError> {
        observe(client, target, params, true).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<OfGroup>>,
    ) -> Result<Outcome<()>, ActionError> {
        restore(client, request).await
    }
}

impl Action for RemoveFromGroup {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.remove_from_group",
        undo: Some("account.add_to_group"),
        permissions: &[RIGHT],
        summary: "Takes the account out of a group.",
        vendor_page: "https://learn.microsoft.com/graph/api/group-delete-members",
        ..BASE
    };
    type Params = OfGroup;
    type Output = OnMember;
    type Client = Client;

    async fn execute(client: &Client, request: &Request<OfGroup>) -> Result<Outcome<OnMember>, ActionError> {
        set(client, request, false).await
    }

    async fn observe(client: &Client, target: &Target, params: &OfGroup) -> Result<Observation, ActionError> {
        observe(client, target, params, false).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<OfGroup>>,
    ) -> Result<Outcome<()>, ActionError> {
        restore(client, request).await
    }
}

async fn set(
    client: &Client,
    request: &Request<OfGroup>,
    member: bool,
) -> Result<Outcome<OnMember>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let user = client.user(request.target(), deadline).await?;
    let group = client.group(&request.params().group, deadline).await?;
    let changed = turn(client, &user, &group, member, deadline).await?;
    let output = OnMember { account: user.display(), group: group.display() };
    match changed {
        false => Ok(Outcome::unchanged(output)),
        true => Ok(Outcome::changed(state(!member)?, state(member)?, output)),
    }
}

async fn observe(
    client: &Client,
    target: &Target,
    params: &OfGroup,
    member: bool,
) -> Result<Observation, ActionError> {
    let deadline = client.look();
    let user = client.user(target, deadline).await?;
    let group = client.group(&params.group, deadline).await?;
    let is_member = client.is_in(&user, &group, deadline).await?;
    let in_effect = if is_member == member { InEffect::Yes } else { InEffect::No };
    Ok(Observation { state: state(is_member)?, in_effect })
}

/// There are only two states: what is not as the action left it is as it was before.
async fn restore(client: &Client, request: &Request<Restore<OfGroup>>) -> Result<Outcome<()>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let Member { member } = read(&request.params().before)?;
    let user = client.user(request.target(), deadline).await?;
    let group = client.group(&request.params().params.group, deadline).await?;
    match turn(client, &user, &group, member, deadline).await? {
        false => Ok(nothing_to_undo()),
        true => Ok(Outcome::changed(state(!member)?, state(member)?, ())),
    }
}

/// Adds or removes, where it is not as wanted. Says whether we did it.
async fn turn(
    client: &Client,
    user: &User,
    group: &Group,
    member: bool,
    deadline: Deadline,
) -> Result<bool, ActionError> {
    if client.is_in(user, group, deadline).await? == member {
        return Ok(false);
    }
    if let Some(refusal) = group.refuses(member) {
        return Err(refusal);
    }
    let (ask, what) = match member {
        true => {
            let object = client.api.url(["directoryObjects", &user.id]);
            let url = client.api.url(["groups", &group.id, "members", "$ref"]);
            (Ask::write(Method::POST, url).json(json!({ "@odata.id": object.as_str() })), "adding")
        }
        false => {
            let url = client.api.url(["groups", &group.id, "members", &user.id, "$ref"]);
            (Ask::write(Method::DELETE, url), "removing")
        }
    };
    let what = format!("{what} {} ({})", user.display(), group.display());
    match client.write(ask, &what, RIGHT, deadline).await {
        Ok(_) => Ok(true),
        // A refusal that says "it is so already" counts only after it was read back.
        Err(error) if matches!(error.failure, Failure::Rejected | Failure::NotFound) => {
            match client.is_in(user, group, deadline).await? == member {
                true => Ok(false),
                false => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

fn state(member: bool) -> Result<State, ActionError> {
    kept(&Member { member })
}
