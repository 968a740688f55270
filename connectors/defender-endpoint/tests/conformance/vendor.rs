//! A fleet in memory, held to the contract of Defender for Endpoint.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{Connection, Connector, DeviceKey, Target};
use quell_defender_endpoint::{DefenderEndpoint, Settings};
use quell_kit::conformance::{Bench, Case, Mishap, PositionBench, Vendor};
use quell_kit::contract::Contract;
use quell_kit::scripted::{Reply, ScriptedCloud, Seen, TOKEN};
use serde_json::{Value, json};

pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const WKS1: &str = "1e5bc9d7e413ddd7902c2932e418702b84d0cc07";
pub(crate) const SHA1: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";
const SECRET: &str = "planted-client-secret";
const SITE: &str = "evil.example";

/// What is over there, and what was changed.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) machines: Vec<Value>,
    /// Newest first, as the interface lists them.
    pub(crate) orders: Vec<Value>,
    pub(crate) investigations: Vec<Value>,
    pub(crate) indicators: Vec<Value>,
    /// How far new orders come at once.
    pub(crate) status: &'static str,
    /// How far an order has come when it is looked at again.
    pub(crate) later: Option<&'static str>,
    /// The refusal of every order: status, code and message.
    pub(crate) refuses: Option<(u16, &'static str, &'static str)>,
    /// This order is there, with this comment, when ours is refused.
    pub(crate) overtaken_by: Option<(&'static str, &'static str)>,
    /// How far an order has come that was to be cancelled.
    pub(crate) cancelled: &'static str,
    /// Calls with this as the last part of their path are answered with something about another device or order.
    pub(crate) strays: Option<&'static str>,
    /// Whether the list of orders lags behind.
    pub(crate) hides_orders: bool,
    /// Lists are told one by one.
    pub(crate) paged: bool,
    pub(crate) date: &'static str,
    pub(crate) changes: usize,
    ticks: u32,
}

impl World {
    fn new() -> Self {
        let machine = json!({
            "id": WKS1, "computerDnsName": "wks1.corp.example", "onboardingStatus": "Onboarded",
            "healthStatus": "Active", "osPlatform": "Windows11", "lastIpAddress": "192.0.2.10",
            "lastExternalIpAddress": "198.51.100.7", "machineTags": ["vip"],
            "aadDeviceId": "73d664e4-0886-4a73-b745-c694da45ddb4",
        });
        Self {
            machines: vec![machine],
            orders: Vec::new(),
            investigations: Vec::new(),
            indicators: Vec::new(),
            status: "Succeeded",
            later: None,
            refuses: None,
            overtaken_by: None,
            strays: None,
            cancelled: "Cancelled",
            hides_orders: false,
            paged: false,
            date: "Thu, 01 Jan 2026 01:00:00 GMT",
            changes: 0,
            ticks: 0,
        }
    }

    /// Adds an order, as if it were given now.
    pub(crate) fn order(&mut self, kind: &str, scope: Option<&str>, comment: &str) -> Value {
        self.ticks += 1;
        let order = json!({
            "id": format!("5382f7ea-7557-4ab7-9782-d504800{:05}", self.ticks),
            "type": kind, "scope": scope, "status": self.status, "requestorComment": comment, "machineId": WKS1,
            "creationDateTimeUtc": format!("2026-01-01T00:{:02}:{:02}.1234567Z", self.ticks / 60, self.ticks % 60),
        });
        self.orders.insert(0, order.clone());
        order
    }
}

/// A fleet under the control of a test.
pub(crate) struct Fleet {
    pub(crate) cloud: ScriptedCloud,
    pub(crate) world: Arc<Mutex<World>>,
    folder: tempfile::TempDir,
}

impl Fleet {
    pub(crate) async fn start() -> Self {
        let text = include_str!("../../contract/defender-endpoint.json");
        let contract = Contract::parse("", text).unwrap();
        let world = Arc::new(Mutex::new(World::new()));
        let behind = Arc::clone(&world);
        let cloud =
            ScriptedCloud::start(contract, refuse, move |seen| strayed(&mut behind.lock(), seen)).await;
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
            "api_url": self.cloud.behave_as(vendor),
            "follow_secs": follow_secs,
            "calls_per_minute": 6000,
            "http": { "connect_timeout_secs": 1 },
        }))
        .unwrap();
        assert_eq!(DefenderEndpoint::check(&settings), []);
        DefenderEndpoint::connect("defender-endpoint", settings).await.unwrap()
    }
}

