//! [`Group`]: a group as Okta describes one, and which of them is meant.

use quell_action::{ActionError, Failure, GroupFacts};
use quell_alert::Identifier;
use quell_kit::Deadline;
use serde::Deserialize;

use crate::client::Okta;
use crate::error::NotPossible;
use crate::settings::is_id;

/// The kind whose members are managed in Okta.
const OWN_KIND: &str = "OKTA_GROUP";

/// A group of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Group {
    pub(crate) id: String,
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) profile: GroupProfile,
}

/// What is used of a group's profile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct GroupProfile {
    #[serde(default)]
    pub(crate) name: Option<String>,
}

impl Group {
    /// What people call the group.
    pub(crate) fn display(&self) -> &str {
        self.profile.name.as_deref().unwrap_or(&self.id)
    }

    /// As the exclusion list asks about it.
    pub(crate) fn facts(&self) -> GroupFacts {
        GroupFacts { identifiers: vec![Identifier::OktaId(self.id.clone())], name: self.profile.name.clone() }
    }
}

impl Okta {
    /// The one group of this name or id whose members can be changed.
    ///
    /// # Errors
    /// When there is none, or more than one, or its members are not managed in Okta.
    pub(crate) async fn group_to_change(
        &self,
        group: &str,
        deadline: Deadline,
    ) -> Result<Group, ActionError> {
        let found = match is_id(group, "00g") {
            true => self.group(group, deadline).await.map_err(|error| no_such_group(error, group))?,
            false => self.group_named(group, deadline).await?,
        };
        match found.kind == OWN_KIND {
            true => Ok(found),
            false => Err(NotPossible::Group { group: found.display().to_owned(), kind: found.kind }.into()),
        }
    }

    async fn group_named(&self, name: &str, deadline: Deadline) -> Result<Group, ActionError> {
        let all = self.groups_named(name, deadline).await?;
        // Searching does not heed case; who means one of two groups has to say which.
        let is_named = |group: &Group| group.profile.name.as_deref().is_some_and(|known| same(known, name));
        let mut named: Vec<Group> = all.into_iter().filter(is_named).collect();
        match (named.pop(), named.len()) {
            (Some(group), 0) => Ok(group),
            (None, _) => Err(ActionError::rejected(format!("{} has no group {name:?}", self.realm()))),
            (Some(_), others) => Err(ActionError::new(
                Failure::Ambiguous,
                format!(
                    "{} has {} groups {name:?}; name the one that is meant by its id",
                    self.realm(),
                    others + 1
                ),
            )),
        }
    }
}

/// A group that does not exist is a mistake of the playbook, not a target that is gone.
fn no_such_group(error: ActionError, group: &str) -> ActionError {
    match error.failure {
        Failure::NotFound => ActionError::rejected(format!("Okta has no group {group}")),
        _ => error,
    }
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
