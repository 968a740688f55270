//! What is asked of Okta, call by call.

use quell_action::{ActionError, Failure};
use quell_kit::{Deadline, Method};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::client::{Ask, Okta, is_user_id};
use crate::groups::Group;
use crate::users::User;

/// The most that lists give in one page.
const PAGE: &str = "200";

/// A role of an administrator.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Role {
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// What an integration knows of a user.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppUser {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) external_id: Option<String>,
}

/// How great the risk of a user is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Risk {
    pub(crate) risk_level: String,
}

/// A client that holds tokens of a user.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TokenClient {
    pub(crate) client_id: String,
}

const NOTHING: &[(&str, &str)] = &[];

fn get<'a>(bucket: &'static str, path: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Ask<'a> {
    Ask { bucket, method: Method::GET, path, query, body: None }
}

impl Okta {
    /// The user of this id.
    pub(crate) async fn user(&self, id: &str, deadline: Deadline) -> Result<User, ActionError> {
        if !is_user_id(id) {
            return Err(ActionError::rejected(format!("{id:?} is not the id of an Okta user")));
        }
        let user: User = self.read(get("user", &["api", "v1", "users", id], NOTHING), deadline).await?;
        match user.id == id {
            true => Ok(user),
            false => Err(ActionError::new(
                Failure::Ambiguous,
                format!("Okta was asked for {id} and answered with {}", user.id),
            )),
        }
    }