pub(crate) fn wks1() -> Target {
    let (provider, realm) = ("defender_endpoint".into(), TENANT.to_owned());
    Target::Device(DeviceKey { provider, realm, id: WKS1.to_owned() })
}

fn refuse(status: u16) -> Reply {
    let code = match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "ResourceNotFound",
        429 => "TooManyRequests",
        400 => "BadRequest",
        _ => "InternalServerError",
    };
    refuse_with(status, code, SECRET)
}

fn refuse_with(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "error": { "code": code, "message": message, "target": "corr-1" } }))
}

fn strayed(world: &mut World, seen: &Seen) -> Reply {
    let astray = world.strays.is_some_and(|end| seen.path.ends_with(end));
    match answer(world, seen) {
        Reply::Answer { status, headers, body } if astray => {
            let mut told: Value = serde_json::from_slice(&body).unwrap();
            told["id"] = json!("5382f7ea-7557-4ab7-9782-d50480099999");
            told["machineId"] = json!("2e5bc9d7e413ddd7902c2932e418702b84d0cc07");
            Reply::Answer { status, headers, body: told.to_string().into_bytes() }
        }
        reply => reply,
    }
}

fn answer(world: &mut World, seen: &Seen) -> Reply {
    let url = format!("http://x.invalid{}", seen.path).parse::<quell_kit::Url>().unwrap();
    let filter = url.query_pairs().find(|(name, _)| name == "$filter").map(|(_, text)| text.into_owned());
    let path: Vec<&str> = url.path().split('/').skip(2).collect();
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    let list = |all: &[Value]| told(world, all, seen);
    match (seen.method.as_str(), path.as_slice()) {
        ("GET", ["machines"]) => match filter {
            Some(filter) => {
                let found = filtered(&world.machines, &filter);
                if found.is_empty() { refuse(404) } else { list(&found) }
            }
            None => list(&world.machines),
        },
        ("GET", ["machines", question]) if question.starts_with("findbyip(") => {
            let address = question.split('\'').nth(1).unwrap();
            // It goes by what was reported at that time, and not by what is so now.
            let has = |one: &&Value| one["lastIpAddress"] == address || one["hadIpAddress"] == address;
            let found: Vec<Value> = world.machines.iter().filter(has).cloned().collect();
            if found.is_empty() { refuse(404) } else { list(&found) }
        }
        ("GET", ["machines", id]) => {
            let is_called = |machine: &&Value| machine["id"] == *id || machine["computerDnsName"] == *id;
            let found = world.machines.iter().find(is_called);
            found.map_or_else(|| refuse(404), |machine| Reply::json(200, machine))
        }
        ("GET", ["machineactions"]) if world.hides_orders => list(&[]),
        ("GET", ["machineactions"]) => list(&filtered(&world.orders, &filter.unwrap())),
        ("GET", ["machineactions", id]) => {
            let later = world.later;
            let found = world.orders.iter_mut().find(|order| order["id"] == *id).unwrap();
            if let Some(later) = later {
                found["status"] = json!(later);
            }
            Reply::json(200, found)
        }
        ("GET", ["investigations"]) => list(&filtered(&world.investigations, &filter.unwrap())),
        ("GET", ["indicators"]) => list(&filtered(&world.indicators, &filter.unwrap())),
        (_, path) => write(world, path, &body),
    }
}

fn told(world: &World, all: &[Value], seen: &Seen) -> Reply {
    let mut told = json!({ "value": all });
    if world.paged {
        let (bare, at) = seen.path.split_once("&$skip=").unwrap_or((&seen.path, "0"));
        let at: usize = at.parse().unwrap();
        told["value"] = json!(all.get(at).into_iter().collect::<Vec<_>>());
        if at + 1 < all.len() {
            told["@odata.nextLink"] =
                json!(format!("http://{}{bare}&$skip={}", seen.headers["host"], at + 1));
        }
    }
    Reply::json(200, &told).with_header("date", world.date)
}

