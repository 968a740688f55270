//! `http.call`: to hosts of the site, with values that stay values.

use std::time::Duration;

use parking_lot::Mutex;
use quell_action::{Effect, Failure, Request, RequestKey, Target};
use quell_http::HttpConnector;
use quell_kit::conformance::{Bench, Vendor, clear, not_met_by_mishaps, not_played};
use quell_kit::scripted::{Reply, ScriptedServer, Seen};
use serde_json::{Value, json};

use crate::stand::{SECRET, Service, Stand, call};

const CALL: (&str, &str) = ("http", "http.call");

fn settings(url: &str, secret: Value) -> Value {
    json!({ "hosts": { "firewall": {
        "url": format!("{url}/api/"),
        "auth": { "bearer": secret },
        "headers": { "X-Team": "soc" },
        "allow_private": true,
        "per_minute": 6000,
        "http": { "connect_timeout_secs": 1, "timeout_secs": 10 },
    }}})
}

fn keyed(url: &str, secret: Value) -> Value {
    let mut settings = settings(url, secret);
    settings["hosts"]["firewall"]["key_header"] = json!("Idempotency-Key");
    settings
}

/// Blocks addresses, as jobs that take three looks.
#[derive(Default)]
struct Firewall {
    keys: Mutex<Vec<String>>,
    looks: Mutex<usize>,
}

impl Service for Firewall {
    fn answer(&self, seen: &Seen) -> Reply {
        let header = |name: &str| seen.headers.get(name).cloned().unwrap_or_default();
        if header("authorization") != format!("Bearer {SECRET}") || header("x-team") != "soc" {
            return Reply::status(401);
        }
        let path = seen.path.split('?').next().unwrap();
        match (seen.method.as_str(), path) {
            ("POST", "/api/blocks") => {
                let key = header("idempotency-key");
                let mut keys = self.keys.lock();
                if key.is_empty() || !keys.contains(&key) {
                    keys.push(key);
                }
                let body: Value = serde_json::from_slice(&seen.body).unwrap();
                Reply::json(201, &json!({ "job": { "id": 7, "at": "/api/jobs/7" }, "got": body }))
            }
            ("GET", "/api/jobs/7") => {
                *self.looks.lock() += 1;
                let state = if *self.looks.lock() < 3 { "running" } else { "done" };
                Reply::json(200, &json!({ "state": state, "secret": SECRET }))
            }
            ("GET", "/api/jobs/busy") => {
                *self.looks.lock() += 1;
                let busy = *self.looks.lock() == 1;
                if busy { Reply::status(503) } else { Reply::json(200, &json!({ "state": "done" })) }
            }
            ("GET", "/api/away") => Reply::json(200, &json!({ "at": "https://evil.example/api/x" })),
            ("GET", "/api/moved") => Reply::status(302).with_header("location", "http://127.0.0.1:1/"),
            _ => Reply::json(200, &json!({ "path": seen.path, "headers": seen.headers })),
        }
    }

    fn reset(&self, _: bool) {
        self.keys.lock().clear();
        *self.looks.lock() = 0;
    }

    fn changes(&self) -> usize {
        self.keys.lock().len()
    }
}

fn block() -> Value {
    json!({
        "host": "firewall", "method": "POST", "path": "/blocks",
        "body": { "address": "203.0.113.9" }, "values": { "id": "$.job.id" },
    })
}

#[tokio::test]
async fn calls_conform() {
    let reports = Stand::new(CALL, block(), settings, Firewall::default()).await.conforms(&[]).await;
    assert_eq!(not_played::<HttpConnector>(&reports), [""; 0]);
    assert_eq!(not_met_by_mishaps::<HttpConnector>(&reports), [""; 0]);
}

#[tokio::test]
async fn where_a_host_recognises_repetitions_a_lost_answer_is_no_harm() {
    let stand = Stand::new(CALL, block(), keyed, Firewall::default()).await;
    let lost = call(&stand.connect(Vendor::Cuts).await, CALL.1, "k", block()).await.unwrap_err();
    assert!(lost.failure.is_transient(), "{lost}");
    stand.call("k", block()).await.unwrap();
    assert_eq!(stand.service.changes(), 1);
    stand.call("another", block()).await.unwrap();
    assert_eq!(stand.service.changes(), 2);
}

