//! Whether an account is in a group: the state that adding and removing change, in one direction each.

use quell_action::{
    ActionError, Failure, InEffect, LookUp, Observation, Outcome, Request, Restore, State, Target,
};
use quell_alert::{DistinguishedName, Hint, Identifier, Sid, parse_guid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{OnAccount, kept, nothing_to_undo, read};
use crate::account::Account;
use crate::client::{Client, Home, Need};
use crate::groups::is_privileged;
use crate::query::{Filter, Query, by_guid};
use crate::reply::Meaning;
use crate::target::{Held, Sent, within};
use crate::wire::Change;

const RIGHT: &str = "\"Read member\" and \"Write member\" on the group";
const GROUP: [&str; 4] = ["objectGUID", "objectSid", "distinguishedName", "sAMAccountName"];

/// Which group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfGroup {
    /// The group: its name, `CORP\Name`, its SID, its GUID or its distinguished name.
    pub(crate) group: String,
}

/// What the group actions tell.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OnMembership {
    #[serde(flatten)]
    account: OnAccount,
    /// The group's distinguished name.
    group: String,
}

/// The state as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    member: bool,
}

/// A group that was found.
struct Group {
    guid: Uuid,
    sid: Sid,
    dn: String,
}

/// Brings it about that the account is in the group, or is not.
pub(super) async fn set(
    client: &Client,
    request: &Request<OfGroup>,
    member: bool,
) -> Result<Outcome<OnMembership>, ActionError> {
    let sent = Sent::default();
    within(request.time_limit(), &sent, async {
        let mut held = Held::take(client, request.target(), Need::Writing).await?;
        let group = find(held.home(), &request.params().group).await?;
        let changed = turn(&mut held, &group, member, &sent).await?;
        let output = OnMembership { account: OnAccount::of(&held), group: group.dn };
        match changed {
            false => Ok(Outcome::unchanged(output)),
            true => Ok(Outcome::changed(state(!member)?, state(member)?, output)),
        }
    })
    .await
}

/// Looks whether it is in the group.
pub(super) async fn observe(
    client: &Client,
    target: &Target,
    params: &OfGroup,
    member: bool,
) -> Result<Observation, ActionError> {
    let held = Held::look(client, target, Need::Writing).await?;
    let group = find(held.home(), &params.group).await?;
    let is_member = is_in(&held.account, &group);
    let in_effect = if is_member == member { InEffect::Yes } else { InEffect::No };
    Ok(Observation { state: state(is_member)?, in_effect })
}

/// Puts back what stood there before. There are only two states: what is not as we left it is as it was.
pub(super) async fn restore(
    client: &Client,
    request: &Request<Restore<OfGroup>>,
) -> Result<Outcome<()>, ActionError> {
    let sent = Sent::default();
    within(request.time_limit(), &sent, async {
        let Member { member } = read(&request.params().before)?;
        let mut held = Held::take(client, request.target(), Need::Writing).await?;
        let group = find(held.home(), &request.params().params.group).await?;
        match turn(&mut held, &group, member, &sent).await? {
            false => Ok(nothing_to_undo()),
            true => Ok(Outcome::changed(state(!member)?, state(member)?, ())),
        }
    })
    .await
}

/// Adds or removes, where it is not as wanted. Says whether we did it.
async fn turn(held: &mut Held, group: &Group, member: bool, sent: &Sent) -> Result<bool, ActionError> {
    if is_in(&held.account, group) == member {
        return Ok(false);
    }
    refuse(held, group, member)?;
    let value = by_guid(held.account.guid).into_bytes();
    let (doing, change) = match member {
        true => ("adding to a group", Change::Add("member", value)),
        false => ("removing from a group", Change::Delete("member", value)),
    };
    let by_others = match held.modify_object(group.guid, vec![change], sent).await {
        Ok(()) => false,
        Err(error) if says_done(error.meaning(), member) => true,
        Err(error) => return Err(held.failed(&error, doing, RIGHT)),
    };
    held.read_again().await.map_err(|error| held.not_read_back(&error, doing))?;
    match is_in(&held.account, group) == member {
        true => Ok(!by_others),
        false => Err(ActionError::unavailable(format!(
            "{doing}: {} is not as it was set; somebody else changes {} at the same time",
            held.display, group.dn
        ))),
    }
}

