//! Jira: a project with a workflow.

use std::collections::BTreeMap;

use futures::future::join_all;
use parking_lot::Mutex;
use quell_action::{Effect, Failure};
use quell_jira::JiraConnector;
use quell_kit::Url;
use quell_kit::conformance::{not_met_by_mishaps, not_played};
use quell_kit::scripted::{Reply, Seen};
use serde_json::{Value, json};

use crate::stand::{SECRET, Service, Stand, call};

/// The issues by their ids, and how often one was written to.
#[derive(Default)]
struct Site {
    issues: Mutex<BTreeMap<String, Value>>,
    writes: Mutex<usize>,
    /// The search is behind: nothing is found.
    behind: Mutex<bool>,
}

impl Site {
    fn issue(&self, id: &str, change: impl FnOnce(&mut Value) -> Reply) -> Reply {
        let mut issues = self.issues.lock();
        let found = issues.values_mut().find(|issue| issue["id"] == id || issue["key"] == id);
        match found {
            Some(issue) => change(issue),
            None => Reply::json(404, &json!({ "errorMessages": ["Issue does not exist"], "errors": {} })),
        }
    }

    fn wrote(&self) {
        *self.writes.lock() += 1;
    }

    fn search(&self, body: &Value) -> Reply {
        let jql = body["jql"].as_str().unwrap();
        let label = jql.strip_prefix("project = \"SEC\" AND labels = \"").unwrap().trim_end_matches('"');
        assert!(label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{jql}");
        let has = |issue: &&Value| {
            issue["fields"]["labels"].as_array().is_some_and(|all| all.contains(&json!(label)))
        };
        let issues = self.issues.lock();
        let found: Vec<&Value> =
            if *self.behind.lock() { Vec::new() } else { issues.values().filter(has).collect() };
        Reply::json(200, &json!({ "issues": found, "isLast": true }))
    }

    fn create(&self, body: &Value) -> Reply {
        let fields = &body["fields"];
        let whole = fields["description"]["type"] == "doc" && fields["project"]["key"] == "SEC";
        if !whole || fields["summary"].as_str().is_none_or(|text| text.contains('\n') || text.len() > 255) {
            return Reply::json(400, &json!({ "errorMessages": [], "errors": { "summary": "is wrong" } }));
        }
        let mut issues = self.issues.lock();
        let count = issues.len() + 1;
        let (id, key) = (format!("1000{count}"), format!("SEC-{count}"));
        let mut fields = fields.clone();
        fields["status"] = json!({ "name": "To Do" });
        issues.insert(id.clone(), json!({ "id": id, "key": key, "fields": fields }));
        self.wrote();
        Reply::json(201, &json!({ "id": id, "key": key, "self": "x" }))
    }

    fn step(&self, id: &str, body: &Value) -> Reply {
        self.issue(id, |issue| {
            let to = match body["transition"]["id"].as_str() {
                Some("21") => "In Progress",
                Some("31") => "Done",
                _ => return Reply::status(400),
            };
            if issue["fields"]["status"]["name"] != to {
                self.wrote();
            }
            issue["fields"]["status"] = json!({ "name": to });
            Reply::status(204)
        })
    }
}

impl Service for Site {
    fn answer(&self, seen: &Seen) -> Reply {
        if seen.headers.get("authorization") != Some(&format!("Bearer {SECRET}")) {
            return Reply::status(401);
        }
        let url = Url::parse(&format!("http://x{}", seen.path)).unwrap();
        let path: Vec<&str> = url.path_segments().unwrap().collect();
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        match (seen.method.as_str(), &path[3..]) {
            ("POST", ["search", "jql"]) => self.search(&body),
            ("POST", ["issue"]) => self.create(&body),
            ("GET", ["issue", id]) => self.issue(id, |issue| Reply::json(200, issue)),
            ("PUT", ["issue", id]) => self.issue(id, |issue| {
                for (name, value) in body["fields"].as_object().unwrap() {
                    if issue["fields"][name] != *value {
                        self.wrote();
                    }
                    issue["fields"][name] = value.clone();
                }
                Reply::status(204)
            }),
            ("POST", ["issue", id, "comment"]) => self.issue(id, |_| {
                assert_eq!(body["body"]["type"], "doc");
                self.wrote();
                Reply::json(201, &json!({ "id": "500" }))
            }),
            ("GET", ["issue", id, "transitions"]) => self.issue(id, |_| {
                let to = |id: &str, name: &str| json!({ "id": id, "name": "x", "to": { "name": name } });
                Reply::json(200, &json!({ "transitions": [to("21", "In Progress"), to("31", "Done")] }))
            }),
            ("POST", ["issue", id, "transitions"]) => self.step(id, &body),
            ("GET", ["myself"]) => Reply::json(200, &json!({ "displayName": "Quell" })),
            ("GET", ["project", "SEC"]) => Reply::json(200, &json!({ "key": "SEC" })),
            other => panic!("{other:?}"),
        }
    }

