//! Webhooks pass the suite that every connector passes, with a receiver that checks signatures and forgets nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{Connection, Connector, Target};
use quell_kit::conformance::{
    Bench, Case, Mishap, PositionBench, Vendor, check, check_positions, not_met_by_mishaps, not_played,
};
use quell_kit::scripted::{DeafServer, Mishaps, Reply, ScriptedServer, Seen, refusing_url};
use quell_webhook::{SigningKey, WebhookConnector, WebhookSettings};
use secrecy::SecretString;
use serde_json::json;

const SECRET: &str = "whsec_cGxhbnRlZC1zZWNyZXQtdGhhdC1ub2JvZHktbWF5LXNlZQ==";
const PATH: &str = "/hooks/planted-path-secret";

struct Receiver {
    server: ScriptedServer,
    behaviour: Arc<Mutex<Vendor>>,
    taken: Arc<Mutex<BTreeSet<String>>>,
    mishaps: Arc<Mishaps>,
    deaf: DeafServer,
    down: String,
    folder: tempfile::TempDir,
}

impl Receiver {
    async fn start() -> Self {
        let behaviour = Arc::new(Mutex::new(Vendor::Answers));
        let taken = Arc::new(Mutex::new(BTreeSet::new()));
        let mishaps = Arc::new(Mishaps::default());
        let (how, ids, plan) = (Arc::clone(&behaviour), Arc::clone(&taken), Arc::clone(&mishaps));
        let script = move |seen: &Seen| plan.play(|| reply(*how.lock(), seen, &ids), Reply::status);
        let server = ScriptedServer::start(script).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        Self {
            server,
            behaviour,
            taken,
            mishaps,
            deaf: DeafServer::start().await.unwrap(),
            down: refusing_url().await.unwrap(),
            folder,
        }
    }

    fn secret(&self) -> PathBuf {
        self.folder.path().join("secret")
    }
}

/// Takes a message once for each id, if its signature is right.
fn reply(vendor: Vendor, seen: &Seen, taken: &Mutex<BTreeSet<String>>) -> Reply {
    match vendor {
        Vendor::Forbids => return Reply::status(403),
        Vendor::RefusesCredentials => return Reply::status(401),
        Vendor::Throttles(hint) => {
            let reply = Reply::status(429);
            return match hint {
                Some(hint) => reply.with_header("retry-after", &hint.as_secs().to_string()),
                None => reply,
            };
        }
        _ => {}
    }
    let header = |name: &str| seen.headers.get(name).cloned().unwrap_or_default();
    let key = SigningKey::parse(&SecretString::from(SECRET)).unwrap();
    let timestamp = header("webhook-timestamp").parse().unwrap();
    let expected = key.sign(&header("webhook-id"), timestamp, &seen.body).unwrap();
    if header("webhook-signature") != expected {
        return Reply::status(401);
    }
    taken.lock().insert(header("webhook-id"));
    match vendor {
        Vendor::HangsAfter => Reply::Silence,
        Vendor::Cuts => Reply::Cut,
        Vendor::Trickles => Reply::Trickle,
        Vendor::TalksNonsense => Reply::Raw(b"\x00\x01 no HTTP".to_vec()),
        _ => Reply::status(204),
    }
}

#[async_trait]
impl Bench for Receiver {
    fn cases(&self) -> Vec<Case> {
        vec![Case {
            action: "webhook.post",
            provider: "webhook",
            target: Target::None,
            params: json!({ "endpoint": "soc", "type": "account.contained", "data": { "run": "r1" } }),
        }]
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        *self.behaviour.lock() = vendor;
        let base = match vendor {
            Vendor::IsDown => self.down.clone(),
            Vendor::HangsBefore => self.deaf.url(),
            _ => self.server.url(),
        };
        let settings: WebhookSettings = serde_json::from_value(json!({ "endpoints": { "soc": {
            "url": format!("{base}{PATH}"),
            "secret": { "file": self.secret() },
            "per_minute": 6000,
            "http": { "connect_timeout_secs": 1 },
        }}}))
        .unwrap();
        assert_eq!(WebhookConnector::check(&settings), []);
        WebhookConnector::connect("webhook", settings).await.unwrap()
    }

    async fn arrange(&self, _: &Case, _: bool) -> bool {
        self.taken.lock().clear();
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.taken.lock().len()
    }

    fn can(&self, _: Vendor) -> bool {
        true
    }

    fn secrets(&self) -> Vec<String> {
        let key = SECRET.trim_start_matches("whsec_").to_owned();
        vec![
            SECRET.to_owned(),
            key,
            "planted-path-secret".to_owned(),
            "planted-secret-that-nobody-may-see".to_owned(),
        ]
    }

    fn time_limit(&self) -> Duration {
        // Longer than connecting may take, so that a connection that never comes is told apart.
        Duration::from_millis(1500)
    }
}

impl PositionBench for Receiver {
    fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.mishaps.expect(mishap);
    }

    fn calls(&self) -> usize {
        self.mishaps.calls()
    }

    fn mishaps(&self) -> Vec<Mishap> {
        // A key never ends; and who says that there is nothing is as good as any other.
        let not_here = [Mishap::TokenEnds, Mishap::GoesAstray];
        Mishap::ALL.into_iter().filter(|mishap| !not_here.contains(mishap)).collect()
    }
}

#[tokio::test]
async fn a_mishap_at_the_call_is_told_truly() {
    let receiver = Receiver::start().await;
    let report = check_positions(&receiver).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_met_by_mishaps::<WebhookConnector>([&report]), [""; 0]);
    assert_eq!(report.played.len(), 12, "{:?}", report.played);
}

#[tokio::test]
async fn webhooks_conform() {
    let receiver = Receiver::start().await;
    let report = check(&receiver).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_played::<WebhookConnector>([&report]), [""; 0]);
    assert_eq!(report.left_out, [] as [String; 0]);
    assert!(receiver.server.seen().len() > 10, "the receiver was really asked");
}
