//! TheHive: alerts that exist once.

use std::collections::BTreeMap;

use futures::future::join_all;
use parking_lot::Mutex;
use quell_action::{Effect, Failure};
use quell_kit::conformance::{not_met_by_mishaps, not_played};
use quell_kit::scripted::{Reply, Seen};
use quell_thehive::TheHiveConnector;
use serde_json::{Value, json};

use crate::stand::{SECRET, Service, Stand, call};

/// The alerts by their ids, and how often one was written to.
#[derive(Default)]
struct Hive {
    alerts: Mutex<BTreeMap<String, Value>>,
    writes: Mutex<usize>,
}

impl Hive {
    fn alert(&self, id: &str, change: impl FnOnce(&mut Value) -> Reply) -> Reply {
        match self.alerts.lock().get_mut(&id.replace("%7E", "~")) {
            Some(alert) => change(alert),
            None => Reply::json(404, &json!({ "type": "NotFoundError", "message": "Alert not found" })),
        }
    }

    fn wrote(&self) {
        *self.writes.lock() += 1;
    }

    fn create(&self, body: &Value) -> Reply {
        let triple =
            |alert: &Value| [alert["type"].clone(), alert["source"].clone(), alert["sourceRef"].clone()];
        let mut alerts = self.alerts.lock();
        if alerts.values().any(|known| triple(known) == triple(body)) {
            return Reply::json(400, &json!({ "type": "CreateError", "message": "Alert already exists" }));
        }
        assert!(body["date"].is_i64() && body["description"].is_string(), "{body}");
        let id = format!("~{}", alerts.len() + 1);
        let mut alert = body.clone();
        alert["_id"] = json!(id);
        alert["status"] = json!("New");
        alerts.insert(id, alert.clone());
        self.wrote();
        Reply::json(201, &alert)
    }

    fn query(&self, body: &Value) -> Reply {
        let asked = body["query"][1]["_and"].as_array().unwrap();
        let fits = |alert: &&Value| {
            let has = |part: &Value| alert[part["_eq"]["_field"].as_str().unwrap()] == part["_eq"]["_value"];
            asked.iter().all(has)
        };
        Reply::json(200, &self.alerts.lock().values().filter(fits).cloned().collect())
    }
}

impl Service for Hive {
    fn answer(&self, seen: &Seen) -> Reply {
        let header = |name: &str| seen.headers.get(name).cloned().unwrap_or_default();
        if header("authorization") != format!("Bearer {SECRET}") || header("x-organisation") != "SOC" {
            return Reply::json(
                401,
                &json!({ "type": "AuthenticationError", "message": "Authentication failure" }),
            );
        }
        let path: Vec<&str> = seen.path.trim_start_matches('/').split('/').collect();
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        match (seen.method.as_str(), &path[2..]) {
            ("POST", ["alert"]) => self.create(&body),
            ("POST", ["query"]) => self.query(&body),
            ("GET", ["alert", id]) => self.alert(id, |alert| Reply::json(200, alert)),
            ("PATCH", ["alert", id]) => self.alert(id, |alert| {
                let before = alert.clone();
                alert.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
                if *alert != before {
                    self.wrote();
                }
                Reply::status(204)
            }),
            ("POST", ["alert", id, "comment"]) => self.alert(id, |_| {
                assert!(body["message"].as_str().unwrap().contains("Quell, "));
                self.wrote();
                Reply::json(201, &json!({ "_id": "~900" }))
            }),
            ("GET", ["user", "current"]) => Reply::json(200, &json!({ "login": "quell@corp.example" })),
            other => panic!("{other:?}"),
        }
    }

    fn reset(&self, _: bool) {
        let mut alerts = self.alerts.lock();
        alerts.clear();
        let alert = json!({
            "_id": "~70", "status": "New", "type": "security-alert", "source": "Quell", "sourceRef": "alert-0",
        });
        alerts.insert("~70".into(), alert);
        *self.writes.lock() = 0;
    }

    fn changes(&self) -> usize {
        *self.writes.lock()
    }

    fn writes(&self, seen: &Seen) -> bool {
        seen.method != "GET" && !seen.path.ends_with("/query")
    }
}

fn settings(url: &str, secret: Value) -> Value {
    json!({
        "url": url, "key": secret, "organisation": "SOC", "per_minute": 6000,
        "http": { "connect_timeout_secs": 1, "timeout_secs": 10 },
    })
}