#[tokio::test]
async fn values_stay_where_they_were_put() {
    let stand = Stand::new(CALL, block(), settings, Firewall::default()).await;
    let params = json!({
        "host": "firewall", "path": "/users", "segments": ["../admin?x=1#y"],
        "query": { "q": "a&admin=true" }, "headers": { "X-Reason": "ticket theft" },
        "values": { "path": "$.path", "reason": "$.headers['x-reason']", "none": "$.nothing" },
    });
    let outcome = stand.call("k", params).await.unwrap();
    assert_eq!(outcome.effect, Effect::Unchanged, "reading changes nothing");
    let values = &outcome.output["values"];
    assert_eq!(values["path"], "/api/users/..%2Fadmin%3Fx=1%23y?q=a%26admin%3Dtrue");
    assert_eq!((&values["reason"], &values["none"]), (&json!("ticket theft"), &Value::Null));
}

#[tokio::test]
async fn what_takes_its_time_is_asked_about() {
    let stand = Stand::new(CALL, block(), settings, Firewall::default()).await;
    let mut params = block();
    params["poll"] =
        json!({ "address": "$.job.at", "until": { "path": "$.state", "is": ["done"] }, "every_secs": 1 });
    params["values"] = json!({ "state": "$.state", "secret": "$.secret" });
    let outcome = stand.call("k", params.clone()).await.unwrap();
    assert_eq!(outcome.output["values"], json!({ "state": "done", "secret": "[redacted]" }));
    assert_eq!(stand.service.changes(), 1);

    stand.service.reset(false);
    params["poll"]["until"]["is"] = json!(["never"]);
    let late = stand.call("k", params.clone()).await.unwrap_err();
    assert_eq!(late.failure, Failure::Uncertain, "{late}");
    stand.service.reset(false);
    params["poll"]["failed"] = json!({ "path": "$.state", "is": ["running"] });
    let failed = stand.call("k", params).await.unwrap_err();
    assert_eq!(failed.failure, Failure::Rejected, "{failed}");
    assert_eq!(stand.service.changes(), 1, "what writes is not repeated");
}

/// The order was given: that there is no turn to ask about it must not have it given again.
#[tokio::test]
async fn an_order_is_not_given_again_for_want_of_a_turn() {
    let slow = |url: &str, secret: Value| {
        let mut settings = settings(url, secret);
        settings["hosts"]["firewall"]["per_minute"] = json!(1);
        settings
    };
    let stand = Stand::new(CALL, block(), slow, Firewall::default()).await;
    let mut params = block();
    params["poll"] = json!({ "address": "$.job.at", "until": { "path": "$.state", "is": ["done", null] } });
    let connection = stand.connection().await;
    let error = call(&connection, CALL.1, "k", params).await.unwrap_err();
    assert_eq!((error.failure, stand.service.changes()), (Failure::Uncertain, 1), "{error}");
    // Nor does another order go out before its turn.
    let order = &connection.actions[0];
    let cleared = clear(&Target::None, &order.info().spec).unwrap();
    let limit = Duration::from_millis(50);
    let early = order.execute(Request::new(cleared, RequestKey("another".into()), limit, block()));
    let early = early.await.unwrap_err();
    assert_eq!((early.failure, stand.service.changes()), (Failure::Throttled { retry_after: None }, 1));
}

#[tokio::test]
async fn an_order_whose_answer_got_lost_may_have_been_carried_out() {
    let stand = Stand::new(CALL, block(), settings, Firewall::default()).await;
    let lost = call(&stand.connect(Vendor::Cuts).await, CALL.1, "k", block()).await.unwrap_err();
    assert_eq!((lost.failure, stand.service.changes()), (Failure::Uncertain, 1), "{lost}");
}

#[tokio::test]
async fn a_question_that_is_not_answered_says_nothing() {
    let stand = Stand::new(CALL, block(), settings, Firewall::default()).await;
    let mut params = block();
    let until = json!({ "path": "$.state", "is": ["done", null] });
    params["poll"] = json!({ "path": "/jobs/busy", "until": until, "every_secs": 1 });
    params["values"] = json!({ "state": "$.state" });
    assert_eq!(stand.call("k", params).await.unwrap().output["values"]["state"], "done");
    assert_eq!(stand.service.changes(), 1);
}

