//! [`Stand`]: a connector and a scripted vendor of its kind, on the conformance suite's bench.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_action::{ActionError, Connection, Outcome, Request, RequestKey, Target};
use quell_connectors::find;
use quell_kit::conformance::{
    Bench, Case, Mishap, PositionBench, Report, Vendor, check, check_positions, clear,
};
use quell_kit::scripted::{DeafServer, Mishaps, Reply, ScriptedServer, Seen, refusing_url};
use serde_json::{Value, json};

/// The secret that every connector here is given.
pub(crate) const SECRET: &str = "planted-secret-0123456789-nobody-may-see";

/// A vendor that behaves as it should. The stand makes it misbehave.
pub(crate) trait Service: Send + Sync + 'static {
    /// What it answers; here it changes what it holds.
    fn answer(&self, seen: &Seen) -> Reply;
    /// Forgets everything, and takes the state in which something is to do, or nothing is.
    fn reset(&self, done: bool);
    /// How many changes took effect since.
    fn changes(&self) -> usize;
    /// Whether a request is meant to change something.
    fn writes(&self, seen: &Seen) -> bool {
        seen.method != "GET" && seen.method != "HEAD"
    }
    /// How it refuses, in this way.
    fn refusal(&self, vendor: Vendor) -> Option<Reply> {
        by_status(vendor)
    }
    /// Whether nonsense can come in the place of an answer that somebody reads.
    fn nonsense(&self) -> Reply {
        Reply::Raw(b"\x00\x01 no HTTP".to_vec())
    }
}

/// Refusals by status, as most interfaces have them.
pub(crate) fn by_status(vendor: Vendor) -> Option<Reply> {
    match vendor {
        Vendor::Forbids => Some(Reply::status(403)),
        Vendor::RefusesCredentials => Some(Reply::status(401)),
        Vendor::Throttles(None) => Some(Reply::status(429)),
        Vendor::Throttles(Some(hint)) => {
            Some(Reply::status(429).with_header("retry-after", &hint.as_secs().to_string()))
        }
        _ => None,
    }
}

/// One action of one connector, and its vendor.
pub(crate) struct Stand<S> {
    connector: &'static str,
    action: &'static str,
    params: Value,
    settings: fn(&str, Value) -> Value,
    pub(crate) service: Arc<S>,
    pub(crate) server: ScriptedServer,
    behaviour: Arc<Mutex<Vendor>>,
    mishaps: Arc<Mishaps>,
    deaf: DeafServer,
    down: String,
    folder: tempfile::TempDir,
}

impl<S: Service> Stand<S> {
    /// `settings` makes the settings of an address and a reference to the secret.
    pub(crate) async fn new(
        (connector, action): (&'static str, &'static str),
        params: Value,
        settings: fn(&str, Value) -> Value,
        service: S,
    ) -> Self {
        let service = Arc::new(service);
        let behaviour = Arc::new(Mutex::new(Vendor::Answers));
        let mishaps = Arc::new(Mishaps::default());
        let (how, vendor, plan) = (Arc::clone(&behaviour), Arc::clone(&service), Arc::clone(&mishaps));
        let script = move |seen: &Seen| {
            let how = *how.lock();
            if let Some(refusal) = vendor.refusal(how) {
                return refusal;
            }
            let reply = plan.play(|| vendor.answer(seen), Reply::status);
            match (how, vendor.writes(seen)) {
                (Vendor::HangsAfter, true) => Reply::Silence,
                (Vendor::Cuts, true) => Reply::Cut,
                (Vendor::Trickles, true) => Reply::Trickle,
                (Vendor::TalksNonsense, true) => vendor.nonsense(),
                _ => reply,
            }
        };
        Self {
            connector,
            action,
            params,
            settings,
            service,
            server: ScriptedServer::start(script).await.unwrap(),
            behaviour,
            mishaps,
            deaf: DeafServer::start().await.unwrap(),
            down: refusing_url().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Plays the suite, and every mishap at every call. What the bench cannot bring about has to be named.
    pub(crate) async fn conforms(&self, left_out: &[&str]) -> [Report; 2] {
        let report = check(self).await;
        assert_eq!(report.verdict(), "");
        let name = |scenario: &String| scenario.rsplit(": ").next().unwrap().to_owned();
        assert_eq!(report.left_out.iter().map(name).collect::<Vec<_>>(), left_out);
        assert!(report.played.len() > 5, "{:?}", report.played);
        let mishaps = check_positions(self).await;
        assert_eq!(mishaps.verdict(), "");
        assert!(mishaps.played.len() > 5, "{:?}", mishaps.played);
        [report, mishaps]
    }

    /// Connects, to a vendor that behaves.
    pub(crate) async fn connection(&self) -> Connection {
        *self.behaviour.lock() = Vendor::Answers;
        self.connected(&self.server.url()).await
    }

    /// Calls the action.
    pub(crate) async fn call(&self, key: &str, params: Value) -> Result<Outcome<Value>, ActionError> {
        let connection = self.connection().await;
        call(&connection, self.action, key, params).await
    }

    async fn connected(&self, url: &str) -> Connection {
        let settings = (self.settings)(url, json!({ "file": self.secret() }));
        let kind = find(self.connector).unwrap();
        assert!(kind.offered(&settings).is_ok(), "{:?}", kind.offered(&settings));
        kind.connect(self.connector, settings).await.unwrap()
    }

    fn secret(&self) -> PathBuf {
        let path = self.folder.path().join("secret");
        std::fs::write(&path, SECRET).unwrap();
        path
    }
}

/// Calls an action of a connection.
pub(crate) async fn call(
    connection: &Connection,
    name: &str,
    key: &str,
    params: Value,
) -> Result<Outcome<Value>, ActionError> {
    let action = connection.actions.iter().find(|action| action.info().spec.name == name).unwrap();
    let cleared = clear(&Target::None, &action.info().spec).unwrap();
    action.execute(Request::new(cleared, RequestKey(key.into()), Duration::from_secs(4), params)).await
}

#[async_trait]
impl<S: Service> Bench for Stand<S> {
    fn cases(&self) -> Vec<Case> {
        let kind = find(self.connector).unwrap();
        let spec = kind.actions().into_iter().find(|info| info.spec.name == self.action).unwrap().spec;
        let params = self.params.clone();
        vec![Case { action: self.action, provider: spec.provider, target: Target::None, params }]
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        *self.behaviour.lock() = vendor;
        let url = match vendor {
            Vendor::IsDown => self.down.clone(),
            Vendor::HangsBefore => self.deaf.url(),
            _ => self.server.url(),
        };
        let mut connection = self.connected(&url).await;
        connection.actions.retain(|action| action.info().spec.name == self.action);
        connection
    }

    async fn arrange(&self, _: &Case, done: bool) -> bool {
        self.service.reset(done);
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.service.changes()
    }

    fn can(&self, _: Vendor) -> bool {
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned(), "planted-secret".to_owned()]
    }

    fn time_limit(&self) -> Duration {
        // Longer than connecting may take, so that a connection that never comes is told apart.
        Duration::from_millis(2500)
    }
}

impl<S: Service> PositionBench for Stand<S> {
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
