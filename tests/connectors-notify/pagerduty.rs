//! PagerDuty: events under keys, which a repetition does not change.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use parking_lot::Mutex;
use quell_action::{Failure, Request, RequestKey, Target};
use quell_kit::conformance::{clear, not_met_by_mishaps, not_played};
use quell_kit::scripted::{Reply, ScriptedServer, Seen};
use quell_pagerduty::PagerDutyConnector;
use serde_json::{Value, json};

use crate::stand::{SECRET, Service, Stand, call};

/// Keeps incidents by their keys, and counts what changes them.
#[derive(Default)]
struct OnCall {
    incidents: Mutex<BTreeMap<String, String>>,
    changes: Mutex<usize>,
    events: Mutex<Vec<Value>>,
}

impl Service for OnCall {
    fn answer(&self, seen: &Seen) -> Reply {
        if seen.method == "HEAD" {
            return Reply::status(404);
        }
        let event: Value = serde_json::from_slice(&seen.body).unwrap();
        if event["routing_key"] != SECRET {
            let errors = [format!("'routing_key' is invalid: {}", event["routing_key"])];
            return Reply::json(400, &json!({ "message": "Event object is invalid", "errors": errors }));
        }
        let key = event["dedup_key"].as_str().unwrap().to_owned();
        let to = match event["event_action"].as_str().unwrap() {
            "trigger" => {
                let payload = &event["payload"];
                let whole = ["summary", "source", "severity"].iter().all(|name| payload[*name].is_string());
                if !whole || payload["summary"].as_str().unwrap().chars().count() > 1024 {
                    return Reply::json(400, &json!({ "message": "invalid", "errors": ["payload"] }));
                }
                "triggered"
            }
            "acknowledge" => "acknowledged",
            "resolve" => "resolved",
            other => panic!("{other}"),
        };
        if self.incidents.lock().insert(key, to.to_owned()).as_deref() != Some(to) {
            *self.changes.lock() += 1;
        }
        self.events.lock().push(event);
        Reply::json(202, &json!({ "status": "success", "message": "Event processed" }))
    }

    fn reset(&self, _: bool) {
        self.incidents.lock().clear();
        *self.changes.lock() = 0;
    }

    fn changes(&self) -> usize {
        *self.changes.lock()
    }
}

fn settings(url: &str, secret: Value) -> Value {
    json!({
        "services": { "soc": secret }, "events": format!("{url}/v2/enqueue"),
        "http": { "connect_timeout_secs": 1, "timeout_secs": 10 },
    })
}

fn raise() -> Value {
    json!({ "title": "Account disabled", "severity": "critical", "facts": { "Account": "alice" }, "incident": "alert-1" })
}

#[tokio::test]
async fn the_actions_conform() {
    // Each waits for answers that never come, so they go side by side.
    let reports = join_all(
        [
            ("pagerduty.raise", raise()),
            ("pagerduty.acknowledge", json!({ "service": "soc", "incident": "alert-1" })),
            ("pagerduty.resolve", json!({ "incident": "alert-1" })),
        ]
        .map(async |(action, params)| {
            Stand::new(("pagerduty", action), params, settings, OnCall::default()).await.conforms(&[]).await
        }),
    )
    .await
    .concat();
    assert_eq!(not_played::<PagerDutyConnector>(&reports), [""; 0]);
    assert_eq!(not_met_by_mishaps::<PagerDutyConnector>(&reports), [""; 0]);
}

#[tokio::test]
async fn one_incident_goes_through_its_life_under_one_key() {
    let stand = Stand::new(("pagerduty", "pagerduty.raise"), raise(), settings, OnCall::default()).await;
    let connection = stand.connection().await;
    let raised = call(&connection, "pagerduty.raise", "run/1", raise()).await.unwrap();
    assert_eq!(raised.output, json!({ "incident": "alert-1" }));
    assert_eq!(raised.external_id.as_deref(), Some("alert-1"));
    call(&connection, "pagerduty.resolve", "run/2", raised.output).await.unwrap();
    assert_eq!(stand.service.incidents.lock()["alert-1"], "resolved");
    let event = stand.service.events.lock()[0].clone();
    assert_eq!(event["payload"]["custom_details"], json!({ "Account": "alice", "sent_by": "Quell, run/1" }));
    let own =
        call(&connection, "pagerduty.raise", "run/3", json!({ "text": "x".repeat(3000) })).await.unwrap();
    assert_eq!(own.output, json!({ "incident": "run/3" }));
}

