//! A sensor in memory, held to the contract of Microsoft Graph.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{AccountKey, Connection, Connector, Target};
use quell_defender_identity::{DefenderIdentity, Settings};
use quell_kit::conformance::{Bench, Case, Mishap, PositionBench, Vendor};
use quell_kit::contract::Contract;
use quell_kit::scripted::{Reply, ScriptedCloud, Seen, TOKEN};
use serde_json::{Value, json};

pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const ALICE: &str = "00000000-0000-0000-0000-0000000000a1";
pub(crate) const SID: &str = "S-1-5-21-1111111111-2222222222-3333333333-1104";
const ACCOUNT: &str = "00000000-0000-0000-0000-0000000000a2";
const SECRET: &str = "planted-client-secret";

/// What the sensor knows, and what was changed.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) identities: Vec<Value>,
    /// Whether what is accepted shows only later.
    pub(crate) slow: bool,
    /// Whether answers have the shape that the pages of the reference print.
    pub(crate) as_printed: bool,
    pub(crate) invoked: Vec<String>,
}

impl World {
    fn new() -> Self {
        let alice = json!({
            "id": ALICE, "displayName": "alice", "domain": "corp.contoso.example", "isEnabled": true,
            "onPremisesSecurityIdentifier": SID, "cloudSecurityIdentifier": null,
            "accounts": [
                { "identityProvider": "activeDirectory", "identifier": ACCOUNT, "actions": [] },
                { "identityProvider": "entraID", "identifier": ALICE, "actions": [] },
            ],
        });
        let mut world = Self { identities: vec![alice], slow: false, as_printed: false, invoked: Vec::new() };
        world.enable(true);
        world
    }

    /// As it is when the sensor has done it.
    pub(crate) fn enable(&mut self, enabled: bool) {
        let opposite = if enabled { "disable" } else { "enable" };
        self.identities[0]["isEnabled"] = json!(enabled);
        self.identities[0]["accounts"][0]["actions"] = json!([opposite, "forcePasswordReset"]);
    }

    fn shown(&self, value: &Value) -> Value {
        if !self.as_printed {
            return value.clone();
        }
        let mut printed = value.clone();
        for account in printed["accounts"].as_array_mut().into_iter().flatten() {
            let provider = account["identityProvider"].as_str().unwrap_or_default();
            account["provider"] = json!(format!("{}{}", provider[..1].to_uppercase(), &provider[1..]));
            account.as_object_mut().map(|account| account.remove("identityProvider"));
        }
        json!({ "value": printed })
    }
}

/// A sensor under the control of a test.
pub(crate) struct Sensor {
    pub(crate) cloud: ScriptedCloud,
    pub(crate) world: Arc<Mutex<World>>,
    folder: tempfile::TempDir,
}

impl Sensor {
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

    pub(crate) async fn with(&self, vendor: Vendor, follow_secs: u64) -> Connection {
        let settings: Settings = serde_json::from_value(json!({
            "tenant": TENANT,
            "application": "00000000-0000-0000-0000-0000000000d2",
            "credential": { "secret": { "file": self.folder.path().join("secret") } },
            "login_url": self.cloud.login_url(),
            "graph_url": self.cloud.behave_as(vendor),
            "follow_secs": follow_secs,
            "calls_per_minute": 6000,
            "http": { "connect_timeout_secs": 1 },
        }))
        .unwrap();
        assert_eq!(DefenderIdentity::check(&settings), []);
        DefenderIdentity::connect("defender-identity", settings).await.unwrap()
    }
}

pub(crate) fn alice() -> Target {
    let (provider, realm) = ("active_directory".into(), "corp.contoso.example".to_owned());
    Target::Account(AccountKey { provider, realm, id: ALICE.to_owned() })
}

fn refuse(status: u16) -> Reply {
    let body = json!({ "error": { "code": "accessDenied", "message": SECRET } });
    Reply::json(status, &body).with_header("request-id", "r-1")
}

fn answer(world: &mut World, seen: &Seen) -> Reply {
    let url = format!("http://x.invalid{}", seen.path).parse::<quell_kit::Url>().unwrap();
    let filter = url.query_pairs().find(|(name, _)| name == "$filter").map(|(_, text)| text.into_owned());
    let path: Vec<&str> = url.path().split('/').skip(5).collect();
    match (seen.method.as_str(), path.as_slice()) {
        ("GET", []) => {
            let sid =
                filter.as_deref().and_then(|filter| filter.strip_prefix("onPremisesSecurityIdentifier eq "));
            let fits = |one: &&Value| {
                sid.is_none_or(|sid| {
                    sid == format!("'{}'", one["onPremisesSecurityIdentifier"].as_str().unwrap())
                })
            };
            let found: Vec<&Value> = world.identities.iter().filter(fits).collect();
            Reply::json(200, &json!({ "value": found }))
        }
        ("GET", [id]) => {
            let found = world.identities.iter().find(|one| one["id"] == *id);
            found.map_or_else(|| refuse(404), |one| Reply::json(200, &world.shown(one)))
        }
        ("POST", [ALICE, "invokeAction"]) => {
            let body: Value = serde_json::from_slice(&seen.body).unwrap();
            assert_eq!(
                (&body["accountId"], &body["identityProvider"]),
                (&json!(ACCOUNT), &json!("activeDirectory"))
            );
            let action = body["action"].as_str().unwrap().to_owned();
            if action != "forcePasswordReset" && !world.slow {
                world.enable(action == "enable");
            }
            world.invoked.push(action);
            let mut result = body;
            result["correlationId"] = json!("ed2f052b-2a01-4cd9-acb3-f6145f83e1a5");
            Reply::json(200, &world.shown(&result))
        }
        _ => refuse(404),
    }
}

#[async_trait]
impl Bench for Sensor {
    fn cases(&self) -> Vec<Case> {
        let case = |info: quell_action::ActionInfo| Case {
            action: info.spec.name,
            provider: "active_directory",
            target: alice(),
            params: json!({}),
        };
        DefenderIdentity::actions(None).into_iter().map(case).collect()
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        self.with(vendor, 0).await
    }

    async fn arrange(&self, case: &Case, done: bool) -> bool {
        let mut world = self.world.lock();
        *world = World::new();
        world.enable((case.action == "account.disable") != done);
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.world.lock().invoked.len()
    }

    fn can(&self, _: Vendor) -> bool {
        true
    }

    fn time_limit(&self) -> Duration {
        Duration::from_millis(600)
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned(), TOKEN.to_owned()]
    }
}

impl PositionBench for Sensor {
    fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.cloud.expect(mishap);
    }

    fn calls(&self) -> usize {
        self.cloud.calls()
    }
}
