//! What webhooks promise beyond the suite.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quell_action::{
    ActionError, Answering, AnyAction, Card, Choice, Connection, Connector, Failure, Outcome, Recipient,
    Request, RequestKey, Target,
};
use quell_alert::Timestamp;
use quell_kit::scripted::{Reply, ScriptedServer};
use quell_webhook::{SigningKey, WebhookConnector, WebhookSettings};
use secrecy::SecretString;
use serde_json::{Value, json};

const ONE: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const TWO: &str = "whsec_IB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgE=";

async fn connect(endpoints: Value) -> Connection {
    let settings: WebhookSettings = serde_json::from_value(json!({ "endpoints": endpoints })).unwrap();
    assert_eq!(WebhookConnector::check(&settings), []);
    WebhookConnector::connect("webhook", settings).await.unwrap()
}

async fn post(connection: &Connection, key: &str, params: Value) -> Result<Outcome<Value>, ActionError> {
    let action: &Arc<dyn AnyAction> = &connection.actions[0];
    let cleared = quell_kit::conformance::clear(&Target::None, &action.info().spec).unwrap();
    action.execute(Request::new(cleared, RequestKey(key.into()), Duration::from_secs(2), params)).await
}

fn secrets() -> (tempfile::TempDir, Value, Value) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, secret: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, secret).unwrap();
        json!({ "file": path })
    };
    let (one, two) = (write("one", ONE), write("two", TWO));
    (folder, one, two)
}

#[tokio::test]
async fn the_message_is_signed_with_both_secrets_and_its_id_stays() {
    let server = ScriptedServer::start(|_| Reply::status(200)).await.unwrap();
    let (_folder, one, two) = secrets();
    let connection =
        connect(json!({ "soc": { "url": server.url(), "secret": one, "other_secret": two } })).await;
    let params = json!({ "type": "account.contained", "data": { "run": "r1" } });
    let first = post(&connection, "run-1/step-1", params.clone()).await.unwrap();
    post(&connection, "run-1/step-1", params.clone()).await.unwrap();
    post(&connection, "run-1/step-2", params).await.unwrap();

    let seen = server.seen();
    let id = |at: usize| seen[at].headers["webhook-id"].clone();
    assert_eq!(id(0), id(1));
    assert_ne!(id(0), id(2));
    assert_eq!(first.output["message_id"], json!(id(0)));
    assert_eq!(first.external_id, Some(id(0)));
    let body: Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!((&body["type"], &body["data"]), (&json!("account.contained"), &json!({ "run": "r1" })));
    assert_eq!(seen[0].headers["content-type"], "application/json");
    let signatures: Vec<&str> = seen[0].headers["webhook-signature"].split(' ').collect();
    assert_eq!(signatures.len(), 2);
    for (secret, signature) in [ONE, TWO].iter().zip(signatures) {
        let key = SigningKey::parse(&SecretString::from(*secret)).unwrap();
        let timestamp = seen[0].headers["webhook-timestamp"].parse().unwrap();
        assert_eq!(key.sign(&id(0), timestamp, &seen[0].body).unwrap(), signature);
    }
}

