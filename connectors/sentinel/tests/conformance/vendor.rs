//! [`Soc`]: a workspace in memory, held to the contract of Sentinel.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{
    ActionError, Connection, Connector, Observation, Outcome, Request, RequestKey, Restore, Target,
};
use quell_kit::conformance::{Bench, Case, Mishap, PositionBench, Vendor, clear};
use quell_kit::contract::Contract;
use quell_kit::scripted::{ScriptedCloud, TOKEN};
use quell_sentinel::{Sentinel, Settings};
use serde_json::{Value, json};

use crate::workspace::{ALERT, INCIDENT, SECRET, World, refuse};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

/// A workspace under the control of a test.
pub(crate) struct Soc {
    pub(crate) cloud: ScriptedCloud,
    pub(crate) world: Arc<Mutex<World>>,
    by_alert: bool,
    folder: tempfile::TempDir,
}

impl Soc {
    /// Starts one. Its incident is named, or an alert of it: then a few actions are enough, because all of them find
    /// their incident in the same way.
    pub(crate) async fn start(by_alert: bool) -> Self {
        let contract = Contract::parse("", include_str!("../../contract/sentinel.json")).unwrap();
        let world = Arc::new(Mutex::new(World::new()));
        let behind = Arc::clone(&world);
        let cloud = ScriptedCloud::start(contract, refuse, move |seen| behind.lock().answer(seen)).await;
        let cloud = cloud.unwrap();
        // Lists of alerts are asked for with POST.
        cloud.only_reads(|seen| seen.method == "GET" || seen.path.contains("/alerts?"));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        Self { cloud, world, by_alert, folder }
    }

    pub(crate) async fn with(&self, vendor: Vendor) -> Connection {
        let settings: Settings = serde_json::from_value(json!({
            "tenant": TENANT,
            "application": "00000000-0000-0000-0000-0000000000d2",
            "credential": { "secret": { "file": self.folder.path().join("secret") } },
            "subscription": "00000000-0000-0000-0000-000000000001",
            "resource_group": "rg01", "workspace": "soc-eu",
            "login_url": self.cloud.login_url(),
            "arm_url": self.cloud.behave_as(vendor),
            "calls_per_minute": 6000,
            "http": { "connect_timeout_secs": 1 },
        }))
        .unwrap();
        assert_eq!(Sentinel::check(&settings), []);
        Sentinel::connect("sentinel", settings).await.unwrap()
    }

    /// Carries an action out, each time under a key of its own.
    pub(crate) async fn execute(&self, action: &str, params: Value) -> Result<Outcome<Value>, ActionError> {
        self.execute_as(&format!("{action} {params}"), action, params).await
    }

    /// Carries an action out under this key.
    pub(crate) async fn execute_as(
        &self,
        key: &str,
        action: &str,
        params: Value,
    ) -> Result<Outcome<Value>, ActionError> {
        let connection = self.with(Vendor::Answers).await;
        let action = connection.actions.iter().find(|one| one.info().spec.name == action).unwrap();
        let cleared = clear(&Target::None, &action.info().spec).unwrap();
        action.execute(Request::new(cleared, RequestKey(key.into()), self.time_limit(), params)).await
    }

    pub(crate) async fn observe(&self, action: &str, params: Value) -> Result<Observation, ActionError> {
        let connection = self.with(Vendor::Answers).await;
        let action = connection.actions.iter().find(|one| one.info().spec.name == action).unwrap();
        action.observe(&Target::None, &params).await
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
impl Bench for Soc {
    fn cases(&self) -> Vec<Case> {
        let case = |info: quell_action::ActionInfo| {
            let action = info.spec.name;
            let mut params = match action {
                "sentinel.add_comment" => json!({ "message": "Contained." }),
                "sentinel.add_task" => json!({ "title": "Call the user" }),
                "sentinel.add_tag" => json!({ "tag": "contained" }),
                "sentinel.remove_tag" => json!({ "tag": "VIP" }),
                "sentinel.set_owner" => json!({ "owner": "soc@contoso.example" }),
                "sentinel.set_severity" => json!({ "severity": "high" }),
                "sentinel.set_status" => json!({ "status": "active" }),
                "sentinel.set_title" => json!({ "title": "VIP: Sample incident" }),
                "sentinel.close_incident" => json!({ "classification": "true_positive", "comment": "done" }),
                _ => json!({}),
            };
            let (name, value) = if self.by_alert { ("alert", ALERT) } else { ("incident", INCIDENT) };
            params[name] = json!(value);
            Case { action, provider: "sentinel", target: Target::None, params }
        };
        let enough = ["sentinel.get_incident", "sentinel.set_severity", "sentinel.add_comment"];
        let all = Sentinel::actions(None).into_iter();
        all.filter(|info| !self.by_alert || enough.contains(&info.spec.name)).map(case).collect()
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        self.with(vendor).await
    }

    async fn arrange(&self, case: &Case, done: bool) -> bool {
        let mut world = self.world.lock();
        *world = World::new();
        if done {
            let own = world.properties(INCIDENT);
            match case.action {
                "sentinel.add_tag" => own["labels"] = json!([{ "labelName": "Contained" }]),
                "sentinel.remove_tag" => own["labels"] = json!([]),
                "sentinel.set_owner" => {
                    own["owner"] = json!({ "objectId": "o", "userPrincipalName": "SOC@contoso.example" });
                }
                "sentinel.set_severity" => own["severity"] = json!("High"),
                "sentinel.set_status" => own["status"] = json!("Active"),
                "sentinel.set_title" => own["title"] = json!("VIP: Sample incident"),
                _ => {
                    own["status"] = json!("Closed");
                    own["classification"] = json!("TruePositive");
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
        let own = world.properties(INCIDENT);
        match case.action {
            "sentinel.set_owner" => own["owner"]["userPrincipalName"] = json!("other@contoso.example"),
            "sentinel.set_severity" => own["severity"] = json!("Low"),
            "sentinel.set_status" => own["status"] = json!("Closed"),
            "sentinel.set_title" => own["title"] = json!("theirs"),
            "sentinel.close_incident" => own["classificationComment"] = json!("theirs"),
            _ => return false,
        }
        world.touch(INCIDENT);
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

impl PositionBench for Soc {
    fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.cloud.expect(mishap);
    }

    fn calls(&self) -> usize {
        self.cloud.calls()
    }
}