fn write(world: &mut World, path: &[&str], body: &Value) -> Reply {
    if let Some((status, code, message)) = world.refuses {
        if let Some((kind, comment)) = world.overtaken_by {
            world.order(kind, None, comment);
        }
        return refuse_with(status, code, message);
    }
    world.changes += 1;
    let comment = body["Comment"].as_str().unwrap_or_default().to_owned();
    match path {
        ["machines", WKS1, "tags"] => {
            let tag = body["Value"].clone();
            let tags = world.machines[0]["machineTags"].as_array_mut().unwrap();
            tags.retain(|have| *have != tag);
            tags.extend((body["Action"] == "Add").then_some(tag));
            Reply::json(200, &world.machines[0])
        }
        ["machines", WKS1, "startInvestigation"] => {
            let started = json!({ "id": "42", "state": "Running", "machineId": WKS1 });
            world.investigations.push(started.clone());
            Reply::json(201, &started)
        }
        ["machines", WKS1, call] => {
            let kind = format!("{}{}", call[..1].to_uppercase(), &call[1..]);
            Reply::json(201, &world.order(&kind, body["IsolationType"].as_str(), &comment))
        }
        ["machineactions", id, "cancel"] => {
            let status = world.cancelled;
            let order = world.orders.iter_mut().find(|order| order["id"] == *id).unwrap();
            order["status"] = json!(status);
            Reply::json(200, order)
        }
        ["indicators"] => {
            let mut written = body.clone();
            written["id"] = json!("7");
            world.indicators = vec![written.clone()];
            Reply::json(200, &written)
        }
        ["indicators", "7"] => {
            world.indicators.clear();
            Reply::status(204)
        }
        _ => {
            world.changes -= 1;
            refuse(404)
        }
    }
}

/// `member eq 'text'` or `member eq guid`, and nothing else.
fn filtered(all: &[Value], filter: &str) -> Vec<Value> {
    let (member, text) = filter.split_once(" eq ").unwrap();
    let text = text.trim_matches('\'');
    // The real one is not always so exact.
    let fits = |one: &&Value| one[member].as_str().is_some_and(|value| value.starts_with(text));
    all.iter().filter(fits).cloned().collect()
}

#[async_trait]
impl Bench for Fleet {
    fn cases(&self) -> Vec<Case> {
        let case = |info: quell_action::ActionInfo| {
            let action = info.spec.name;
            let params = match action {
                "device.tag" => json!({ "tag": "under-investigation" }),
                "file.quarantine" => json!({ "sha1": SHA1 }),
                "defender_endpoint.watch" => json!({ "value": SITE }),
                "defender_endpoint.get_device" => json!({ "ip": "192.0.2.10" }),
                _ => json!({ "comment": "by the playbook" }),
            };
            let target = if action.starts_with("defender_endpoint.") { Target::None } else { wks1() };
            Case { action, provider: "defender_endpoint", target, params }
        };
        DefenderEndpoint::actions(None).into_iter().map(case).collect()
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        self.with(vendor, 1).await
    }

    async fn arrange(&self, case: &Case, done: bool) -> bool {
        let mut world = self.world.lock();
        *world = World::new();
        let isolated = (case.action == "device.isolate") == done;
        let restricted = (case.action == "device.restrict_apps") == done;
        if isolated {
            world.order("Isolate", Some("Full"), "by hand");
        }
        if restricted {
            world.order("RestrictCodeExecution", None, "by hand");
        }
        if done && case.action == "device.tag" {
            world.machines[0]["machineTags"] = json!(["vip", "Under-Investigation"]);
        }
        if done && case.action == "defender_endpoint.watch" {
            let known = json!({
                "id": "7", "indicatorValue": SITE, "indicatorType": "DomainName", "action": "Audit",
            });
            world.indicators.push(known);
        }
        world.changes = 0;
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.world.lock().changes
    }

    async fn meddle(&self, case: &Case) -> bool {
        let mut world = self.world.lock();
        match case.action {
            "device.isolate" | "device.release" => {
                world.order("Isolate", Some("Selective"), "by hand");
            }
            "defender_endpoint.watch" => world.indicators[0]["action"] = json!("Block"),
            _ => return false,
        }
        true
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

impl PositionBench for Fleet {
    fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.cloud.expect(mishap);
    }

    fn calls(&self) -> usize {
        self.cloud.calls()
    }
}
