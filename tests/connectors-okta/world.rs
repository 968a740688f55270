//! [`World`]: the users and groups of the organisation, and the rules of a user's life, written down here a second time
//! and from Okta's documentation alone.

use std::collections::{BTreeMap, BTreeSet};

use quell_kit::Url;
use quell_kit::scripted::{Reply, Seen};
use serde_json::{Value, json};

use crate::organisation::TOKEN;

/// A user's id that looks like one.
pub(crate) fn user_id(name: &str) -> String {
    format!("00u{name:0>17}")
}

/// A group's id that looks like one.
pub(crate) fn group_id(name: &str) -> String {
    format!("00g{name:0>17}")
}

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) login: String,
    pub(crate) status: String,
    pub(crate) leaving: bool,
    pub(crate) risk: String,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) clients: Vec<String>,
    pub(crate) consents: usize,
    pub(crate) anchor: Option<String>,
}

/// What the organisation holds, and what happened to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) people: BTreeMap<String, Person>,
    /// Kind, name, and the role that it gives.
    pub(crate) groups: BTreeMap<String, (String, String, Option<String>)>,
    pub(crate) application_roles: Vec<String>,
    pub(crate) changes: usize,
    /// Orders that Okta takes its time for.
    pub(crate) slow: bool,
    pub(crate) page: usize,
}

impl World {
    pub(crate) fn seeded() -> Self {
        let application_roles = vec!["USER_ADMIN".to_owned()];
        let mut world = Self { page: 200, application_roles, ..Self::default() };
        for (name, roles) in
            [("alice", vec![]), ("bob", vec![]), ("root", vec!["SUPER_ADMIN"]), ("quell", vec!["USER_ADMIN"])]
        {
            world.people.insert(
                user_id(name),
                Person {
                    login: format!("{name}@corp.example"),
                    status: "ACTIVE".into(),
                    leaving: false,
                    risk: "LOW".into(),
                    groups: BTreeSet::from([group_id("everyone")]),
                    roles: roles.into_iter().map(str::to_owned).collect(),
                    clients: Vec::new(),
                    consents: 0,
                    anchor: (name == "alice").then(|| "EJ1aJpQDR0SnJqXG9itKpQ==".to_owned()),
                },
            );
        }
        for (id, kind, name, role) in [
            ("everyone", "BUILT_IN", "Everyone", None),
            ("quarantine", "OKTA_GROUP", "Quarantine", None),
            ("fromad", "APP_GROUP", "Domain Users", None),
            ("admins", "OKTA_GROUP", "Okta admins", Some("ORG_ADMIN")),
            ("twin1", "OKTA_GROUP", "Twins", None),
            ("twin2", "OKTA_GROUP", "twins", None),
        ] {
            world.groups.insert(group_id(id), (kind.into(), name.into(), role.map(str::to_owned)));
        }
        world
    }

    pub(crate) fn user(&self, id: &str) -> Value {
        let person = &self.people[id];
        let mut user = json!({
            "id": id, "status": person.status, "created": "2023-01-01T00:00:00.000Z",
            "profile": { "login": person.login, "email": person.login, "firstName": "A", "lastName": "B" },
        });
        if person.leaving {
            user["transitioningToStatus"] = json!("DEPROVISIONED");
        }
        user
    }

    pub(crate) fn group(&self, id: &str) -> Value {
        let (kind, name, _) = &self.groups[id];
        json!({ "id": id, "type": kind, "profile": { "name": name } })
    }

    /// By id, by login, or by a short login that only one has. Accents are not heeded.
    pub(crate) fn find(&self, name: &str) -> Option<String> {
        if name == "me" {
            return Some(user_id("quell"));
        }
        if self.people.contains_key(name) {
            return Some(name.to_owned());
        }
        let plain = |text: &str| text.to_lowercase().replace('é', "e");
        let fits = |login: &str| {
            plain(login) == plain(name)
                || login.split('@').next().is_some_and(|short| plain(short) == plain(name))
        };
        self.people.iter().find(|(_, person)| fits(&person.login)).map(|(id, _)| id.clone())
    }

    /// The step that Okta's rules allow from a status, and where it leads.
    pub(crate) fn step(&mut self, id: &str, step: &str) -> Reply {
        let slow = self.slow;
        let person = self.people.get_mut(id).unwrap();
        let from = person.status.as_str();
        let (allowed, to, status, code) = match step {
            "suspend" => (from == "ACTIVE", "SUSPENDED", 400, "E0000001"),
            "unsuspend" => (from == "SUSPENDED", "ACTIVE", 400, "E0000001"),
            "deactivate" => (from != "DEPROVISIONED", "DEPROVISIONED", 403, "E0000038"),
            "activate" => (["STAGED", "DEPROVISIONED"].contains(&from), "ACTIVE", 403, "E0000016"),
            "reactivate" => (["PROVISIONED", "RECOVERY"].contains(&from), from, 403, "E0000038"),
            "unlock" => (from == "LOCKED_OUT", "ACTIVE", 403, "E0000032"),
            "expire_password" => (from == "ACTIVE", "PASSWORD_EXPIRED", 403, "E0000038"),
            _ => (!["SUSPENDED", "STAGED", "DEPROVISIONED"].contains(&from), "RECOVERY", 403, "E0000017"),
        };
        if !allowed {
            return refusal(status, code, &format!("Cannot {step} a user in this state"));
        }
        let to = to.to_owned();
        match slow && step == "deactivate" {
            true => person.leaving = true,
            false => person.status = to,
        }
        self.changes += 1;
        match step {
            "activate" | "reactivate" => Reply::json(200, &json!({ "activationToken": TOKEN })),
            "reset_password" => {
                Reply::json(200, &json!({ "resetPasswordUrl": format!("https://x/{TOKEN}") }))
            }
            "expire_password" => Reply::json(200, &self.user(id)),
            _ => Reply::status(200),
        }
    }

    pub(crate) fn paged(&self, all: Vec<Value>, seen: &Seen) -> Reply {
        let host = seen.headers.get("host").unwrap();
        let path = seen.path.split('?').next().unwrap();
        let url = Url::parse(&format!("http://{host}{}", seen.path)).unwrap();
        let after = url.query_pairs().find(|(name, _)| name == "after");
        let from: usize = after.map_or(0, |(_, text)| text.parse().unwrap());
        let to = (from + self.page).min(all.len());
        let reply = Reply::json(200, &json!(all[from..to]))
            .with_header("link", &format!("<http://{host}{path}>; rel=\"self\""));
        match to < all.len() {
            true => reply.with_header("link", &format!("<http://{host}{path}?after={to}>; rel=\"next\"")),
            false => reply,
        }
    }
}

/// How Okta says no.
pub(crate) fn refusal(status: u16, code: &str, cause: &str) -> Reply {
    Reply::json(
        status,
        &json!({
            "errorCode": code, "errorSummary": "refused", "errorLink": code, "errorId": "oae1",
            "errorCauses": [{ "errorSummary": cause }],
        }),
    )
}
