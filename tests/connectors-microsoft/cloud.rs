//! A cloud that takes any credential, keeps what it was shown, and has nothing in it.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use quell_action::{Connection, ProbeReport};
use quell_connectors::find;
use quell_kit::scripted::{Reply, ScriptedServer, Seen, TokenDesk};
use serde_json::{Value, json};

/// The connectors, with the name of the setting that says where their interface is.
pub(crate) const CONNECTORS: [(&str, &str); 5] = [
    ("entra-id", "graph_url"),
    ("defender-endpoint", "api_url"),
    ("defender-identity", "graph_url"),
    ("defender-xdr", "graph_url"),
    ("sentinel", "arm_url"),
];
pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const SECRET: &str = "planted-client-secret";

/// What the settings of a connector need besides those that all of them have.
pub(crate) fn add_own(name: &str, settings: &mut Value) {
    if name == "sentinel" {
        settings["subscription"] = json!(TENANT);
        settings["resource_group"] = json!("rg-soc");
        settings["workspace"] = json!("soc-eu");
    }
}

/// Answers every call with an empty list, unless it is told to answer the next one otherwise.
pub(crate) struct Cloud {
    pub(crate) server: ScriptedServer,
    pub(crate) desk: Arc<TokenDesk>,
    pub(crate) next: Arc<Mutex<Option<Reply>>>,
    folder: tempfile::TempDir,
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        let desk = Arc::new(TokenDesk::default());
        let next = Arc::new(Mutex::new(None));
        let (behind, waiting) = (Arc::clone(&desk), Arc::clone(&next));
        let server = ScriptedServer::start(move |seen| answer(&behind, &waiting, seen)).await.unwrap();
        Self { server, desk, next, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) async fn connect(&self, (name, place): (&str, &str), changes: Value) -> Connection {
        let mut settings = json!({
            "tenant": TENANT,
            "application": "00000000-0000-0000-0000-0000000000d2",
            "credential": { "secret": { "file": self.file("secret", SECRET) } },
            "login_url": self.server.url(),
        });
        settings[place] = json!(self.server.url());
        add_own(name, &mut settings);
        for (key, value) in changes.as_object().unwrap() {
            settings[key] = value.clone();
        }
        find(name).unwrap().connect(name, settings).await.unwrap()
    }

    pub(crate) async fn probe(&self, connector: (&str, &str), changes: Value) -> ProbeReport {
        self.connect(connector, changes).await.probe.probe().await
    }
}

fn answer(desk: &TokenDesk, next: &Mutex<Option<Reply>>, seen: &Seen) -> Reply {
    if seen.path.ends_with("/oauth2/v2.0/token") || seen.path.starts_with("/identity") {
        return desk.issue(seen);
    }
    match next.lock().take() {
        Some(reply) => reply,
        None if desk.accepts(seen) => Reply::json(200, &json!({ "value": [] })),
        None => Reply::status(401),
    }
}
