//! No body makes the interface fail: what does not fit is refused in words, and the next request is answered.

use quell_tests::fuzz::mutate::{bytes, tree};
use quell_tests::fuzz::{Random, fuzz};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::server::{Server, TOKEN};

/// Every route that takes a body, and one that fits.
fn orders() -> Vec<(&'static str, Value)> {
    let at = "2026-11-21T12:00:00Z";
    vec![
        ("/api/v1/runs/7ffc/cancel", json!({ "by": "olivia" })),
        (
            "/api/v1/start",
            json!({ "playbook": "x", "inputs": { "target": ["a", "b"] }, "by": "olivia", "ticket": "t", "dry": true }),
        ),
        ("/api/v1/undo", json!({ "run": "7ffc", "task": "0/cut_off/1", "by": "olivia", "dry": true })),
        (
            "/api/v1/undo/many",
            json!({ "who": "alice", "since": at, "until": at, "by": "olivia", "dry": false }),
        ),
        ("/api/v1/undo/confirm", json!({ "run": "7ffc", "task": null, "by": "olivia" })),
        ("/api/v1/undo/extend", json!({ "run": "7ffc", "until": at, "by": "olivia" })),
        (
            "/api/v1/questions/answer",
            json!({ "run": "7ffc", "question": "0/confirm", "choice": "yes", "bond": "ab", "by": "olivia", "remark": "x" }),
        ),
        (
            "/api/v1/attention/settle",
            json!({ "run": "7ffc", "task": "0/cut_off/1", "happened": true, "by": "olivia" }),
        ),
        (
            "/api/v1/exclusions",
            json!({ "entry": { "account": { "upn": "a@b" }, "because": "x" }, "by": "olivia" }),
        ),
        (
            "/api/v1/exclusions/import",
            json!({ "entries": [{ "account": { "upn": "a@b" }, "because": "x" }], "by": "olivia", "partial": true, "dry": false }),
        ),
        (
            "/api/v1/lists",
            json!({ "list": "l", "entries": [{ "value": "v", "because": "x", "until": at }], "by": "olivia" }),
        ),
        ("/api/v1/pause", json!({ "by": "olivia", "because": "x" })),
        ("/api/v1/store/prune", json!({ "days": 400, "runs": 3, "dry": true })),
        ("/api/v1/store/backup", json!({ "file": "/tmp/x" })),
    ]
}

/// A path and a body, as one case.
fn case(path: &str, body: &[u8]) -> Vec<u8> {
    [path.as_bytes(), b"\n", body].concat()
}

#[test]
fn every_body_is_answered() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::new());
    // One connection for all of them.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let orders = orders();
    let bodies: Vec<Value> = orders.iter().map(|(_, body)| body.clone()).collect();
    let make = |random: &mut Random| {
        let (path, body) = random.of(&orders);
        let changed = serde_json::to_vec(&tree(random, body, &bodies)).unwrap();
        let body = if random.below(3) == 0 { bytes(random, &[changed]) } else { changed };
        case(path, &body)
    };
    fuzz("api", 2_500, make, |case| {
        let cut = case.iter().position(|byte| *byte == b'\n').unwrap();
        let path = std::str::from_utf8(&case[..cut]).unwrap();
        let body = case[cut + 1..].to_vec();
        runtime.block_on(async {
            let request = client.post(format!("http://{}{path}", server.address)).bearer_auth(TOKEN);
            let request = request.header(CONTENT_TYPE, "application/json").body(body);
            let response = request.send().await.unwrap();
            let status = response.status();
            assert!(!status.is_server_error(), "{status} at {path}");
            let answer = response.bytes().await.unwrap();
            assert!(serde_json::from_slice::<Value>(&answer).is_ok(), "{status} at {path}: {answer:?}");
        });
    });
}

#[test]
fn the_orders_from_which_the_cases_are_made_are_good() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::new());
    for (path, body) in orders() {
        let status = runtime
            .block_on(async { server.allowed("POST", path).json(&body).send().await.unwrap().status() });
        assert!(status.is_success(), "{status} at {path}");
    }
}
