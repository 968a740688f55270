//! A tenant in memory, held to the contract of Microsoft Graph.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{AccountKey, Connection, Connector, Target};
use quell_entra_id::{EntraId, Settings};
use quell_kit::conformance::{Bench, Case, Mishap, PositionBench, Vendor};
use quell_kit::contract::Contract;
use quell_kit::scripted::{Reply, ScriptedCloud, Seen, TOKEN};
use serde_json::{Value, json};

pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const ALICE: &str = "73d664e4-0886-4a73-b745-c694da45ddb4";
pub(crate) const BOSS: &str = "aaaaaaaa-0886-4a73-b745-c694da45ddb4";
pub(crate) const QUARANTINE: &str = "00000000-0000-0000-0000-0000000000f1";
const SECRET: &str = "planted-client-secret";

/// What is in the tenant, and what was changed in it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) users: Vec<Value>,
    pub(crate) groups: Vec<Value>,
    pub(crate) members: BTreeSet<(String, String)>,
    pub(crate) roles: Vec<Value>,
    pub(crate) eligible: Vec<Value>,
    pub(crate) risk: Option<String>,
    /// It is told of this user, whoever was asked about.
    pub(crate) risk_of: Option<&'static str>,
    /// A change of the risk is taken, and does not show yet.
    pub(crate) risk_lags: bool,
    /// The service has not done yet what it has taken.
    pub(crate) processing: bool,
    /// Lists are told one by one.
    pub(crate) paged: bool,
    /// Filters get lost on the way.
    pub(crate) unfiltered: bool,
    /// Lists that are refused, by a part of their path, with this status and code.
    pub(crate) refused: Option<(&'static str, u16, &'static str)>,
    /// Alice is an administrator, whom the application may read and not change.
    pub(crate) protected: bool,
    pub(crate) changes: usize,
}

impl World {
    fn new() -> Self {
        let alice = json!({
            "id": ALICE, "userPrincipalName": "alice@contoso.example", "displayName": "Alice", "mail": "a@x.example",
            "accountEnabled": true, "userType": "Member",
            "passwordProfile": { "forceChangePasswordNextSignIn": false },
        });
        let boss =
            json!({ "id": BOSS, "userPrincipalName": "boss@contoso.example", "mail": "boss@x.example" });
        let quarantine = json!({
            "id": QUARANTINE, "displayName": "Quarantine", "groupTypes": [], "isAssignableToRole": null,
            "securityIdentifier": "S-1-12-1-1-2-3-4",
        });
        Self {
            users: vec![alice, boss],
            groups: vec![quarantine],
            members: BTreeSet::new(),
            roles: Vec::new(),
            eligible: Vec::new(),
            risk: None,
            risk_of: None,
            risk_lags: false,
            processing: false,
            paged: false,
            unfiltered: false,
            refused: None,
            protected: false,
            changes: 0,
        }
    }

    /// Alice, to be changed.
    pub(crate) fn alice(&mut self) -> &mut Value {
        &mut self.users[0]
    }

    fn user(&self, name: &str) -> Option<&Value> {
        self.users.iter().find(|user| user["id"] == name || user["userPrincipalName"] == name)
    }

    fn group(&self, id: &str) -> Option<&Value> {
        self.groups.iter().find(|group| group["id"] == id || group["displayName"] == id)
    }

    fn groups_of(&self, user: &str) -> Vec<Value> {
        let of_user = self.members.iter().filter(|(_, member)| member == user);
        of_user.filter_map(|(group, _)| self.group(group).cloned()).collect()
    }
}

/// A tenant under the control of a test.
pub(crate) struct Tenant {
    pub(crate) cloud: ScriptedCloud,
    pub(crate) world: Arc<Mutex<World>>,
    folder: tempfile::TempDir,
}

impl Tenant {
    pub(crate) async fn start() -> Self {
        let contract = Contract::parse("/v1.0", include_str!("../../contract/graph.json")).unwrap();
        let world = Arc::new(Mutex::new(World::new()));
        let behind = Arc::clone(&world);
        let cloud =
            ScriptedCloud::start(contract, refuse, move |seen| answer(&mut behind.lock(), seen)).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        Self { cloud: cloud.unwrap(), world, folder }
    }