#[tokio::test]
async fn who_is_gone_is_not_called_again() {
    let server = ScriptedServer::start(|_| Reply::status(410)).await.unwrap();
    let (_folder, one, _) = secrets();
    let connection = connect(json!({ "soc": { "url": server.url(), "secret": one } })).await;
    for _ in 0..3 {
        let error = post(&connection, "k", json!({})).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected);
        assert!(error.message.contains("soc"), "{error}");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn what_does_not_fit_is_not_sent() {
    let server = ScriptedServer::start(|_| Reply::status(200)).await.unwrap();
    let (_folder, one, two) = secrets();
    let endpoints = json!({
        "soc": { "url": server.url(), "secret": one },
        "ops": { "url": server.url(), "secret": two },
    });
    let connection = connect(endpoints).await;
    for (params, word) in [
        (json!({}), "name the webhook endpoint: ops, soc"),
        (json!({ "endpoint": "sco" }), "no webhook endpoint \"sco\""),
        (json!({ "endpoint": "soc", "type": "a b" }), "no type"),
        (json!({ "endpoint": "soc", "type": "" }), "no type"),
        (json!({ "endpoint": "soc", "data": { "all": "x".repeat(20 * 1024) } }), "more than the 20480"),
        (json!({ "endpoint": "soc", "data": "text" }), "do not fit"),
    ] {
        let error = post(&connection, "k", params).await.unwrap_err();
        assert_eq!(error.failure, Failure::Rejected);
        assert!(error.message.contains(word), "{error}");
    }
    assert_eq!(server.seen(), []);
}

#[tokio::test]
async fn failures_of_the_receiver_are_told_apart() {
    let status = Arc::new(Mutex::new(200));
    let script = Arc::clone(&status);
    let server = ScriptedServer::start(move |_| Reply::status(*script.lock())).await.unwrap();
    let (_folder, one, _) = secrets();
    let connection = connect(json!({ "soc": { "url": server.url(), "secret": one } })).await;
    let unavailable = Failure::Unavailable { retry_after: None };
    for (code, expected) in [
        (400, Failure::Rejected),
        (302, Failure::Rejected),
        (404, Failure::NotFound),
        (429, Failure::Throttled { retry_after: None }),
        (500, unavailable),
        (502, unavailable),
        (504, unavailable),
    ] {
        *status.lock() = code;
        let failure = post(&connection, "k", json!({})).await.unwrap_err().failure;
        assert_eq!(failure, expected, "{code}");
    }
}

#[tokio::test]
async fn the_limit_on_messages_holds() {
    let server = ScriptedServer::start(|_| Reply::status(200)).await.unwrap();
    let (_folder, one, _) = secrets();
    let connection = connect(json!({ "soc": { "url": server.url(), "secret": one, "per_minute": 1 } })).await;
    post(&connection, "k1", json!({})).await.unwrap();
    let held = post(&connection, "k2", json!({})).await.unwrap_err();
    assert_eq!(held.failure, Failure::Throttled { retry_after: None });
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn secrets_that_are_none_are_refused_when_connecting() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    for content in ["", "hunter2-plain", "whsec_c2hvcnQ="] {
        std::fs::write(&path, content).unwrap();
        let settings: WebhookSettings = serde_json::from_value(
            json!({ "endpoints": { "soc": { "url": "https://soc.example", "secret": { "file": path } } } }),
        )
        .unwrap();
        let refused = WebhookConnector::connect("webhook", settings).await.err().unwrap().to_string();
        assert!(refused.starts_with("endpoints.soc: the secret file"), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}

#[tokio::test]
async fn a_probe_says_who_is_there() {
    let server = ScriptedServer::start(|_| Reply::status(405)).await.unwrap();
    let down = quell_kit::scripted::refusing_url().await.unwrap();
    let (_folder, one, two) = secrets();
    let endpoints =
        json!({ "soc": { "url": server.url(), "secret": one }, "ops": { "url": down, "secret": two } });
    let report = connect(endpoints).await.probe.probe().await;
    assert!(report.system.unwrap().starts_with("soc at 127.0.0.1"));
    assert_eq!(report.problems.len(), 1);
    assert!(report.problems[0].starts_with("ops: 127.0.0.1"), "{:?}", report.problems);
    assert_eq!(server.seen()[0].method, "HEAD");
}

/// A receiver drops what has the id of what it knows: that a question is settled is another message.
#[tokio::test]
async fn a_question_has_an_address_for_each_answer_and_an_id_that_stays() {
    let server = ScriptedServer::start(|_| Reply::status(200)).await.unwrap();
    let (_folder, one, two) = secrets();
    let endpoint = |secret: &Value| json!({ "url": server.url(), "secret": secret });
    let settings = |questions: &str| -> WebhookSettings {
        let endpoints = json!({ "soc": endpoint(&one), "ops": endpoint(&two) });
        serde_json::from_value(json!({ "endpoints": endpoints, "questions": questions })).unwrap()
    };
    assert_eq!(WebhookConnector::check(&settings("nobody"))[0].place, "questions");
    let carrier = WebhookConnector::connect("webhook", settings("ops")).await.unwrap().carrier.unwrap();
    assert!(carrier.answering() == Answering::Links && carrier.recognises_repetition());
    let to = carrier.recipients(&[]).remove(0);
    assert_eq!(to, Recipient { name: "ops".into(), personal: false });
    let card = |key: &str, choices| Card {
        key: key.into(),
        title: "Quell asks".into(),
        question: "Cut off alice?".into(),
        facts: vec![("About".into(), "alice".into())],
        choices,
        expires: Timestamp::UNIX_EPOCH,
    };
    let choice = |label: &str, stops| Choice {
        label: label.into(),
        seal: format!("https://q.example/{label}"),
        stops,
    };
    let asked = card("run/0/ann", vec![choice("approve", false), choice("reject", true)]);
    let limit = Duration::from_secs(2);
    let sent = carrier.ask(&to, &asked, limit).await.unwrap();
    assert_eq!(carrier.ask(&to, &asked, limit).await.unwrap(), sent);
    carrier
        .tell(&to, sent.as_deref(), &card("run/0/ann/told", Vec::new()), "approve, by bob", limit)
        .await
        .unwrap();
    let seen = server.seen();
    let id = |at: usize| Some(seen[at].headers["webhook-id"].clone());
    assert!(id(0) == sent && id(1) == sent && id(2) != sent, "{seen:?}");
    let body = |at: usize| serde_json::from_slice::<Value>(&seen[at].body).unwrap();
    assert_eq!([0, 2].map(|at| body(at)["type"].clone()), ["quell.question", "quell.question.settled"]);
    let data = |at: usize| body(at)["data"].clone();
    let answers = json!([
        { "answer": "approve", "open": "https://q.example/approve", "stops": false },
        { "answer": "reject", "open": "https://q.example/reject", "stops": true },
    ]);
    assert_eq!((&data(0)["choices"], &data(0)["facts"]), (&answers, &json!({ "About": "alice" })));
    assert_eq!((&data(2)["choices"], &data(2)["answered"]), (&Value::Null, &json!("approve, by bob")));
    assert_eq!(data(2)["message"], json!(sent));
}
