//! [`OktaBench`]: the scripted organisation on the conformance suite's bench.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{AccountKey, Connection, Connector, Target};
use quell_alert::Provider;
use quell_kit::SecretRef;
use quell_kit::conformance::{Bench, Case, Mishap, PositionBench, Vendor};
use quell_kit::oauth::PrivateKey;
use quell_kit::scripted::{DeafServer, refusing_url};
use quell_okta::{OktaConnector, OktaSettings};
use serde_json::{Value, json};

use crate::organisation::{APP, Organisation, TOKEN};
use crate::sign_in::{CLIENT, ISSUED, KEY_ID};
use crate::world::{group_id, user_id};

const OKTA: &str = Provider::OKTA;
const REALM: &str = "corp.okta.example";

/// One action on the bench; the connection offers no other.
pub(crate) struct OktaBench {
    pub(crate) action: &'static str,
    pub(crate) shows: Shows,
    pub(crate) organisation: Organisation,
    deaf: DeafServer,
    down: String,
    folder: tempfile::TempDir,
}

/// With what the connector signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// With the API token of a user.
    ApiToken,
    /// With the key of an application.
    Key,
}

/// Where something is to do, where nothing is left, and a third state, if there is one.
const STATUSES: [(&str, &str, &str, Option<&str>); 8] = [
    ("account.disable", "ACTIVE", "SUSPENDED", Some("DEPROVISIONED")),
    ("account.enable", "SUSPENDED", "ACTIVE", Some("LOCKED_OUT")),
    ("account.deactivate", "SUSPENDED", "DEPROVISIONED", None),
    ("account.activate", "DEPROVISIONED", "ACTIVE", None),
    ("account.reactivate", "PROVISIONED", "PROVISIONED", None),
    ("account.unlock", "LOCKED_OUT", "ACTIVE", None),
    ("account.force_password_change", "ACTIVE", "PASSWORD_EXPIRED", None),
    ("account.reset_password", "LOCKED_OUT", "RECOVERY", None),
];

impl OktaBench {
    pub(crate) async fn start(action: &'static str) -> Self {
        Self::start_with(action, Shows::ApiToken).await
    }

    pub(crate) async fn start_with(action: &'static str, shows: Shows) -> Self {
        let organisation = Organisation::start().await;
        let folder = tempfile::tempdir().unwrap();
        if shows == Shows::Key {
            let key = new_key(&folder.path().join("key.pem"));
            organisation.sign_in.set(|state| {
                state.keys.insert(KEY_ID.to_owned(), key);
            });
        }
        Self {
            action,
            shows,
            organisation,
            deaf: DeafServer::start().await.unwrap(),
            down: refusing_url().await.unwrap(),
            folder,
        }
    }

    /// What stands in the settings for an application, apart from what a test changes.
    pub(crate) fn application(&self, change: Value) -> Value {
        let mut settings = json!({
            "client_id": CLIENT,
            "key": { "file": self.path("key.pem") },
            "key_id": KEY_ID,
            "dpop": "es256",
        });
        settings.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        settings
    }

    /// A file of this bench.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The connection, with all actions.
    pub(crate) async fn connection(&self, change: Value) -> Connection {
        let mut settings = json!({
            "organisation": self.organisation.server.url(),
            "realm": REALM,
            "active_directory_apps": [APP],
            "per_minute": 6000,
            "at_once": 50,
            "http": { "connect_timeout_secs": 1, "timeout_secs": 4 },
        });
        match self.shows {
            Shows::ApiToken => settings["token"] = json!({ "file": self.token() }),
            Shows::Key => settings["application"] = self.application(json!({})),
        }
        settings.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let settings: OktaSettings = serde_json::from_value(settings).unwrap();
        assert_eq!(OktaConnector::check(&settings), []);
        OktaConnector::connect("okta", settings).await.unwrap()
    }

    /// Somebody, by name.
    pub(crate) fn target(name: &str) -> Target {
        let (provider, realm) = (Provider::from(OKTA), REALM.to_owned());
        Target::Account(AccountKey { provider, realm, id: user_id(name) })
    }

    fn token(&self) -> PathBuf {
        let path = self.path("token");
        std::fs::write(&path, format!("{TOKEN}\n")).unwrap();
        path
    }

