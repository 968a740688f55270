//! [`Tenant`]: incidents and alerts in memory, held to the contract of Microsoft Graph.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{ActionError, Connection, Connector, Outcome, Request, RequestKey, Restore, Target};
use quell_defender_xdr::{DefenderXdr, Settings};
use quell_kit::conformance::{Bench, Case, Mishap, PositionBench, Vendor, clear};
use quell_kit::contract::Contract;
use quell_kit::scripted::{Reply, ScriptedCloud, Seen, TOKEN};
use serde_json::{Value, json};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const SECRET: &str = "planted-client-secret";
pub(crate) const INCIDENT: &str = "28282";
pub(crate) const MERGED: &str = "28281";
pub(crate) const ALERT: &str = "da637551227677560813_-961444813";

/// What is over there, and what was changed.
pub(crate) struct World {
    pub(crate) incidents: Vec<Value>,
    pub(crate) alerts: Vec<Value>,
    /// Answers write words with a capital.
    pub(crate) as_printed: bool,
    /// Writes are taken and change nothing.
    pub(crate) deaf: bool,
    /// Answers to this method are about another one.
    pub(crate) strays: Option<&'static str>,
    pub(crate) changes: usize,
}

impl World {
    fn new() -> Self {
        let incident = |id: &str, other: Value| {
            json!({
                "id": id, "displayName": "Sample incident", "status": "active", "severity": "medium",
                "classification": "unknown", "determination": "unknown", "assignedTo": null, "customTags": ["vip"],
                "systemTags": [], "redirectIncidentId": other, "comments": [],
                "incidentWebUrl": format!("https://security.microsoft.com/incidents/{id}"),
            })
        };
        let alert = json!({
            "@odata.type": "#microsoft.graph.security.alert", "id": ALERT, "providerAlertId": ALERT,
            "incidentId": MERGED, "status": "new", "severity": "high", "classification": null, "determination": null,
            "title": "Sample alert", "assignedTo": null, "comments": [], "evidence": [],
        });
        Self {
            incidents: vec![incident(INCIDENT, Value::Null), incident(MERGED, json!(INCIDENT))],
            alerts: vec![alert],
            as_printed: false,
            deaf: false,
            strays: None,
            changes: 0,
        }
    }

    pub(crate) fn incident(&mut self) -> &mut Value {
        &mut self.incidents[0]
    }

    fn answer(&mut self, seen: &Seen) -> Reply {
        let url = format!("http://x.invalid{}", seen.path).parse::<quell_kit::Url>().unwrap();
        let path: Vec<&str> = url.path().split('/').skip(3).collect();
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        if path == ["incidents"] {
            return Reply::json(200, &json!({ "value": self.incidents }));
        }
        let (as_printed, deaf) = (self.as_printed, self.deaf);
        let strays = self.strays;
        let shown = |matter: &Value| {
            let mut shown = shown(matter, as_printed);
            if strays == Some(seen.method.as_str()) {
                shown["id"] = json!("999");
            }
            shown
        };
        let all = if path[0] == "incidents" { &mut self.incidents } else { &mut self.alerts };
        let Some(found) = all.iter_mut().find(|one| one["id"] == path[1]) else { return refuse(404) };
        match (seen.method.as_str(), path.get(2)) {
            ("GET", None) => Reply::json(200, &shown(found)),
            ("PATCH", None) => {
                for (name, value) in body.as_object().unwrap().iter().filter(|_| !deaf) {
                    found[name] = value.clone();
                }
                self.changes += usize::from(!deaf);
                Reply::json(200, &shown(found))
            }
            ("POST", Some(&"comments")) => {
                let comment = json!({ "comment": body["comment"], "createdByDisplayName": "Quell" });
                found["comments"].as_array_mut().unwrap().push(comment);
                self.changes += 1;
                Reply::json(200, &json!({ "value": found["comments"] }))
            }
            _ => refuse(404),
        }
    }
}

/// As some answers write it.
fn shown(matter: &Value, as_printed: bool) -> Value {
    let mut shown = matter.clone();
    for name in ["classification", "determination"] {
        if let Some(word) = matter[name].as_str().filter(|_| as_printed) {
            shown[name] = json!(format!("{}{}", word[..1].to_uppercase(), &word[1..]));
        }
    }
    shown
}

fn refuse(status: u16) -> Reply {
    let body = json!({ "error": { "code": "accessDenied", "message": SECRET } });
    Reply::json(status, &body).with_header("request-id", "r-1")
}

/// A tenant under the control of a test.
pub(crate) struct Tenant {
    pub(crate) cloud: ScriptedCloud,
    pub(crate) world: Arc<Mutex<World>>,
    by_alert: bool,
    folder: tempfile::TempDir,
}

impl Tenant {
    /// Starts one. Its incident is named, or an alert of it: then a few actions are enough, because all of them find
    /// their incident in the same way.
    pub(crate) async fn start(by_alert: bool) -> Self {
        let contract = Contract::parse("/v1.0", include_str!("../../contract/graph.json")).unwrap();
        let world = Arc::new(Mutex::new(World::new()));
        let behind = Arc::clone(&world);
        let cloud = ScriptedCloud::start(contract, refuse, move |seen| behind.lock().answer(seen)).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        Self { cloud: cloud.unwrap(), world, by_alert, folder }
    }

