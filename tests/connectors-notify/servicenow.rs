//! ServiceNow: a table of incidents that knows its queries.

use std::collections::BTreeMap;

use futures::future::join_all;
use parking_lot::Mutex;
use quell_action::{Effect, Failure};
use quell_kit::Url;
use quell_kit::conformance::{Vendor, not_met_by_mishaps, not_played};
use quell_kit::scripted::{Reply, Seen};
use quell_servicenow::ServiceNowConnector;
use serde_json::{Map, Value, json};

use crate::stand::{SECRET, Service, Stand, by_status, call};

const ID: &str = "0123456789abcdef0123456789abcdef";

/// The incidents by their ids, and how often one was written to.
#[derive(Default)]
struct Instance {
    incidents: Mutex<BTreeMap<String, Map<String, Value>>>,
    writes: Mutex<usize>,
    /// A rule of the instance that keeps incidents from being resolved.
    keeps_open: Mutex<bool>,
}

impl Instance {
    fn shown(incident: &Map<String, Value>) -> Value {
        let field = |name: &str| incident.get(name).cloned().unwrap_or(json!(""));
        json!({
            "sys_id": field("sys_id"), "number": field("number"), "state": field("state"),
            "correlation_id": field("correlation_id"),
        })
    }

    fn find(&self, url: &Url) -> Reply {
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let limit: usize = query["sysparm_limit"].parse().unwrap();
        // Without a query, or with one that it does not understand, everything.
        let asked = query.get("sysparm_query").and_then(|query| query.split_once('='));
        let incidents = self.incidents.lock();
        let fits =
            |incident: &&Map<String, Value>| asked.is_none_or(|(field, value)| incident[field] == value);
        Reply::json(
            200,
            &json!({ "result": incidents.values().filter(fits).take(limit).map(Self::shown).collect::<Vec<_>>() }),
        )
    }

    fn write(&self, id: &str, body: &[u8]) -> Reply {
        let fields: Map<String, Value> = serde_json::from_slice(body).unwrap();
        let mut incidents = self.incidents.lock();
        let incident = incidents.get_mut(id).unwrap();
        let before = incident.clone();
        incident.extend(fields.clone());
        if *self.keeps_open.lock() {
            incident.insert("state".into(), json!("2"));
        }
        let journal = fields.contains_key("work_notes") || fields.contains_key("comments");
        if journal || *incident != before {
            *self.writes.lock() += 1;
        }
        Reply::json(200, &json!({ "result": Self::shown(incident) }))
    }
}

impl Service for Instance {
    fn answer(&self, seen: &Seen) -> Reply {
        let pair = base64(&format!("quell:{SECRET}"));
        if seen.headers.get("authorization") != Some(&format!("Basic {pair}")) {
            return Reply::json(401, &json!({ "error": { "message": "User Not Authenticated" } }));
        }
        let url = Url::parse(&format!("http://x{}", seen.path)).unwrap();
        let path: Vec<&str> = url.path_segments().unwrap().collect();
        match (seen.method.as_str(), path.as_slice()) {
            ("GET", ["api", "now", "table", "incident"]) => self.find(&url),
            ("GET", ["api", "now", "table", "incident", id]) => match self.incidents.lock().get(*id) {
                Some(incident) => Reply::json(200, &json!({ "result": Self::shown(incident) })),
                None => Reply::json(404, &json!({ "error": { "message": "No Record found" } })),
            },
            ("PATCH", ["api", "now", "table", "incident", id]) => self.write(id, &seen.body),
            ("POST", ["api", "now", "table", "incident"]) => {
                let mut incident: Map<String, Value> = serde_json::from_slice(&seen.body).unwrap();
                let count = self.incidents.lock().len() + 1;
                let id = format!("{count:032x}");
                incident.insert("sys_id".into(), json!(id));
                incident.insert("number".into(), json!(format!("INC{count:07}")));
                incident.insert("state".into(), json!("1"));
                let shown = Self::shown(&incident);
                self.incidents.lock().insert(id, incident);
                *self.writes.lock() += 1;
                Reply::json(201, &json!({ "result": shown }))
            }
            other => panic!("{other:?}"),
        }
    }

    fn reset(&self, _: bool) {
        let mut incidents = self.incidents.lock();
        incidents.clear();
        let incident = json!({ "sys_id": ID, "number": "INC7", "state": "2", "correlation_id": "alert-0" });
        incidents.insert(ID.into(), incident.as_object().unwrap().clone());
        *self.writes.lock() = 0;
    }

    fn changes(&self) -> usize {
        *self.writes.lock()
    }

