//! Whether a user is in a group: the state that joining and leaving change.

use quell_action::{ActionError, Failure, InEffect, Observation, Outcome, Request, Restore, Target};
use quell_kit::Deadline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{changed_meanwhile, kept, nothing_to_undo, read};
use crate::client::Okta;
use crate::groups::Group;
use crate::users::User;

/// The group to join or to leave.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfGroup {
    /// The group: its name, or its id (`00g…`).
    pub(crate) group: String,
}

/// What a change of membership tells.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OnMember {
    /// What people call the account: its login.
    pub(crate) account: String,
    /// What people call the group.
    pub(crate) group: String,
}

/// The state as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// The id: the name may be another one when it is undone.
    group: String,
    member: bool,
}

/// Brings it about that the user is in the group, or is not.
pub(super) async fn set(
    okta: &Okta,
    request: &Request<OfGroup>,
    member: bool,
) -> Result<Outcome<OnMember>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let user = okta.target(request.target(), deadline).await?;
    okta.spare_itself(&user, deadline).await?;
    let group = okta.group_to_change(&request.params().group, deadline).await?;
    let output = OnMember { account: user.display().to_owned(), group: group.display().to_owned() };
    let before = look(okta, &user, &group.id, deadline).await?;
    if before.member == member {
        return Ok(Outcome::unchanged(output));
    }
    if member {
        gives_no_rights(okta, &group, deadline).await?;
    }
    let after = turn(okta, &user, &group.id, member, deadline).await?;
    Ok(Outcome::changed(kept(&before)?, kept(&after)?, output))
}

/// Looks whether the user is in the group, or is not.
pub(super) async fn observe(
    okta: &Okta,
    target: &Target,
    params: &OfGroup,
    member: bool,
) -> Result<Observation, ActionError> {
    let deadline = Deadline::after(okta.patience());
    let user = okta.target(target, deadline).await?;
    let group = okta.group_to_change(&params.group, deadline).await?;
    let now = look(okta, &user, &group.id, deadline).await?;
    let in_effect = if now.member == member { InEffect::Yes } else { InEffect::No };
    Ok(Observation { state: kept(&now)?, in_effect })
}

/// Puts back what stood there before.
pub(super) async fn restore(
    okta: &Okta,
    request: &Request<Restore<OfGroup>>,
) -> Result<Outcome<()>, ActionError> {
    let deadline = Deadline::after(request.time_limit());
    let (before, after): (Kept, Kept) = (read(&request.params().before)?, read(&request.params().after)?);
    let user = okta.target(request.target(), deadline).await?;
    if before.group != after.group {
        return Err(changed_meanwhile(user.display(), "two groups were kept as one"));
    }
    let now = look(okta, &user, &before.group, deadline).await?;
    if now == before {
        return Ok(nothing_to_undo());
    }
    let restored = turn(okta, &user, &before.group, before.member, deadline).await?;
    Ok(Outcome::changed(kept(&now)?, kept(&restored)?, ()))
}

async fn look(okta: &Okta, user: &User, group: &str, deadline: Deadline) -> Result<Kept, ActionError> {
    let groups = okta.groups_of(&user.id, deadline).await?;
    Ok(Kept { group: group.to_owned(), member: groups.iter().any(|known| known.id == group) })
}

async fn turn(
    okta: &Okta,
    user: &User,
    group: &str,
    member: bool,
    deadline: Deadline,
) -> Result<Kept, ActionError> {
    okta.set_member(group, &user.id, member, deadline).await?;
    let after = look(okta, user, group, deadline).await.map_err(|error| {
        ActionError::uncertain(format!("the groups of {} could not be read back: {error}", user.display()))
    })?;
    match after.member == member {
        true => Ok(after),
        false => Err(ActionError::uncertain(format!(
            "Okta took the change, and the groups of {} are as before: a rule of groups may have put it back",
            user.display()
        ))),
    }
}

/// Nobody is ever put into a group that gives administrative rights: the name of a group can come from an alert.
async fn gives_no_rights(okta: &Okta, group: &Group, deadline: Deadline) -> Result<(), ActionError> {
    let roles = okta.roles_of_group(&group.id, deadline).await?;
    match roles.first() {
        None => Ok(()),
        Some(role) => Err(ActionError::new(
            Failure::Forbidden,
            format!(
                "{} gives the administrative role {}: nobody is ever added to it",
                group.display(),
                role.kind
            ),
        )),
    }
}