    pub(crate) fn settings(&self, graph_url: &str, changes: Value) -> Settings {
        let mut all = json!({
            "tenant": TENANT,
            "application": "00000000-0000-0000-0000-0000000000d2",
            "credential": { "secret": { "file": self.folder.path().join("secret") } },
            "login_url": self.cloud.login_url(),
            "graph_url": graph_url,
            "domains": { "CORP": "corp.contoso.example" },
            "calls_per_second": 200,
            "risk_calls_per_minute": 6000,
            "http": { "connect_timeout_secs": 1 },
        });
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    pub(crate) async fn with(&self, changes: Value) -> Connection {
        let settings = self.settings(&self.cloud.behave_as(Vendor::Answers), changes);
        assert_eq!(EntraId::check(&settings), []);
        EntraId::connect("entra-id", settings).await.unwrap()
    }
}

pub(crate) fn alice() -> Target {
    let (provider, realm) = ("entra_id".into(), TENANT.to_owned());
    Target::Account(AccountKey { provider, realm, id: ALICE.to_owned() })
}

pub(crate) fn refuse(status: u16) -> Reply {
    let code = match status {
        401 => "InvalidAuthenticationToken",
        403 => "Authorization_RequestDenied",
        404 => "Request_ResourceNotFound",
        429 => "TooManyRequests",
        400 => "Request_BadRequest",
        _ => "serviceNotAvailable",
    };
    refuse_with(status, code)
}

fn refuse_with(status: u16, code: &str) -> Reply {
    let message = format!("the secret {SECRET} is repeated here");
    Reply::json(status, &json!({ "error": { "code": code, "message": message } }))
        .with_header("request-id", "r-1")
}

fn answer(world: &mut World, seen: &Seen) -> Reply {
    if let Some((part, status, code)) = world.refused
        && seen.path.contains(part)
    {
        return refuse_with(status, code);
    }
    let url = format!("http://x.invalid{}", seen.path).parse::<quell_kit::Url>().unwrap();
    let filter = url.query_pairs().find(|(name, _)| name == "$filter").map(|(_, text)| text.into_owned());
    let path: Vec<String> = url.path().split('/').skip(2).map(decoded).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    match (seen.method.as_str(), path.as_slice()) {
        ("GET", ["users"]) => match filter {
            Some(filter) => filtered(world, &world.users, &filter, seen),
            None => Reply::json(200, &json!({ "value": [world.users[0]] })),
        },
        ("GET", ["groups"]) if world.unfiltered => Reply::json(200, &json!({ "value": world.groups })),
        ("GET", ["groups"]) => filtered(world, &world.groups, &filter.unwrap(), seen),
        ("GET", ["groups", id]) => found(world.group(id)),
        ("GET", ["users", name]) => found(world.user(name)),
        ("GET", ["users", ALICE, "manager"]) => found(world.user(BOSS)),
        ("GET", ["users", id, "memberOf" | "transitiveMemberOf", rest @ ..]) => {
            let value =
                if *rest == ["graph.directoryRole"] { world.roles.clone() } else { world.groups_of(id) };
            told(world, &value, seen)
        }
        ("GET", ["roleManagement", ..]) => told(world, &world.eligible, seen),
        ("GET", ["identityProtection", "riskyUsers", id]) => match &world.risk {
            Some(state) => {
                let (processing, id) = (world.processing, world.risk_of.unwrap_or(id));
                let user =
                    json!({ "id": id, "isProcessing": processing, "riskState": state, "riskLevel": "none" });
                Reply::json(200, &user)
            }
            None => refuse(404),
        },
        (_, path) => write(world, &seen.method, path, &body),
    }
}

fn write(world: &mut World, method: &str, path: &[&str], body: &Value) -> Reply {
    if world.protected {
        return refuse(403);
    }
    world.changes += 1;
    match (method, path) {
        ("POST", ["identityProtection", ..]) if world.risk_lags => {}
        ("PATCH", ["users", ALICE]) => {
            for (name, value) in body.as_object().unwrap() {
                let mut value = value.clone();
                value.as_object_mut().map(|profile| profile.remove("password"));
                world.alice()[name] = value;
            }
        }
        ("POST", ["users", ALICE, "revokeSignInSessions"]) => {
            return Reply::json(200, &json!({ "@odata.context": "x#Edm.Boolean", "value": true }));
        }
        ("POST", ["identityProtection", "riskyUsers", "confirmCompromised"])
            if body["userIds"] == json!([ALICE]) =>
        {
            world.risk = Some("confirmedCompromised".into());
        }
        ("POST", ["identityProtection", "riskyUsers", "dismiss"]) if body["userIds"] == json!([ALICE]) => {
            world.risk = Some("dismissed".into());
        }
        ("POST", ["groups", group, "members", "$ref"]) => {
            let id = body["@odata.id"].as_str().unwrap();
            let member = id.rsplit('/').next().unwrap().to_owned();
            assert!(id.contains("/v1.0/directoryObjects/"), "{id}");
            if !world.members.insert(((*group).to_owned(), member)) {
                world.changes -= 1;
                return refuse(400);
            }
        }
        ("DELETE", ["groups", group, "members", member, "$ref"]) => {
            if !world.members.remove(&((*group).to_owned(), (*member).to_owned())) {
                world.changes -= 1;
                return refuse(404);
            }
        }
        _ => {
            world.changes -= 1;
            return refuse(404);
        }
    }
    Reply::status(204)
}

/// `member eq 'text'`, and nothing else.
fn filtered(world: &World, all: &[Value], filter: &str, seen: &Seen) -> Reply {
    let (member, text) = filter.split_once(" eq '").unwrap();
    let text = text.strip_suffix('\'').unwrap().replace("''", "'");
    let advanced = seen.headers.contains_key("consistencylevel") && seen.path.contains("$count=true");
    if member == "onPremisesSamAccountName" && !advanced {
        return refuse_with(400, "Request_UnsupportedQuery");
    }
    let fits = |one: &&Value| one[member].as_str().is_some_and(|value| value.eq_ignore_ascii_case(&text));
    let found: Vec<Value> = all.iter().filter(fits).cloned().collect();
    told(world, &found, seen)
}

fn told(world: &World, all: &[Value], seen: &Seen) -> Reply {
    if !world.paged {
        return Reply::json(200, &json!({ "value": all }));
    }
    let (host, mark) = (&seen.headers["host"], if seen.path.contains('?') { '&' } else { '?' });
    let (bare, at) = seen.path.split_once(&format!("{mark}$skiptoken=")).unwrap_or((&seen.path, "0"));
    let at: usize = at.parse().unwrap();
    let next = (at + 1 < all.len()).then(|| format!("http://{host}{bare}{mark}$skiptoken={}", at + 1));
    let shown: Vec<&Value> = all.get(at).into_iter().collect();
    Reply::json(200, &json!({ "value": shown, "@odata.nextLink": next }))
}

fn found(one: Option<&Value>) -> Reply {
    one.map_or_else(|| refuse(404), |one| Reply::json(200, one))
}

fn decoded(part: &str) -> String {
    let url = format!("http://x.invalid/?x={part}").parse::<quell_kit::Url>().unwrap();
    url.query_pairs().next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[async_trait]
impl Bench for Tenant {
    fn cases(&self) -> Vec<Case> {
        let case = |info: quell_action::ActionInfo| {
            let params = match info.spec.name {
                "account.add_to_group" | "account.remove_from_group" => json!({ "group": "Quarantine" }),
                _ => json!({}),
            };
            Case { action: info.spec.name, provider: "entra_id", target: alice(), params }
        };
        EntraId::actions(None).into_iter().map(case).collect()
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        let settings = self.settings(&self.cloud.behave_as(vendor), json!({}));
        EntraId::connect("entra-id", settings).await.unwrap()
    }

    async fn arrange(&self, case: &Case, done: bool) -> bool {
        let mut world = self.world.lock();
        *world = World::new();
        world.alice()["accountEnabled"] = json!((case.action == "account.disable") != done);
        world.alice()["passwordProfile"]["forceChangePasswordNextSignIn"] = json!(done);
        let compromised = (case.action == "account.mark_compromised") == done;
        world.risk = compromised.then(|| "confirmedCompromised".to_owned());
        if (case.action == "account.add_to_group") == done {
            world.members.insert((QUARANTINE.to_owned(), ALICE.to_owned()));
        }
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.world.lock().changes
    }

    async fn meddle(&self, case: &Case) -> bool {
        let risky = case.action == "account.mark_compromised" || case.action == "account.dismiss_risk";
        if risky {
            self.world.lock().risk = Some("atRisk".into());
        }
        risky
    }

    fn can(&self, _: Vendor) -> bool {
        true
    }

    fn time_limit(&self) -> std::time::Duration {
        std::time::Duration::from_millis(600)
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned(), TOKEN.to_owned()]
    }
}

impl PositionBench for Tenant {
    fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.cloud.expect(mishap);
    }

    fn calls(&self) -> usize {
        self.cloud.calls()
    }
}
