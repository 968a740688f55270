//! Groups: which one is meant, whether a user is in it, and who may be put into it.

use quell_action::{ActionError, Failure};
use quell_alert::{Hint, Identifier, parse_guid};
use quell_kit::lenient::or_nothing;
use quell_kit::microsoft::{literal, pages, with_query};
use quell_kit::{Ask, Deadline};
use serde::Deserialize;

use crate::client::Client;
use crate::user::User;

const GROUP: &str = "id,displayName,groupTypes,isAssignableToRole,onPremisesSyncEnabled,securityIdentifier,\
onPremisesSecurityIdentifier";

/// A group that was found.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Group {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default, deserialize_with = "or_nothing")]
    group_types: Vec<String>,
    #[serde(default)]
    is_assignable_to_role: Option<bool>,
    #[serde(default)]
    on_premises_sync_enabled: Option<bool>,
    #[serde(default)]
    security_identifier: Option<String>,
}

impl Group {
    /// What people call it.
    pub(crate) fn display(&self) -> String {
        self.display_name.clone().unwrap_or_else(|| self.id.clone())
    }

    fn is_called(&self, lower: &str) -> bool {
        let own = [&self.display_name, &self.security_identifier];
        own.into_iter().flatten().any(|name| name.to_lowercase() == lower)
    }

    /// Why nobody is put into it, or taken out of it, here.
    pub(crate) fn refuses(&self, add: bool) -> Option<ActionError> {
        let name = self.display();
        if self.on_premises_sync_enabled == Some(true) {
            return Some(ActionError::rejected(format!(
                "{name} comes from Active Directory: change its members there, with the active_directory action"
            )));
        }
        if self.group_types.iter().any(|kind| kind == "DynamicMembership") {
            return Some(ActionError::rejected(format!(
                "a rule decides who is in {name}: nobody can be put there"
            )));
        }
        (add && self.is_assignable_to_role == Some(true)).then(|| {
            let message = format!("{name} can hold administrative roles: nobody is ever added to it");
            ActionError::new(Failure::Forbidden, message)
        })
    }
}

impl Client {
    /// The one group of this name or id.
    pub(crate) async fn group(&self, name: &str, deadline: Deadline) -> Result<Group, ActionError> {
        if let Some(id) = parse_guid(name) {
            let url = with_query(self.api.url(["groups", &id.to_string()]), &[("$select", GROUP)]);
            let group: Group =
                self.read(Ask::get(url), &format!("the group {name:?}"), deadline).await?.json()?;
            return match parse_guid(&group.id) == Some(id) {
                true => Ok(group),
                false => {
                    Err(ActionError::unavailable("the answer is about another group than was asked for"))
                }
            };
        }
        let name = name.trim();
        let (member, text) = match Identifier::recognise(name, Hint::Any) {
            Ok(Identifier::Sid(sid)) => ("securityIdentifier", sid),
            _ => ("displayName", name.to_owned()),
        };
        let filter = format!("{member} eq {}", literal(&text));
        let url = with_query(self.api.url(["groups"]), &[("$filter", &filter), ("$select", GROUP)]);
        let mut found: Vec<Group> = pages(&self.api, Ask::get(url), deadline).await?;
        // Case does not count over there.
        found.retain(|group| group.is_called(&text.to_lowercase()));
        match (found.pop(), found.len()) {
            (Some(group), 0) => Ok(group),
            (None, _) => Err(ActionError::not_found(format!("there is no group {name:?} in the tenant"))),
            (Some(_), others) => Err(ActionError::new(
                Failure::Ambiguous,
                format!("{} groups are called {name:?}; give the id of the one", others + 1),
            )),
        }
    }

    /// Whether the user is in the group directly.
    pub(crate) async fn is_in(
        &self,
        user: &User,
        group: &Group,
        deadline: Deadline,
    ) -> Result<bool, ActionError> {
        let url = self.api.url(["users", &user.id, "memberOf"]);
        let url = with_query(url, &[("$select", "id"), ("$top", "999")]);
        let all: Vec<Member> = pages(&self.api, Ask::get(url), deadline).await?;
        Ok(all.iter().any(|one| one.id.eq_ignore_ascii_case(&group.id)))
    }
}

#[derive(Deserialize)]
struct Member {
    id: String,
}