    /// Whoever Okta finds by a login. It also finds by short names and without accents: compare.
    pub(crate) async fn user_by_login(
        &self,
        login: &str,
        deadline: Deadline,
    ) -> Result<Option<User>, ActionError> {
        match self.read(get("user", &["api", "v1", "users", login], NOTHING), deadline).await {
            Ok(user) => Ok(Some(user)),
            Err(error) if error.failure == Failure::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Everybody whose login is this one, by search.
    pub(crate) async fn users_with_login(
        &self,
        login: &str,
        deadline: Deadline,
    ) -> Result<Vec<User>, ActionError> {
        let search = format!("profile.login eq {}", quoted(login));
        let query = [("search", search.as_str()), ("limit", PAGE)];
        self.read_all(get("users", &["api", "v1", "users"], &query), deadline).await
    }

    /// The owner of our token.
    pub(crate) async fn own_user(&self, deadline: Deadline) -> Result<User, ActionError> {
        self.read(get("user", &["api", "v1", "users", "me"], NOTHING), deadline).await
    }

    /// The administrative roles of an application.
    pub(crate) async fn roles_of_application(
        &self,
        client: &str,
        deadline: Deadline,
    ) -> Result<Vec<Role>, ActionError> {
        self.read_all(get("roles", &["oauth2", "v1", "clients", client, "roles"], NOTHING), deadline).await
    }

    /// The groups of a user. They are flat.
    pub(crate) async fn groups_of(&self, id: &str, deadline: Deadline) -> Result<Vec<Group>, ActionError> {
        self.read_all(get("user groups", &["api", "v1", "users", id, "groups"], NOTHING), deadline).await
    }

    /// The administrative roles of a user, those by a group included.
    pub(crate) async fn roles_of(&self, id: &str, deadline: Deadline) -> Result<Vec<Role>, ActionError> {
        self.read_all(get("roles", &["api", "v1", "users", id, "roles"], NOTHING), deadline).await
    }

    /// The administrative roles that a group gives.
    pub(crate) async fn roles_of_group(
        &self,
        id: &str,
        deadline: Deadline,
    ) -> Result<Vec<Role>, ActionError> {
        self.read_all(get("roles", &["api", "v1", "groups", id, "roles"], NOTHING), deadline).await
    }

    /// The group of this id.
    pub(crate) async fn group(&self, id: &str, deadline: Deadline) -> Result<Group, ActionError> {
        let group: Group = self.read(get("group", &["api", "v1", "groups", id], NOTHING), deadline).await?;
        match group.id == id {
            true => Ok(group),
            false => Err(ActionError::new(
                Failure::Ambiguous,
                format!("Okta was asked for the group {id} and answered with {}", group.id),
            )),
        }
    }

    /// The groups of this name.
    pub(crate) async fn groups_named(
        &self,
        name: &str,
        deadline: Deadline,
    ) -> Result<Vec<Group>, ActionError> {
        let search = format!("profile.name eq {}", quoted(name));
        let query = [("search", search.as_str()), ("limit", PAGE)];
        self.read_all(get("groups", &["api", "v1", "groups"], &query), deadline).await
    }

    /// What an integration knows of a user; `None` where it does not know the user.
    pub(crate) async fn app_user(
        &self,
        app: &str,
        id: &str,
        deadline: Deadline,
    ) -> Result<Option<AppUser>, ActionError> {
        let path = ["api", "v1", "apps", app, "users", id];
        match self.read::<AppUser>(get("apps", &path, NOTHING), deadline).await {
            Ok(user) if user.id == id => Ok(Some(user)),
            Ok(user) => Err(ActionError::new(
                Failure::Ambiguous,
                format!("Okta was asked for {id} in {app} and answered with {}", user.id),
            )),
            Err(error) if error.failure == Failure::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the users of an integration can be read.
    pub(crate) async fn can_read_app(&self, app: &str, deadline: Deadline) -> Result<(), ActionError> {
        let path = ["api", "v1", "apps", app, "users"];
        self.read::<Vec<AppUser>>(get("apps", &path, &[("limit", "1")]), deadline).await.map(drop)
    }

    /// Everybody whom an integration knows.
    pub(crate) async fn app_users(&self, app: &str, deadline: Deadline) -> Result<Vec<AppUser>, ActionError> {
        let query = [("limit", "500")];
        self.read_all(get("apps", &["api", "v1", "apps", app, "users"], &query), deadline).await
    }

    /// The risk of a user.
    pub(crate) async fn risk(&self, id: &str, deadline: Deadline) -> Result<Risk, ActionError> {
        self.read(get("risk", &["api", "v1", "users", id, "risk"], NOTHING), deadline).await
    }

    /// The clients that hold refresh tokens of a user.
    pub(crate) async fn clients_of(
        &self,
        id: &str,
        deadline: Deadline,
    ) -> Result<Vec<TokenClient>, ActionError> {
        self.read_all(get("tokens", &["api", "v1", "users", id, "clients"], NOTHING), deadline).await
    }

    /// To how many things a user has consented.
    pub(crate) async fn grants_of(&self, id: &str, deadline: Deadline) -> Result<usize, ActionError> {
        let path = ["api", "v1", "users", id, "grants"];
        let ask = get("tokens", &path, NOTHING);
        let grants: Vec<IgnoredAny> = self.read_all(ask, deadline).await?;
        Ok(grants.len())
    }

    /// Orders a step in the life of a user.
    pub(crate) async fn lifecycle(
        &self,
        id: &str,
        step: &str,
        query: &[(&str, &str)],
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        let path = ["api", "v1", "users", id, "lifecycle", step];
        let ask = Ask { bucket: "lifecycle", method: Method::POST, path: &path, query, body: None };
        self.order(ask, deadline).await
    }

    /// Sets the risk of a user. The reason may hold letters, digits, blanks, hyphens, commas and full stops.
    pub(crate) async fn set_risk(
        &self,
        id: &str,
        level: &str,
        reason: &str,
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        let path = ["api", "v1", "users", id, "risk"];
        let body = Some(json!({ "riskLevel": level, "riskReason": reason }));
        self.order(Ask { bucket: "risk", method: Method::PUT, path: &path, query: NOTHING, body }, deadline)
            .await
    }

    /// Ends the sessions of a user, and revokes the tokens that Okta itself has given out.
    pub(crate) async fn end_sessions(&self, id: &str, deadline: Deadline) -> Result<(), ActionError> {
        let query = [("oauthTokens", "true"), ("forgetDevices", "true")];
        self.delete("sessions", &["api", "v1", "users", id, "sessions"], &query, deadline).await
    }

    /// Revokes what a user has consented to.
    pub(crate) async fn revoke_grants(&self, id: &str, deadline: Deadline) -> Result<(), ActionError> {
        self.delete("tokens", &["api", "v1", "users", id, "grants"], NOTHING, deadline).await
    }

    /// Revokes the refresh tokens of a user that a client holds.
    pub(crate) async fn revoke_tokens(
        &self,
        id: &str,
        client: &str,
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        let path = ["api", "v1", "users", id, "clients", client, "tokens"];
        self.delete("tokens", &path, NOTHING, deadline).await
    }

    /// Puts a user into a group, or takes one out of it.
    pub(crate) async fn set_member(
        &self,
        group: &str,
        id: &str,
        member: bool,
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        let path = ["api", "v1", "groups", group, "users", id];
        let method = if member { Method::PUT } else { Method::DELETE };
        self.order(Ask { bucket: "group", method, path: &path, query: NOTHING, body: None }, deadline).await
    }

    async fn delete(
        &self,
        bucket: &'static str,
        path: &[&str],
        query: &[(&str, &str)],
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        self.order(Ask { bucket, method: Method::DELETE, path, query, body: None }, deadline).await
    }
}

/// A text within a search: nothing in it can end it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_it() {
        assert_eq!(quoted("o'hara"), r#""o'hara""#);
        assert_eq!(quoted(r#"x" or id pr or "" eq ""#), r#""x\" or id pr or \"\" eq \"""#);
        assert_eq!(quoted(r"x\"), r#""x\\""#);
    }
}
