//! [`Organisation`]: an Okta organisation that answers, with its users and groups in memory.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quell_kit::Url;
use quell_kit::conformance::{Mishap, Vendor};
use quell_kit::scripted::{Mishaps, Reply, ScriptedServer, Seen};
use serde_json::{Value, json};

use crate::contract::Contract;
use crate::sign_in::{CLIENT, SignIn};
use crate::world::{World, refusal};

pub(crate) const TOKEN: &str = "00planted-api-token-that-nobody-may-see-12";
pub(crate) const APP: &str = "0oa0000000000000adir";
/// The time of every answer: 1700000000.
const DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

#[derive(Clone)]
pub(crate) struct Organisation {
    pub(crate) server: Arc<ScriptedServer>,
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) behaviour: Arc<Mutex<Vendor>>,
    pub(crate) faults: Arc<Mutex<Vec<String>>>,
    pub(crate) mishaps: Arc<Mishaps>,
    /// Where applications sign in.
    pub(crate) sign_in: Arc<SignIn>,
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
        let sign_in = Arc::new(SignIn::default());
        let door = Arc::clone(&sign_in);
        let (contract, plan) = (Contract::read(), Arc::clone(&mishaps));
        let (w, b, f, i) = (world.clone(), behaviour.clone(), faults.clone(), instead.clone());
        let script = move |seen: &Seen| {
            let vendor = *b.lock();
            if seen.path == "/oauth2/v1/token" {
                door.set(|state| state.refuses = vendor == Vendor::RefusesCredentials);
                let reply = door.token(seen);
                f.lock().extend(contract.faults(seen, &reply));
                return reply;
            }
            let mut planned = i.lock();
            if !planned.is_empty() {
                return planned.remove(0);
            }
            drop(planned);
            let mishap = plan.next();
            if mishap == Some(Mishap::TokenEnds) {
                door.revoke_all();
            }
            // An API token is looked at where it is answered; whoever comes with another comes from the sign-in.
            if !shows_api_token(seen)
                && vendor != Vendor::RefusesCredentials
                && let Err(refusal) = door.accepts(seen, &contract.scope_of(seen))
            {
                return refusal;
            }
            let carried_out = || {
                let reply = answer(vendor, &mut w.lock(), seen);
                f.lock().extend(contract.faults(seen, &reply));
                reply
            };
            match mishap {
                None | Some(Mishap::TokenEnds) => carried_out(),
                Some(mishap) => mishap.happens(carried_out, Reply::status),
            }
        };
        let server = Arc::new(ScriptedServer::start(script).await.unwrap());
        Self { server, world, behaviour, faults, mishaps, instead, sign_in }
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
    let wrong = shows_api_token(seen) && shown != Some(&format!("SSWS {TOKEN}"));
    if vendor == Vendor::RefusesCredentials || wrong {
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

fn shows_api_token(seen: &Seen) -> bool {
    seen.headers.get("authorization").is_some_and(|shown| shown.starts_with("SSWS "))
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
        // An application is no user.
        ["api", "v1", "users", "me", ..] if !shows_api_token(seen) => None,
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
        ("GET", ["oauth2", "v1", "clients", CLIENT, "roles"], _) => {
            let roles = world.application_roles.iter();
            Reply::json(200, &roles.map(|kind| json!({ "type": kind, "assignmentType": "CLIENT" })).collect())
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