    fn refusal(&self, vendor: Vendor) -> Option<Reply> {
        match vendor {
            Vendor::Forbids => {
                let error = json!({ "message": "Operation Failed", "detail": "ACL Exception" });
                Some(Reply::json(403, &json!({ "error": error, "status": "failure" })))
            }
            _ => by_status(vendor),
        }
    }
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn settings(url: &str, secret: Value) -> Value {
    json!({
        "instance": url, "login": { "basic": { "user": "quell", "password": secret } }, "per_minute": 6000,
        "http": { "connect_timeout_secs": 1, "timeout_secs": 10 },
    })
}

fn open() -> Value {
    json!({
        "short_description": "Account\ndisabled", "urgency": "high", "details": { "Account": "alice" },
        "fields": { "category": "security" }, "external_id": "alert-1",
    })
}

async fn stand() -> Stand<Instance> {
    let stand =
        Stand::new(("servicenow", "servicenow.open_incident"), open(), settings, Instance::default()).await;
    stand.service.reset(false);
    stand
}

#[tokio::test]
async fn the_actions_conform() {
    // Each waits for answers that never come, so they go side by side.
    let reports = join_all(
        [
            ("servicenow.open_incident", open()),
            ("servicenow.update_incident", json!({ "incident": "INC7", "fields": { "urgency": 1 } })),
            ("servicenow.comment", json!({ "external_id": "alert-0", "text": "cut off" })),
            ("servicenow.resolve_incident", json!({ "incident": ID, "close_notes": "done" })),
        ]
        .map(async |(action, params)| {
            Stand::new(("servicenow", action), params, settings, Instance::default())
                .await
                .conforms(&[])
                .await
        }),
    )
    .await
    .concat();
    assert_eq!(not_played::<ServiceNowConnector>(&reports), [""; 0]);
    assert_eq!(not_met_by_mishaps::<ServiceNowConnector>(&reports), [""; 0]);
}

#[tokio::test]
async fn one_incident_for_each_external_id() {
    let stand = stand().await;
    let connection = stand.connection().await;
    let opened = call(&connection, "servicenow.open_incident", "run/1", open()).await.unwrap();
    let again = call(&connection, "servicenow.open_incident", "run/2", open()).await.unwrap();
    assert_eq!((&again.effect, &again.output), (&Effect::Unchanged, &opened.output));
    let own = json!({ "short_description": "x" });
    call(&connection, "servicenow.open_incident", "run/3", own.clone()).await.unwrap();
    call(&connection, "servicenow.open_incident", "run/3", own.clone()).await.unwrap();
    assert_eq!(stand.service.changes(), 2);
    call(&connection, "servicenow.open_incident", "run/4", own).await.unwrap();
    assert_eq!(stand.service.changes(), 3, "another task's is another one");
    let incidents = stand.service.incidents.lock();
    let incident = &incidents[opened.output["sys_id"].as_str().unwrap()];
    assert_eq!(incident["short_description"], "Account disabled");
    assert_eq!((&incident["urgency"], &incident["category"]), (&json!("1"), &json!("security")));
    assert_eq!(incident["description"], "Account: alice\n\nQuell, run/1");
}

#[tokio::test]
async fn no_text_ends_a_query() {
    let stand = stand().await;
    let connection = stand.connection().await;
    for id in ["x^ORnumberISNOTEMPTY", "x\ny", "", "javascript:gs.sleep(1)", &"x".repeat(101)] {
        let params = json!({ "external_id": id, "text": "x" });
        let error = call(&connection, "servicenow.comment", "k", params).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected, "{id}: {error}");
    }
    assert_eq!(stand.server.seen(), []);
    // A value that changes what is asked for finds what was not meant, and that is noticed.
    let params = json!({ "external_id": "alert-0=x", "text": "x" });
    let error = call(&connection, "servicenow.comment", "k", params).await.unwrap_err();
    assert_eq!(error.failure, Failure::NotFound, "{error}");
}

#[tokio::test]
async fn what_the_instance_makes_of_it_counts() {
    let stand = stand().await;
    let connection = stand.connection().await;
    let resolve = || json!({ "incident": "INC7", "close_notes": "done" });
    *stand.service.keeps_open.lock() = true;
    let kept = call(&connection, "servicenow.resolve_incident", "k", resolve()).await.unwrap_err();
    assert_eq!(kept.failure, Failure::Uncertain, "{kept}");
    *stand.service.keeps_open.lock() = false;
    let resolved = call(&connection, "servicenow.resolve_incident", "k", resolve()).await.unwrap();
    assert_eq!(resolved.output["state"], "6");
    let again = call(&connection, "servicenow.resolve_incident", "k", resolve()).await.unwrap();
    assert_eq!(again.effect, Effect::Unchanged);
}

#[tokio::test]
async fn what_does_not_fit_is_not_sent() {
    let stand = stand().await;
    let connection = stand.connection().await;
    for (action, params, word) in [
        ("servicenow.open_incident", json!({ "short_description": " " }), "empty"),
        (
            "servicenow.open_incident",
            json!({ "short_description": "x", "fields": { "sys_id": "y" } }),
            "cannot be set",
        ),
        (
            "servicenow.open_incident",
            json!({ "short_description": "x", "fields": { "a": {} } }),
            "takes text",
        ),
        (
            "servicenow.open_incident",
            json!({ "short_description": "x", "fields": { "correlation_id": "y" } }),
            "cannot be set",
        ),
        (
            "servicenow.update_incident",
            json!({ "incident": "INC7", "fields": { "correlation_id": "y" } }),
            "cannot be set",
        ),
        (
            "servicenow.update_incident",
            json!({ "incident": "INC7", "fields": { "a.b": "y" } }),
            "cannot be set",
        ),
        ("servicenow.update_incident", json!({ "incident": "INC7", "fields": {} }), "nothing to set"),
        (
            "servicenow.update_incident",
            json!({ "incident": "INC7", "fields": { "work_notes": "x" } }),
            "comment",
        ),
        (
            "servicenow.update_incident",
            json!({ "incident": "INC7", "fields": { "comments": "x" } }),
            "servicenow.comment",
        ),
        ("servicenow.comment", json!({ "text": "x" }), "which incident"),
        (
            "servicenow.comment",
            json!({ "text": "x", "incident": "INC7", "external_id": "y" }),
            "which incident",
        ),
    ] {
        let error = call(&connection, action, "k", params).await.unwrap_err();
        assert!(error.failure == Failure::Rejected && error.message.contains(word), "{error}");
    }
    assert_eq!(stand.server.seen(), []);
    let report = connection.probe.probe().await;
    assert_eq!((report.problems.len(), stand.service.changes()), (0, 0));
}