/// What the answer repeats of the credential is not told again, however it was sent.
#[tokio::test]
async fn a_name_and_a_password_are_known_in_the_form_in_which_they_are_sent() {
    let server = ScriptedServer::start(|seen| Reply::json(200, &json!({ "headers": seen.headers })));
    let server = server.await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, SECRET).unwrap();
    let mut with = settings(&server.url(), json!({ "file": path }));
    with["hosts"]["firewall"]["auth"] = json!({ "basic": { "user": "quell", "password": { "file": path } } });
    let connection = quell_connectors::find("http").unwrap().connect("http", with).await.unwrap();
    let params =
        json!({ "host": "firewall", "path": "/x", "values": { "shown": "$.headers.authorization" } });
    let outcome = call(&connection, CALL.1, "k", params).await.unwrap();
    assert_eq!(outcome.output["values"]["shown"], "Basic [redacted]");
}

#[tokio::test]
async fn nothing_leads_away() {
    let elsewhere = ScriptedServer::start(|_| Reply::status(200)).await.unwrap();
    let stand = Stand::new(CALL, block(), settings, Firewall::default()).await;
    let until = json!({ "path": "$.x", "is": [1] });
    for (params, word) in [
        (json!({ "host": "other", "path": "/x" }), "allows no host"),
        (json!({ "host": "firewall", "path": "../x" }), "cannot be a part"),
        (json!({ "host": "firewall", "path": format!("{}/x", elsewhere.url()), "method": "GET" }), ""),
        (
            json!({ "host": "firewall", "path": "/away", "poll": { "address": "$.at", "until": until } }),
            "outside",
        ),
        (json!({ "host": "firewall", "path": "/moved" }), "302"),
        (
            json!({ "host": "firewall", "path": "/x", "headers": { "Authorization": "Bearer x" } }),
            "not for playbooks",
        ),
        (json!({ "host": "firewall", "path": "/x", "headers": { "Host": "evil" } }), "not for playbooks"),
        (json!({ "host": "firewall", "path": "/x", "headers": { "x-team": "a" } }), "not for playbooks"),
        (json!({ "host": "firewall", "path": "/x", "headers": { "X-A": "a\r\nHost: b" } }), "line break"),
        (json!({ "host": "firewall", "path": "/x", "values": { "a": "id" } }), "no JSONPath"),
        (
            json!({ "host": "firewall", "method": "POST", "path": "/blocks", "poll": { "until": until } }),
            "not repeated",
        ),
        (
            json!({ "host": "firewall", "method": "POST", "path": "/blocks", "poll": { "path": "../x", "until": until } }),
            "cannot be a part",
        ),
        (
            json!({ "host": "firewall", "path": "/x", "poll": { "until": until, "every_secs": 0 } }),
            "1 at least",
        ),
        (json!({ "host": "firewall", "path": "/x", "expect": [204] }), "none of those expected"),
    ] {
        match stand.call("k", params.clone()).await {
            Ok(outcome) => assert!(word.is_empty(), "{params}: {outcome:?}"),
            Err(error) => assert!(error.message.contains(word), "{params}: {error}"),
        }
    }
    assert_eq!(elsewhere.seen(), []);
    assert_eq!(stand.service.changes(), 0);
}

#[tokio::test]
async fn the_site_can_allow_some_methods_only() {
    let reading = |url: &str, secret: Value| {
        let mut settings = settings(url, secret);
        settings["hosts"]["firewall"]["methods"] = json!(["GET"]);
        settings
    };
    let stand = Stand::new(CALL, block(), reading, Firewall::default()).await;
    let refused = stand.call("k", block()).await.unwrap_err();
    assert!(refused.message.contains("does not allow POST"), "{refused}");
    assert_eq!(stand.server.seen(), []);
}

#[tokio::test]
async fn a_probe_shows_no_credential() {
    let stand = Stand::new(CALL, block(), settings, Firewall::default()).await;
    let report = stand.connection().await.probe.probe().await;
    assert!(report.system.unwrap().starts_with("firewall at 127.0.0.1"));
    let seen = &stand.server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.headers.get("authorization")), ("HEAD", None));
}
