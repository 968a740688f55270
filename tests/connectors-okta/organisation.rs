//! [`Organisation`]: an Okta organisation in memory, with users, groups, and the rules of a user's life, written down here
//! a second time and from Okta's documentation alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quell_kit::Url;
use quell_kit::conformance::Vendor;
use quell_kit::scripted::{Mishaps, Reply, ScriptedServer, Seen};
use serde_json::{Value, json};

use crate::contract::Contract;

pub(crate) const TOKEN: &str = "00planted-api-token-that-nobody-may-see-12";
pub(crate) const APP: &str = "0oa0000000000000adir";
/// The time of every answer: 1700000000.
const DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

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
    pub(crate) changes: usize,
    /// Orders that Okta takes its time for.
    pub(crate) slow: bool,
    pub(crate) page: usize,
}

#[derive(Clone)]
pub(crate) struct Organisation {
    pub(crate) server: Arc<ScriptedServer>,
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) behaviour: Arc<Mutex<Vendor>>,
    pub(crate) faults: Arc<Mutex<Vec<String>>>,
    pub(crate) mishaps: Arc<Mishaps>,
    /// Where it is not empty, what answers each request in turn instead.
    pub(crate) instead: Arc<Mutex<Vec<Reply>>>,
}

impl Organisation {
    pub(crate) async fn start() -> Self {
        let world = Arc::new(Mutex::new(World::seeded()));
        let behaviour = Arc::new(Mutex::new(Vendor::Answers));
        let faults = Arc::new(Mutex::new(Vec::new()));
        let instead = Arc::new(Mutex::new(Vec::new()));
        let mishaps = Arc::new(Mishaps::default());
        let (contract, plan) = (Contract::read(), Arc::clone(&mishaps));
        let (w, b, f, i) = (world.clone(), behaviour.clone(), faults.clone(), instead.clone());
        let script = move |seen: &Seen| {
            let mut planned = i.lock();
            if !planned.is_empty() {
                return planned.remove(0);
            }
            drop(planned);
            let carried_out = || {
                let reply = answer(*b.lock(), &mut w.lock(), seen);
                f.lock().extend(contract.faults(seen, &reply));
                reply
            };
            plan.play(carried_out, Reply::status)
        };
        let server = Arc::new(ScriptedServer::start(script).await.unwrap());
        Self { server, world, behaviour, faults, mishaps, instead }
    }
}