fn open() -> Value {
    json!({
        "title": "Account disabled", "severity": "high", "details": { "Account": "alice" }, "tags": ["contained"],
        "observables": [{ "kind": "ip", "value": "203.0.113.9" }], "external_id": "alert-1",
    })
}

#[tokio::test]
async fn the_actions_conform() {
    // Each waits for answers that never come, so they go side by side.
    let reports = join_all(
        [
            ("thehive.open_alert", open()),
            ("thehive.update_alert", json!({ "alert": "~70", "fields": { "severity": 3 } })),
            ("thehive.comment", json!({ "external_id": "alert-0", "text": "cut off" })),
            ("thehive.resolve_alert", json!({ "alert": "~70", "summary": "done" })),
        ]
        .map(async |(action, params)| {
            Stand::new(("thehive", action), params, settings, Hive::default()).await.conforms(&[]).await
        }),
    )
    .await
    .concat();
    assert_eq!(not_played::<TheHiveConnector>(&reports), [""; 0]);
    assert_eq!(not_met_by_mishaps::<TheHiveConnector>(&reports), [""; 0]);
}

#[tokio::test]
async fn one_alert_for_each_external_id() {
    let stand = Stand::new(("thehive", "thehive.open_alert"), open(), settings, Hive::default()).await;
    stand.service.reset(false);
    let connection = stand.connection().await;
    let opened = call(&connection, "thehive.open_alert", "run/1", open()).await.unwrap();
    let again = call(&connection, "thehive.open_alert", "run/2", open()).await.unwrap();
    assert_eq!((&again.effect, &again.output), (&Effect::Unchanged, &opened.output));
    let mut long = open();
    long["external_id"] = json!("x".repeat(500));
    call(&connection, "thehive.open_alert", "run/3", long.clone()).await.unwrap();
    call(&connection, "thehive.open_alert", "run/4", long).await.unwrap();
    assert_eq!(stand.service.changes(), 2);
    let own = json!({ "title": "x" });
    for (key, effect) in [("run/7", true), ("run/7", false), ("run/8", true)] {
        let outcome = call(&connection, "thehive.open_alert", key, own.clone()).await.unwrap();
        assert_eq!(outcome.effect != Effect::Unchanged, effect, "{key}");
    }
    let resolve = || json!({ "external_id": "alert-1" });
    call(&connection, "thehive.resolve_alert", "run/5", resolve()).await.unwrap();
    let again = call(&connection, "thehive.resolve_alert", "run/6", resolve()).await.unwrap();
    assert_eq!(again.effect, Effect::Unchanged);
    let alert = stand.service.alerts.lock()[opened.output["alert"].as_str().unwrap()].clone();
    assert_eq!((&alert["severity"], &alert["status"]), (&json!(3), &json!("TruePositive")));
    assert_eq!(alert["observables"], json!([{ "dataType": "ip", "data": "203.0.113.9" }]));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_words() {
    let stand = Stand::new(("thehive", "thehive.open_alert"), open(), settings, Hive::default()).await;
    stand.service.reset(false);
    let connection = stand.connection().await;
    for (action, params, failure, word) in [
        ("thehive.open_alert", json!({ "title": "" }), Failure::Rejected, "says nothing"),
        (
            "thehive.update_alert",
            json!({ "alert": "~70", "fields": { "source": "x" } }),
            Failure::Rejected,
            "source",
        ),
        ("thehive.comment", json!({ "alert": "~70/../x", "text": "x" }), Failure::Rejected, "no id"),
        ("thehive.comment", json!({ "alert": "", "text": "x" }), Failure::Rejected, "no id"),
        ("thehive.comment", json!({ "text": "x" }), Failure::Rejected, "which alert"),
        (
            "thehive.comment",
            json!({ "text": "x", "alert": "~70", "external_id": "y" }),
            Failure::Rejected,
            "which alert",
        ),
        ("thehive.comment", json!({ "alert": "~71", "text": "x" }), Failure::NotFound, "404"),
        ("thehive.resolve_alert", json!({ "external_id": "other" }), Failure::NotFound, "no alert"),
    ] {
        let error = call(&connection, action, "k", params).await.unwrap_err();
        assert!(error.failure == failure && error.message.contains(word), "{error}");
    }
    assert_eq!(stand.service.changes(), 0);
    let report = connection.probe.probe().await;
    assert!(report.system.unwrap().ends_with("as quell@corp.example"));
}