    pub(crate) async fn with(&self, vendor: Vendor) -> Connection {
        let settings: Settings = serde_json::from_value(json!({
            "tenant": TENANT,
            "application": "00000000-0000-0000-0000-0000000000d2",
            "credential": { "secret": { "file": self.folder.path().join("secret") } },
            "login_url": self.cloud.login_url(),
            "graph_url": self.cloud.behave_as(vendor),
            "calls_per_minute": 6000,
            "http": { "connect_timeout_secs": 1 },
        }))
        .unwrap();
        assert_eq!(DefenderXdr::check(&settings), []);
        DefenderXdr::connect("defender-xdr", settings).await.unwrap()
    }

    /// Carries an action out, under the same key for the same parameters.
    pub(crate) async fn execute(&self, action: &str, params: Value) -> Result<Outcome<Value>, ActionError> {
        self.execute_at(Vendor::Answers, action, params).await
    }

    pub(crate) async fn execute_at(
        &self,
        vendor: Vendor,
        action: &str,
        params: Value,
    ) -> Result<Outcome<Value>, ActionError> {
        let connection = self.with(vendor).await;
        let key = RequestKey(format!("{action} {params}"));
        let action = connection.actions.iter().find(|one| one.info().spec.name == action).unwrap();
        let cleared = clear(&Target::None, &action.info().spec).unwrap();
        action.execute(Request::new(cleared, key, self.time_limit(), params)).await
    }

    pub(crate) async fn restore(
        &self,
        action: &str,
        restore: Restore<Value>,
    ) -> Result<Outcome<()>, ActionError> {
        let connection = self.with(Vendor::Answers).await;
        let action = connection.actions.iter().find(|one| one.info().spec.name == action).unwrap();
        let cleared = clear(&Target::None, &action.info().spec).unwrap();
        action.restore(Request::new(cleared, RequestKey("undo".into()), self.time_limit(), restore)).await
    }
}

#[async_trait]
impl Bench for Tenant {
    fn cases(&self) -> Vec<Case> {
        let case = |info: quell_action::ActionInfo| {
            let action = info.spec.name;
            let verb = action.strip_prefix("defender_xdr.").unwrap();
            let mut params = match verb {
                "add_comment" | "add_alert_comment" => json!({ "message": "Contained." }),
                "add_tag" => json!({ "tag": "contained" }),
                "remove_tag" => json!({ "tag": "VIP" }),
                "set_owner" | "set_alert_owner" => json!({ "owner": "soc@contoso.example" }),
                "set_severity" => json!({ "severity": "high" }),
                "set_status" | "set_alert_status" => json!({ "status": "in_progress" }),
                "close_incident" => json!({
                    "classification": "true_positive", "determination": "compromised_account", "comment": "done",
                }),
                "close_alert" => json!({ "classification": "true_positive", "determination": "malware" }),
                _ => json!({}),
            };
            let by_alert = self.by_alert || verb.contains("alert");
            let (name, value) = if by_alert { ("alert", ALERT) } else { ("incident", INCIDENT) };
            params[name] = json!(value);
            Case { action, provider: "defender_xdr", target: Target::None, params }
        };
        let enough = ["defender_xdr.get_incident", "defender_xdr.set_severity", "defender_xdr.add_comment"];
        let all = DefenderXdr::actions(None).into_iter();
        all.filter(|info| !self.by_alert || enough.contains(&info.spec.name)).map(case).collect()
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        self.with(vendor).await
    }

    async fn arrange(&self, case: &Case, done: bool) -> bool {
        let mut world = self.world.lock();
        *world = World::new();
        if done {
            let of_alert = case.action.contains("alert");
            let own = if of_alert { &mut world.alerts[0] } else { &mut world.incidents[0] };
            match case.action {
                "defender_xdr.add_tag" => own["customTags"] = json!(["Contained"]),
                "defender_xdr.remove_tag" => own["customTags"] = json!([]),
                "defender_xdr.set_severity" => own["severity"] = json!("high"),
                action if action.ends_with("owner") => own["assignedTo"] = json!("SOC@contoso.example"),
                action if action.ends_with("status") => own["status"] = json!("inProgress"),
                _ => {
                    own["status"] = json!("resolved");
                    own["classification"] = json!("truePositive");
                }
            }
        }
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.world.lock().changes
    }

    async fn meddle(&self, case: &Case) -> bool {
        let mut world = self.world.lock();
        let of_alert = case.action.contains("alert");
        let own = if of_alert { &mut world.alerts[0] } else { &mut world.incidents[0] };
        match case.action {
            "defender_xdr.set_severity" => own["severity"] = json!("low"),
            action if action.ends_with("owner") => own["assignedTo"] = json!("other@contoso.example"),
            action if action.ends_with("status") => own["status"] = json!("resolved"),
            "defender_xdr.close_incident" | "defender_xdr.close_alert" => {
                own["determination"] = json!("phishing");
            }
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

impl PositionBench for Tenant {
    fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.cloud.expect(mishap);
    }

    fn calls(&self) -> usize {
        self.cloud.calls()
    }
}
