//! Which groups a user is in, and whether it holds administrative rights. What could not be read is `None`, and never
//! taken for "no".

use quell_action::{ActionError, Failure, GroupFacts};
use quell_alert::Identifier;
use quell_kit::microsoft::{literal, pages, with_query};
use quell_kit::{Ask, Deadline};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::Client;

/// The role that every member has in effect: it lets read, and nothing else.
const DIRECTORY_READERS: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";
const GROUP: &str =
    "id,displayName,isAssignableToRole,securityIdentifier,onPremisesSecurityIdentifier,onPremisesSyncEnabled";

/// What was found of a user.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    pub(crate) groups: Option<Vec<GroupFacts>>,
    pub(crate) privileged: Option<bool>,
}

impl Client {
    /// Reads the groups, nested ones included, and the roles: active ones, through groups too, and those that can be
    /// activated.
    ///
    /// # Errors
    /// When Microsoft Graph cannot be asked at this moment. A right that is missing is no error: what it would show
    /// stays unknown.
    pub(crate) async fn standing(&self, id: &str, deadline: Deadline) -> Result<Standing, ActionError> {
        let of_user = |kind| self.api.url(["users", id, "transitiveMemberOf", kind]);
        let url = with_query(of_user("graph.group"), &[("$select", GROUP), ("$top", "999")]);
        let groups: Option<Vec<Group>> = self.list_if_allowed(Ask::get(url), deadline).await?;
        // Members that may not be read come without a name.
        let groups = groups.filter(|groups| groups.iter().all(|group| group.display_name.is_some()));
        let url = with_query(of_user("graph.directoryRole"), &[("$select", "id,displayName,roleTemplateId")]);
        let roles: Option<Vec<Role>> = self.list_if_allowed(Ask::get(url), deadline).await?;
        let roles = roles.filter(|roles| roles.iter().all(|role| role.role_template_id.is_some()));
        let eligible = match self.eligible_roles {
            true => self.eligible(id, deadline).await?,
            false => Some(false),
        };
        let by_groups = groups
            .as_ref()
            .map(|groups| groups.iter().any(|group| group.is_assignable_to_role == Some(true)));
        let by_roles = roles.map(|roles| roles.iter().any(Role::is_privileged));
        Ok(Standing {
            groups: groups.map(|groups| groups.iter().map(Group::facts).collect()),
            privileged: any_of([by_groups, by_roles, eligible]),
        })
    }

    /// Whether there are roles that the user could activate.
    async fn eligible(&self, id: &str, deadline: Deadline) -> Result<Option<bool>, ActionError> {
        let url = self.api.url(["roleManagement", "directory", "roleEligibilityScheduleInstances"]);
        let url = with_query(url, &[("$filter", &format!("principalId eq {}", literal(id)))]);
        let found: Result<Vec<serde_json::Value>, _> = pages(&self.api, Ask::get(url), deadline).await;
        match found {
            Ok(found) => Ok(Some(!found.is_empty())),
            // A tenant without the licence has no such roles.
            Err(error) if without_licence(&error) => Ok(Some(false)),
            Err(error) if error.failure == Failure::Forbidden => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn list_if_allowed<T: DeserializeOwned>(
        &self,
        ask: Ask,
        deadline: Deadline,
    ) -> Result<Option<Vec<T>>, ActionError> {
        match pages(&self.api, ask, deadline).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.failure == Failure::Forbidden => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn without_licence(error: &ActionError) -> bool {
    let code = error.vendor.as_ref().and_then(|vendor| vendor.code.as_deref());
    code == Some("AadPremiumLicenseRequired")
}

/// Whether one of them says so; unknown where none does and one does not know.
fn any_of(signs: [Option<bool>; 3]) -> Option<bool> {
    match signs.contains(&Some(true)) {
        true => Some(true),
        false => signs.into_iter().collect::<Option<Vec<bool>>>().map(|_| false),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    id: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    is_assignable_to_role: Option<bool>,
    #[serde(default)]
    security_identifier: Option<String>,
    #[serde(default)]
    on_premises_security_identifier: Option<String>,
}

impl Group {
    fn facts(&self) -> GroupFacts {
        let sids = [&self.security_identifier, &self.on_premises_security_identifier];
        let sids = sids.into_iter().flatten().filter_map(|sid| Identifier::sid(sid).ok());
        let id = Identifier::entra_id(&self.id).into_iter();
        GroupFacts { identifiers: id.chain(sids).collect(), name: self.display_name.clone() }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    #[serde(default)]
    role_template_id: Option<String>,
}

impl Role {
    fn is_privileged(&self) -> bool {
        self.role_template_id.as_deref() != Some(DIRECTORY_READERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_sign_does_not_know_only_another_can_say() {
        assert_eq!(any_of([Some(false), Some(false), Some(false)]), Some(false));
        assert_eq!(any_of([None, Some(true), None]), Some(true));
        assert_eq!(any_of([Some(false), None, Some(false)]), None);
    }
}
