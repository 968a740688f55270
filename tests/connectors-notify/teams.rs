//! `teams.post`: a card for a workflow.

use std::time::Duration;

use parking_lot::Mutex;
use quell_action::{Connector, Failure, Request, RequestKey, Target};
use quell_kit::conformance::{Vendor, clear, not_met_by_mishaps, not_played};
use quell_kit::scripted::{Reply, Seen};
use quell_teams::TeamsConnector;
use serde_json::{Value, json};

use crate::stand::{SECRET, Service, Stand, by_status};

const POST: (&str, &str) = ("teams", "teams.post");

/// Takes cards.
#[derive(Default)]
struct Workflow {
    cards: Mutex<Vec<Value>>,
    status: Mutex<Option<u16>>,
}

impl Service for Workflow {
    fn answer(&self, seen: &Seen) -> Reply {
        if let Some(status) = *self.status.lock() {
            return Reply::status(status);
        }
        if seen.method != "POST"
            || seen.path != format!("/workflows/x?api-version=1&sp=%2Ftriggers&sig={SECRET}")
        {
            return Reply::status(401);
        }
        if seen.body.len() > 28 * 1024 {
            return Reply::status(413);
        }
        self.cards.lock().push(serde_json::from_slice(&seen.body).unwrap());
        Reply::status(202)
    }

    fn reset(&self, _: bool) {
        self.cards.lock().clear();
    }

    fn changes(&self) -> usize {
        self.cards.lock().len()
    }

    fn refusal(&self, vendor: Vendor) -> Option<Reply> {
        by_status(vendor)
    }
}

/// The whole address is the secret, and is taken as it is.
fn settings(url: &str, secret: Value) -> Value {
    let path = std::path::PathBuf::from(secret["file"].as_str().unwrap()).with_file_name("address");
    std::fs::write(&path, format!("{url}/workflows/x?api-version=1&sp=%2Ftriggers&sig={SECRET}\n")).unwrap();
    json!({ "channels": { "soc": { "file": path } }, "http": { "connect_timeout_secs": 1, "timeout_secs": 10 } })
}

fn message() -> Value {
    json!({
        "title": "Account disabled", "text": "see [this](https://evil.example)",
        "facts": { "Account": "CORP\\alice" }, "link": "https://quell.example/runs/1",
    })
}

#[tokio::test]
async fn no_more_cards_are_handed_over_than_a_workflow_takes() {
    let stand = Stand::new(POST, message(), settings, Workflow::default()).await;
    let connection = stand.connection().await;
    let mut failures = Vec::new();
    while failures.len() < 20 && !failures.contains(&Some(Failure::Throttled { retry_after: None })) {
        let cleared = clear(&Target::None, &connection.actions[0].info().spec).unwrap();
        let limit = Duration::from_millis(200);
        let request = Request::new(cleared, RequestKey("k".into()), limit, message());
        failures.push(connection.actions[0].execute(request).await.err().map(|error| error.failure));
    }
    assert_eq!(failures.last(), Some(&Some(Failure::Throttled { retry_after: None })));
}

#[tokio::test]
async fn posting_conforms() {
    let reports = Stand::new(POST, message(), settings, Workflow::default()).await.conforms(&[]).await;
    assert_eq!(not_played::<TeamsConnector>(&reports), [""; 0]);
    assert_eq!(not_met_by_mishaps::<TeamsConnector>(&reports), [""; 0]);
}

#[tokio::test]
async fn a_card_is_whole_and_never_too_large() {
    let stand = Stand::new(POST, message(), settings, Workflow::default()).await;
    stand.call("run/1", message()).await.unwrap();
    let card = stand.service.cards.lock()[0].clone();
    let attachment = &card["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!(attachment["content"]["actions"][0]["url"], "https://quell.example/runs/1");
    let text = card.to_string();
    assert!(text.contains("Quell, run/1") && !text.contains("[this](https://evil"), "{text}");
    stand.call("run/2", json!({ "text": "x".repeat(100_000) })).await.unwrap();
}

#[tokio::test]
async fn what_became_of_the_workflow_is_said() {
    let stand = Stand::new(POST, message(), settings, Workflow::default()).await;
    for (status, failure, word) in [
        (400, Failure::Rejected, "400"),
        (404, Failure::NotFound, "deleted or switched off"),
        (410, Failure::NotFound, "deleted or switched off"),
        (413, Failure::Rejected, "413"),
        (502, Failure::Uncertain, "may have happened"),
    ] {
        *stand.service.status.lock() = Some(status);
        let error = stand.call("k", message()).await.unwrap_err();
        assert_eq!(error.failure, failure, "{status}");
        assert!(error.message.contains(word), "{error}");
    }
}

#[tokio::test]
async fn retired_addresses_are_refused_without_showing_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("address");
    std::fs::write(&path, format!("https://corp.webhook.office.com/webhookb2/{SECRET}")).unwrap();
    let settings = serde_json::from_value(json!({ "channels": { "soc": { "file": path } } })).unwrap();
    let refused = TeamsConnector::connect("teams", settings).await.err().unwrap().to_string();
    assert!(refused.contains("retired") && !refused.contains(SECRET), "{refused}");
}

#[tokio::test]
async fn a_probe_shows_no_address() {
    let stand = Stand::new(POST, message(), settings, Workflow::default()).await;
    let report = stand.connection().await.probe.probe().await;
    assert!(report.system.unwrap().starts_with("soc at 127.0.0.1"));
    assert_eq!(stand.server.seen()[0].path, "/");
}