#[tokio::test]
async fn what_is_repeated_of_the_key_is_not_told_and_more_than_a_service_takes_is_not_sent() {
    let server = ScriptedServer::start(|seen| {
        let event: Value = serde_json::from_slice(&seen.body).unwrap();
        let errors = [format!("{} is unknown", event["routing_key"])];
        Reply::json(400, &json!({ "message": "Event object is invalid", "errors": errors }))
    });
    let server = server.await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, SECRET).unwrap();
    let settings = settings(&server.url(), json!({ "file": path }));
    let connection =
        quell_connectors::find("pagerduty").unwrap().connect("pagerduty", settings).await.unwrap();
    let error = call(&connection, "pagerduty.raise", "k", raise()).await.unwrap_err();
    assert!(error.message.contains("[redacted]") && !error.message.contains(SECRET), "{error}");
    let mut failures = Vec::new();
    while server.seen().len() < 40 && !failures.contains(&Failure::Throttled { retry_after: None }) {
        let cleared = clear(&Target::None, &connection.actions[0].info().spec).unwrap();
        let limit = Duration::from_millis(200);
        let request = Request::new(cleared, RequestKey("k".into()), limit, raise());
        failures.push(connection.actions[0].execute(request).await.unwrap_err().failure);
    }
    assert_eq!(failures.last(), Some(&Failure::Throttled { retry_after: None }));
}

/// A front door that lets nobody through answers with a success as well.
#[tokio::test]
async fn an_event_that_pagerduty_has_not_confirmed_was_not_taken() {
    for (told, taken) in [
        (json!({ "status": "success", "dedup_key": "alert-1" }), true),
        (json!({ "status": "success" }), true),
        (json!({ "status": "success", "dedup_key": "alert-2" }), false),
        (json!({ "status": "invalid event", "dedup_key": "alert-1" }), false),
        (json!({ "message": "please sign in" }), false),
        (json!("please sign in"), false),
    ] {
        let answer = told.clone();
        let server = ScriptedServer::start(move |_| Reply::json(202, &answer)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, SECRET).unwrap();
        let settings = settings(&server.url(), json!({ "file": path }));
        let kind = quell_connectors::find("pagerduty").unwrap();
        let connection = kind.connect("pagerduty", settings).await.unwrap();
        let raised = call(&connection, "pagerduty.raise", "k", raise()).await;
        let failure = (!taken).then_some(Failure::Unavailable { retry_after: None });
        assert_eq!(raised.err().map(|error| error.failure), failure, "{told}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_and_the_key_is_not() {
    let stand = Stand::new(("pagerduty", "pagerduty.raise"), raise(), settings, OnCall::default()).await;
    let connection = stand.connection().await;
    for (action, params, word) in [
        ("pagerduty.raise", json!({}), "says nothing"),
        ("pagerduty.raise", json!({ "title": "x", "service": "sco" }), "no PagerDuty service"),
        ("pagerduty.raise", json!({ "title": "x", "severity": "loud" }), "do not fit"),
        ("pagerduty.raise", json!({ "title": "x", "link": "javascript:x" }), "no address"),
        ("pagerduty.resolve", json!({ "incident": " " }), "empty"),
    ] {
        let error = call(&connection, action, "k", params).await.unwrap_err();
        assert!(error.failure == Failure::Rejected && error.message.contains(word), "{error}");
    }
    assert_eq!(stand.server.seen(), []);
    let report = connection.probe.probe().await;
    assert!(report.system.unwrap().starts_with("127.0.0.1"));
    assert!(stand.server.seen()[0].body.is_empty());
}