impl World {
    fn seeded() -> Self {
        let mut world = Self { page: 200, ..Self::default() };
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

    fn user(&self, id: &str) -> Value {
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

    fn group(&self, id: &str) -> Value {
        let (kind, name, _) = &self.groups[id];
        json!({ "id": id, "type": kind, "profile": { "name": name } })
    }

    /// By id, by login, or by a short login that only one has. Accents are not heeded.
    fn find(&self, name: &str) -> Option<String> {
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
    fn step(&mut self, id: &str, step: &str) -> Reply {
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

    fn paged(&self, all: Vec<Value>, seen: &Seen) -> Reply {
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

/// What Okta answers, and what an answer that is lost becomes.
fn answer(vendor: Vendor, world: &mut World, seen: &Seen) -> Reply {
    let told = |reply: Reply| {
        let left = [("date", DATE), ("x-rate-limit-limit", "600"), ("x-rate-limit-remaining", "599")];
        left.iter().fold(reply, |reply, (name, value)| reply.with_header(name, value))
    };
    match vendor {
        Vendor::Forbids => return told(refusal(403, "E0000006", "no right")),
        Vendor::Throttles(hint) => return throttled(hint),
        _ => {}
    }
    let shown = seen.headers.get("authorization").map(String::as_str);
    if vendor == Vendor::RefusesCredentials || shown != Some(&format!("SSWS {TOKEN}")) {
        return told(refusal(401, "E0000011", "Invalid token provided"));
    }
    let whose = seen.path.contains("/users/") && !seen.path.contains("/users/me");
    if vendor == Vendor::KnowsNobody && whose {
        return told(refusal(404, "E0000007", "Not found"));
    }
    let reply = told(route(world, seen));
    if seen.method == "GET" {
        return reply;
    }
    match vendor {
        Vendor::HangsAfter => Reply::Silence,
        Vendor::Cuts => Reply::Cut,
        Vendor::Trickles => Reply::Trickle,
        Vendor::TalksNonsense => Reply::Raw(b"\x00\x01 no HTTP".to_vec()),
        _ => reply,
    }
}

fn throttled(hint: Option<Duration>) -> Reply {
    let reply = refusal(429, "E0000047", "API call exceeded rate limit");
    let Some(hint) = hint else { return reply };
    [
        ("date", DATE.to_owned()),
        ("x-rate-limit-limit", "600".to_owned()),
        ("x-rate-limit-remaining", "0".to_owned()),
        ("x-rate-limit-reset", (1_700_000_000 + hint.as_secs()).to_string()),
    ]
    .iter()
    .fold(reply, |reply, (name, value)| reply.with_header(name, value))
}

fn route(world: &mut World, seen: &Seen) -> Reply {
    let url = Url::parse(&format!("http://okta.example{}", seen.path)).unwrap();
    let parts: Vec<String> = url
        .path_segments()
        .unwrap()
        .map(|part| part.replace("%40", "@").replace("%C3%A9", "é").replace("%20", " "))
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let missing = || refusal(404, "E0000007", "Not found: Resource not found");
    let whose = match parts.as_slice() {
        ["api", "v1", "users", name, ..] => world.find(name),
        _ => None,
    };
    match (seen.method.as_str(), parts.as_slice(), whose) {
        ("GET", ["api", "v1", "users"], _) => {
            let found = searched(&url);
            let users = world.people.iter().filter(|(_, person)| person.login.to_lowercase() == found);
            Reply::json(200, &users.map(|(id, _)| world.user(id)).collect())
        }
        ("GET", ["api", "v1", "groups"], _) => {
            let found = searched(&url);
            let groups = world.groups.iter().filter(|(_, (_, name, _))| name.to_lowercase() == found);
            Reply::json(200, &groups.map(|(id, _)| world.group(id)).collect())
        }
        ("GET", ["api", "v1", "groups", id], _) if world.groups.contains_key(*id) => {
            Reply::json(200, &world.group(id))
        }
        ("GET", ["api", "v1", "groups", id, "roles"], _) if world.groups.contains_key(*id) => {
            let role = world.groups[*id].2.iter();
            Reply::json(200, &role.map(|kind| json!({ "type": kind, "assignmentType": "GROUP" })).collect())
        }
        (_, ["api", "v1", "groups", group, "users", id], _) => member(world, seen, group, id),
        ("GET", ["api", "v1", "apps", APP, "users"], _) => {
            let anchored = world.people.iter().filter_map(|(id, person)| Some((id, person.anchor.as_ref()?)));
            let all = anchored.map(|(id, anchor)| json!({ "id": id, "externalId": anchor, "scope": "USER" }));
            world.paged(all.collect(), seen)
        }
        ("GET", ["api", "v1", "apps", APP, "users", id], _) => {
            match world.people.get(*id).and_then(|person| person.anchor.as_ref()) {
                Some(anchor) => Reply::json(200, &json!({ "id": id, "externalId": anchor, "scope": "USER" })),
                None => missing(),
            }
        }
        (method, ["api", "v1", "users", _, rest @ ..], Some(id)) => of_user(world, seen, method, &id, rest),
        _ => missing(),
    }
}

fn of_user(world: &mut World, seen: &Seen, method: &str, id: &str, rest: &[&str]) -> Reply {
    match (method, rest) {
        ("GET", []) => Reply::json(200, &world.user(id)),
        ("POST", ["lifecycle", step]) => world.step(id, step),
        ("GET", ["groups"]) => {
            world.paged(world.people[id].groups.iter().map(|group| world.group(group)).collect(), seen)
        }
        ("GET", ["roles"]) => {
            let roles = world.people[id].roles.iter();
            Reply::json(200, &roles.map(|kind| json!({ "type": kind, "assignmentType": "USER" })).collect())
        }
        ("GET", ["clients"]) => {
            let clients = world.people[id].clients.iter();
            Reply::json(200, &clients.map(|client| json!({ "client_id": client })).collect())
        }
        ("DELETE", ["clients", client, "tokens"]) => {
            world.people.get_mut(id).unwrap().clients.retain(|known| known != client);
            world.changes += 1;
            Reply::status(204)
        }
        ("GET", ["grants"]) => {
            let grant = |_| json!({ "issuer": "https://corp.okta.com", "scopeId": "okta.users.read" });
            Reply::json(200, &(0..world.people[id].consents).map(grant).collect())
        }
        ("DELETE", ["grants"]) => {
            world.people.get_mut(id).unwrap().consents = 0;
            world.changes += 1;
            Reply::status(204)
        }
        ("DELETE", ["sessions"]) => {
            world.changes += 1;
            Reply::status(204)
        }
        ("GET", ["risk"]) => Reply::json(200, &json!({ "riskLevel": world.people[id].risk })),
        ("PUT", ["risk"]) => {
            let body: Value = serde_json::from_slice(&seen.body).unwrap();
            world.people.get_mut(id).unwrap().risk = body["riskLevel"].as_str().unwrap().to_owned();
            world.changes += 1;
            Reply::json(200, &json!({ "riskLevel": body["riskLevel"] }))
        }
        _ => refusal(404, "E0000007", "Not found"),
    }
}

fn member(world: &mut World, seen: &Seen, group: &str, id: &str) -> Reply {
    let groups = &mut world.people.get_mut(id).unwrap().groups;
    match seen.method.as_str() {
        "PUT" => groups.insert(group.to_owned()),
        _ => groups.remove(group),
    };
    world.changes += 1;
    Reply::status(204)
}

/// The value that a search compares with.
fn searched(url: &Url) -> String {
    let (_, search) = url.query_pairs().find(|(name, _)| name == "search").unwrap();
    let quoted = search.split_once(" eq ").unwrap().1;
    serde_json::from_str::<String>(quoted).unwrap().to_lowercase()
}

fn refusal(status: u16, code: &str, cause: &str) -> Reply {
    Reply::json(
        status,
        &json!({
            "errorCode": code, "errorSummary": "refused", "errorLink": code, "errorId": "oae1",
            "errorCauses": [{ "errorSummary": cause }],
        }),
    )
}