/// What no automation may do to a group, whatever its rights.
fn refuse(held: &Held, group: &Group, member: bool) -> Result<(), ActionError> {
    if member && is_privileged(&group.sid) {
        let message = format!("{} is an administrative group: nobody is ever added to it", group.dn);
        return Err(ActionError::new(Failure::Forbidden, message));
    }
    if !member && held.account.primary_group == group.sid.rid() && group.sid.is_issued() {
        return Err(ActionError::rejected(format!(
            "{} is the primary group of {}, which nobody can be removed from",
            group.dn, held.display
        )));
    }
    Ok(())
}

/// Whether a refusal says that it is so already. It counts only after it has been read back.
fn says_done(meaning: Option<Meaning>, member: bool) -> bool {
    match member {
        true => matches!(meaning, Some(Meaning::AlreadyMember | Meaning::ValuePresent)),
        false => matches!(meaning, Some(Meaning::NotMember | Meaning::ValueAbsent)),
    }
}

/// Whether the account is in the group directly. The primary group does not stand among the others.
fn is_in(account: &Account, group: &Group) -> bool {
    let same = |dn: &String| match (dn.parse::<DistinguishedName>(), group.dn.parse::<DistinguishedName>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => dn.eq_ignore_ascii_case(&group.dn),
    };
    account.member_of.iter().any(same)
        || (account.primary_group == group.sid.rid() && group.sid.domain() == account.sid.domain())
}

async fn find(home: &Home, name: &str) -> Result<Group, ActionError> {
    let filter = Filter::all([Filter::class("group"), by_name(home, name)?]);
    let entries = home.server.ask(&Query::domain(filter, &GROUP, 10)).await.map_err(ActionError::from)?;
    let groups: Vec<Group> = entries
        .iter()
        .filter_map(|entry| {
            Some(Group {
                guid: entry.guid("objectguid")?,
                sid: Sid::from_bytes(entry.bytes("objectsid")?).ok()?,
                dn: entry.text("distinguishedname").unwrap_or(&entry.dn).to_owned(),
            })
        })
        .collect();
    match one(groups) {
        LookUp::Found(group) => Ok(group),
        LookUp::NotFound => {
            Err(ActionError::not_found(format!("there is no group {name:?} in {}", home.root.domain)))
        }
        LookUp::Ambiguous(why) => {
            Err(ActionError::new(Failure::Ambiguous, format!("the group {name:?} is not clear: {why}")))
        }
    }
}

fn one(mut groups: Vec<Group>) -> LookUp<Group> {
    match (groups.pop(), groups.is_empty()) {
        (Some(group), true) => LookUp::Found(group),
        (None, _) => LookUp::NotFound,
        (Some(_), false) => LookUp::Ambiguous("several have that name; give its SID".into()),
    }
}

fn by_name(home: &Home, name: &str) -> Result<Filter, ActionError> {
    if let Some(guid) = parse_guid(name) {
        return Ok(Filter::guid("objectGUID", guid));
    }
    let unfit = |why: &str| ActionError::rejected(format!("{name:?} names no group here: {why}"));
    match Identifier::recognise(name, Hint::Any).map_err(|error| unfit(&error.to_string()))? {
        identifier @ Identifier::Sid(_) => {
            identifier.as_sid().map(|sid| Filter::sid("objectSid", &sid)).ok_or_else(|| unfit("it is no SID"))
        }
        Identifier::Dn(dn) => Ok(Filter::text("distinguishedName", &dn)),
        Identifier::Name(name) => Ok(Filter::text("sAMAccountName", &name)),
        Identifier::Sam { domain, name } => {
            match home.forest.dns_of(&domain).is_some_and(|dns| dns == home.root.domain) {
                true => Ok(Filter::text("sAMAccountName", &name)),
                false => Err(unfit("it is of another domain")),
            }
        }
        _ => Err(unfit("give its name, CORP\\Name, its SID or its distinguished name")),
    }
}

fn state(member: bool) -> Result<State, ActionError> {
    kept(&Member { member })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::tests::account;

    /// Relative ids begin anew in each domain.
    #[test]
    fn the_primary_group_is_one_of_the_accounts_own_domain() {
        let alice = account(&[("primarygroupid", "513")]);
        let group =
            |sid: &str| Group { guid: Uuid::nil(), sid: sid.parse().unwrap(), dn: "CN=G,DC=x".into() };
        assert!(is_in(&alice, &group("S-1-5-21-430931326-2955467119-2056817798-513")));
        assert!(!is_in(&alice, &group("S-1-5-21-1-2-3-513")));
        assert!(!is_in(&alice, &group("S-1-5-21-430931326-2955467119-2056817798-514")));
    }
}