    fn params(&self) -> Value {
        match self.action {
            "account.set_risk" => json!({ "level": "high" }),
            "account.add_to_group" => json!({ "group": "quarantine" }),
            "account.remove_from_group" => json!({ "group": group_id("quarantine") }),
            "okta.get_user" => json!({ "user": "Alice@corp.example" }),
            "okta.get_groups" => json!({ "user": user_id("alice") }),
            _ => json!({}),
        }
    }

    fn put(&self, state: State) {
        let mut world = self.organisation.world.lock();
        let quarantine = group_id("quarantine");
        let alice = world.people.get_mut(&user_id("alice")).unwrap();
        if let Some((_, ready, done, third)) = STATUSES.iter().find(|row| row.0 == self.action) {
            alice.status = match state {
                State::Ready => ready,
                State::Done => done,
                State::Third => third.as_ref().unwrap(),
            }
            .to_string();
        }
        alice.risk = match state {
            State::Ready => "LOW",
            State::Done => "HIGH",
            State::Third => "MEDIUM",
        }
        .to_owned();
        alice.clients = if state == State::Ready { vec!["0oa1".to_owned()] } else { Vec::new() };
        match (self.action == "account.add_to_group") == (state == State::Done) {
            true => alice.groups.insert(quarantine),
            false => alice.groups.remove(&quarantine),
        };
    }
}

/// Makes a key, writes it to a file, and gives its public half.
pub(crate) fn new_key(path: &Path) -> Value {
    let pair = rcgen::KeyPair::generate().unwrap();
    std::fs::write(path, pair.serialize_pem()).unwrap();
    PrivateKey::read(&SecretRef::File(path.to_owned())).unwrap().public_jwk()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Done,
    Third,
}

#[async_trait]
impl Bench for OktaBench {
    fn cases(&self) -> Vec<Case> {
        let target = match self.action.starts_with("account.") {
            true => Self::target("alice"),
            false => Target::None,
        };
        vec![Case { action: self.action, provider: OKTA, target, params: self.params() }]
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        *self.organisation.behaviour.lock() = vendor;
        let away = match vendor {
            Vendor::IsDown => Some(self.down.clone()),
            Vendor::HangsBefore => Some(self.deaf.url()),
            _ => None,
        };
        let change = away.map_or(json!({}), |url| json!({ "organisation": url }));
        let mut connection = self.connection(change).await;
        connection.actions.retain(|action| action.info().spec.name == self.action);
        connection
    }

    async fn arrange(&self, _: &Case, done: bool) -> bool {
        self.put(if done { State::Done } else { State::Ready });
        self.organisation.world.lock().changes = 0;
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        self.organisation.world.lock().changes
    }

    async fn meddle(&self, _: &Case) -> bool {
        let third = STATUSES.iter().any(|row| row.0 == self.action && row.3.is_some());
        let possible = third || self.action == "account.set_risk";
        if possible {
            self.put(State::Third);
        }
        possible
    }

    fn can(&self, _: Vendor) -> bool {
        true
    }

    fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![TOKEN.to_owned(), "planted-api-token".to_owned(), ISSUED.to_owned()];
        // The lines of the key's file, and what proofs and assertions begin with.
        if let Ok(key) = std::fs::read_to_string(self.path("key.pem")) {
            secrets.extend(key.lines().filter(|line| !line.starts_with("---")).map(str::to_owned));
            secrets.push("eyJ".to_owned());
        }
        secrets
    }

    fn time_limit(&self) -> Duration {
        Duration::from_secs(2)
    }
}

impl PositionBench for OktaBench {
    fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.organisation.mishaps.expect(mishap);
    }

    fn calls(&self) -> usize {
        self.organisation.mishaps.calls()
    }

    fn mishaps(&self) -> Vec<Mishap> {
        let ends = self.shows == Shows::Key;
        // How answers are clothed has nothing to do with what was shown: once is enough.
        let once = [Mishap::TokenEnds, Mishap::DressedUp, Mishap::OfOld, Mishap::CutChunk];
        Mishap::ALL.into_iter().filter(|mishap| ends || !once.contains(mishap)).collect()
    }
}