    fn reset(&self, _: bool) {
        let mut issues = self.issues.lock();
        issues.clear();
        let fields = json!({ "status": { "name": "To Do" }, "labels": [], "priority": { "name": "Low" } });
        issues.insert("10000".into(), json!({ "id": "10000", "key": "SEC-7", "fields": fields }));
        *self.writes.lock() = 0;
    }

    fn changes(&self) -> usize {
        *self.writes.lock()
    }

    fn writes(&self, seen: &Seen) -> bool {
        seen.method != "GET" && !seen.path.contains("/search/")
    }
}

fn settings(url: &str, secret: Value) -> Value {
    json!({
        "site": url, "login": { "bearer": secret }, "project": "SEC", "per_minute": 6000,
        "http": { "connect_timeout_secs": 1, "timeout_secs": 10 },
    })
}

fn open() -> Value {
    json!({
        "summary": "Account\ndisabled", "details": { "Account": "alice" }, "labels": ["quell"],
        "fields": { "priority": { "name": "High" } }, "external_id": "alert \" OR project = X",
    })
}

#[tokio::test]
async fn the_actions_conform() {
    // Each waits for answers that never come, so they go side by side.
    let reports = join_all(
        [
            ("jira.open_issue", open()),
            ("jira.update_issue", json!({ "issue": "SEC-7", "fields": { "priority": { "name": "High" } } })),
            ("jira.comment", json!({ "issue": "SEC-7", "text": "cut off" })),
            ("jira.resolve_issue", json!({ "issue": "SEC-7" })),
        ]
        .map(async |(action, params)| {
            Stand::new(("jira", action), params, settings, Site::default()).await.conforms(&[]).await
        }),
    )
    .await
    .concat();
    assert_eq!(not_played::<JiraConnector>(&reports), [""; 0]);
    assert_eq!(not_met_by_mishaps::<JiraConnector>(&reports), [""; 0]);
}

#[tokio::test]
async fn an_issue_is_found_again_by_its_external_id() {
    let stand = Stand::new(("jira", "jira.open_issue"), open(), settings, Site::default()).await;
    stand.service.reset(false);
    let connection = stand.connection().await;
    let opened = call(&connection, "jira.open_issue", "run/1", open()).await.unwrap();
    let again = call(&connection, "jira.open_issue", "run/2", open()).await.unwrap();
    assert_eq!((&again.effect, &again.output), (&Effect::Unchanged, &opened.output));
    let id = open()["external_id"].clone();
    call(&connection, "jira.comment", "run/3", json!({ "external_id": id, "text": "one\n\ntwo" }))
        .await
        .unwrap();
    let resolved =
        call(&connection, "jira.resolve_issue", "run/4", json!({ "external_id": id })).await.unwrap();
    assert_eq!(resolved.output, opened.output);
    let again = call(&connection, "jira.resolve_issue", "run/5", json!({ "external_id": id })).await.unwrap();
    assert_eq!(again.effect, Effect::Unchanged);
    assert_eq!(stand.service.changes(), 3);
    let own = json!({ "summary": "x" });
    for (key, effect) in [("run/7", true), ("run/7", false), ("run/8", true)] {
        let outcome = call(&connection, "jira.open_issue", key, own.clone()).await.unwrap();
        assert_eq!(outcome.effect != Effect::Unchanged, effect, "{key}");
    }
    *stand.service.behind.lock() = true;
    let missing =
        call(&connection, "jira.resolve_issue", "run/6", json!({ "external_id": id })).await.unwrap_err();
    assert_eq!(missing.failure, Failure::NotFound);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_words() {
    let stand = Stand::new(("jira", "jira.open_issue"), open(), settings, Site::default()).await;
    stand.service.reset(false);
    let connection = stand.connection().await;
    for (action, params, word) in [
        ("jira.open_issue", json!({ "summary": " " }), "says nothing"),
        ("jira.open_issue", json!({ "summary": "x", "labels": ["a b"] }), "no label"),
        ("jira.open_issue", json!({ "summary": "x", "labels": [""] }), "no label"),
        ("jira.open_issue", json!({ "summary": "x", "fields": { "labels": [] } }), "not set under"),
        ("jira.update_issue", json!({ "issue": "SEC-7", "fields": { "labels": [] } }), "labels"),
        ("jira.comment", json!({ "text": "x" }), "which issue"),
        ("jira.comment", json!({ "text": "x", "issue": "SEC-7", "external_id": "y" }), "which issue"),
        ("jira.comment", json!({ "text": "x", "issue": "../myself" }), "no key"),
        ("jira.comment", json!({ "text": "x", "issue": "" }), "no key"),
        ("jira.resolve_issue", json!({ "issue": "SEC-7", "status": "Closed" }), "offers In Progress, Done"),
    ] {
        let error = call(&connection, action, "k", params).await.unwrap_err();
        assert!(error.failure == Failure::Rejected && error.message.contains(word), "{error}");
    }
    assert_eq!(stand.service.changes(), 0);
    let report = connection.probe.probe().await;
    assert!(report.system.unwrap().ends_with("as Quell"));
}
