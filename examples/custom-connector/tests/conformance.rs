//! One call into the kit: every action, against a vendor that misbehaves as told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{AccountKey, Connection, Connector, LookUp, Target};
use quell_alert::Identifier;
use quell_custom_connector::{BadgeOffice, Settings};
use quell_kit::conformance::{
    Bench, Case, Mishap, PositionBench, Vendor, check, check_positions, not_met_by_mishaps, not_played,
};
use quell_kit::scripted::{DeafServer, Mishaps, Reply, ScriptedServer, Seen, refusing_url};
use serde_json::{Value, json};

/// As in `connector.rs`.
const PROVIDER: &str = "badge_office";
const DISABLE: &str = "account.disable";
const TOKEN: &str = "planted-token-that-nobody-may-see";

/// The badge office as a script: one badge, and how many changes to it took effect.
struct Office {
    vendor: Vendor,
    blocked: bool,
    changes: usize,
}

struct OfficeBench {
    server: ScriptedServer,
    office: Arc<Mutex<Office>>,
    mishaps: Arc<Mishaps>,
    deaf: DeafServer,
    down: String,
    folder: tempfile::TempDir,
}

impl OfficeBench {
    async fn start() -> Self {
        let office = Arc::new(Mutex::new(Office { vendor: Vendor::Answers, blocked: false, changes: 0 }));
        let mishaps = Arc::new(Mishaps::default());
        let (script, plan) = (Arc::clone(&office), Arc::clone(&mishaps));
        let reply = move |seen: &Seen| plan.play(|| script.lock().reply(seen), Reply::status);
        let server = ScriptedServer::start(reply).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), TOKEN).unwrap();
        Self {
            server,
            office,
            mishaps,
            deaf: DeafServer::start().await.unwrap(),
            down: refusing_url().await.unwrap(),
            folder,
        }
    }
}

impl Office {
    fn reply(&mut self, seen: &Seen) -> Reply {
        assert_eq!(seen.headers["authorization"], format!("Bearer {TOKEN}"));
        match self.vendor {
            Vendor::KnowsNobody => return Reply::status(404),
            Vendor::Forbids => return Reply::status(403),
            Vendor::RefusesCredentials => return Reply::status(401),
            Vendor::Throttles(hint) => return throttled(hint),
            _ => {}
        }
        if seen.method == "GET" {
            return self.badge(&seen.path);
        }
        let asked: Value = serde_json::from_slice(&seen.body).unwrap();
        let blocked = asked["blocked"] == json!(true);
        self.changes += usize::from(self.blocked != blocked);
        self.blocked = blocked;
        match self.vendor {
            Vendor::HangsAfter => Reply::Silence,
            Vendor::Cuts => Reply::Cut,
            Vendor::Trickles => Reply::Trickle,
            Vendor::TalksNonsense => Reply::Raw(b"nonsense".to_vec()),
            _ => Reply::status(204),
        }
    }

    fn badge(&self, path: &str) -> Reply {
        let badge = json!({ "id": "b-17", "login": "alice@contoso.example", "blocked": self.blocked });
        match path {
            "/badges/b-17" => Reply::json(200, &badge),
            "/badges?login=alice%40contoso.example" => Reply::json(200, &json!([badge])),
            "/badges/probe" => Reply::status(404),
            _ => Reply::json(200, &json!([])),
        }
    }
}

fn throttled(hint: Option<Duration>) -> Reply {
    let reply = Reply::status(429);
    match hint {
        Some(hint) => reply.with_header("retry-after", &hint.as_secs().to_string()),
        None => reply,
    }
}

#[async_trait]
impl Bench for OfficeBench {
    fn cases(&self) -> Vec<Case> {
        let key = AccountKey { provider: PROVIDER.into(), realm: "x".into(), id: "b-17".into() };
        let case = |action: &'static str| Case {
            action,
            provider: PROVIDER,
            target: Target::Account(key.clone()),
            params: json!({}),
        };
        vec![case(DISABLE), case("account.enable")]
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        self.office.lock().vendor = vendor;
        let url = match vendor {
            Vendor::IsDown => self.down.clone(),
            Vendor::HangsBefore => self.deaf.url(),
            _ => self.server.url(),
        };
        let settings: Settings = serde_json::from_value(json!({
            "url": url,
            "token": { "file": self.folder.path().join("token") },
            "http": { "connect_timeout_secs": 1 },
        }))
        .unwrap();
        assert_eq!(BadgeOffice::check(&settings), []);
        BadgeOffice::connect(BadgeOffice::NAME, settings).await.unwrap()
    }

    async fn arrange(&self, case: &Case, done: bool) -> bool {
        let mut office = self.office.lock();
        (office.blocked, office.changes) = (done == (case.action == DISABLE), 0);
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.office.lock().changes
    }

    fn can(&self, _: Vendor) -> bool {
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec![TOKEN.to_owned()]
    }

    fn time_limit(&self) -> Duration {
        Duration::from_millis(1500)
    }
}

impl PositionBench for OfficeBench {
    fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.mishaps.expect(mishap);
    }

    fn calls(&self) -> usize {
        self.mishaps.calls()
    }

    fn mishaps(&self) -> Vec<Mishap> {
        // The token never ends; and the badge office has no words of its own for a badge that it does not know.
        let not_here = [Mishap::TokenEnds, Mishap::GoesAstray];
        Mishap::ALL.into_iter().filter(|mishap| !not_here.contains(mishap)).collect()
    }
}

#[tokio::test]
async fn a_mishap_at_any_call_is_told_truly() {
    let report = check_positions(&OfficeBench::start().await).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_met_by_mishaps::<BadgeOffice>([&report]), [""; 0]);
}

#[tokio::test]
async fn the_badge_office_conforms() {
    let report = check(&OfficeBench::start().await).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_played::<BadgeOffice>([&report]), [""; 0]);
    // A badge is blocked or it is not: there is no third state that somebody else could set.
    assert_eq!(report.left_out.len(), 2, "{:?}", report.left_out);
}

#[tokio::test]
async fn logins_lead_to_badges_and_nothing_else_does() {
    let bench = OfficeBench::start().await;
    let connection = bench.connect(Vendor::Answers).await;
    let directory = &connection.directories[0];
    let login = Identifier::Login("alice@contoso.example".into());
    let found = directory.account(std::slice::from_ref(&login)).await.unwrap();
    assert!(matches!(found, LookUp::Found(facts) if facts.key.id == "b-17"));
    for names in [
        vec![Identifier::Mail("alice@contoso.example".into())],
        vec![Identifier::Login("bob@contoso.example".into())],
        vec![login, Identifier::Login("bob@contoso.example".into())],
        vec![],
    ] {
        assert_eq!(directory.account(&names).await.unwrap(), LookUp::NotFound, "{names:?}");
    }
    let report = connection.probe.probe().await;
    assert_eq!(report.problems, [] as [String; 0]);
    assert_eq!(report.grants.len(), connection.actions.len());
}
