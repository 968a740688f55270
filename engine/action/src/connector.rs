//! [`Connector`]: how one outside system is set up, in three phases that are never mixed.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use quell_alert::Provider;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ActionInfo, AnyAction, Carrier, Directory, Reaches};

/// The crate that talks to one outside system.
///
/// *Check* looks at the settings and at nothing else: no network, no files, no clock. *Connect* makes clients and reads
/// credentials. *Probe* reaches the system and asks what its rights allow; it changes nothing.
pub trait Connector: Send + Sync + 'static {
    /// Its name in the site file, under `connectors:`.
    const NAME: &'static str;
    /// One sentence for people.
    const SUMMARY: &'static str;
    /// What its system cannot do, though others can and playbooks may expect it.
    const REFUSES: &'static [Refused] = &[];
    /// What the user writes there. Secrets by reference only.
    type Settings: DeserializeOwned + JsonSchema + Send + Sync;

    /// The actions it offers with these settings (`None`: all that it could ever offer).
    fn actions(settings: Option<&Self::Settings>) -> Vec<ActionInfo>;

    /// Whom questions reach that are asked through it (`through`); nobody where it carries none.
    fn reaches(_settings: &Self::Settings) -> Reaches {
        Reaches::default()
    }

    /// What is wrong with the settings. All of it, not the first.
    fn check(settings: &Self::Settings) -> Vec<Problem>;

    /// Makes the clients. May read files and the credentials; does not have to reach the system.
    ///
    /// # Errors
    /// When a credential, a certificate or a file is missing or unreadable.
    fn connect(
        name: &str,
        settings: Self::Settings,
    ) -> impl Future<Output = Result<Connection, ConnectError>> + Send;
}

/// A connector that has been connected.
pub struct Connection {
    /// The name under which the site file has it.
    pub name: String,
    /// Its actions, bound to their clients.
    pub actions: Vec<Arc<dyn AnyAction>>,
    /// The directories that it can look into.
    pub directories: Vec<Arc<dyn Directory>>,
    /// How it carries questions to people, where it does.
    pub carrier: Option<Arc<dyn Carrier>>,
    /// How to ask what it may do.
    pub probe: Arc<dyn Probe>,
}

/// An action that a system cannot carry out, by its nature and not for want of a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The action: `account.revoke_sessions`.
    pub action: &'static str,
    /// Where.
    pub provider: &'static str,
    /// Why, and what does something like it.
    pub because: &'static str,
}

/// Something wrong with a connector's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, below the connector's own settings: `server.url`.
    pub place: String,
    /// What, and what to do.
    pub message: String,
}

/// Why a connector could not be connected. The message names the setting and what to do, and holds no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectError(pub String);

/// Reaches the system, signs in, says which actions its rights allow; changes nothing.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Asks.
    async fn probe(&self) -> ProbeReport;
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeReport {
    /// Which system answered: a host and version, a tenant.
    pub system: Option<String>,
    /// What could not be done, with the reason; empty when all is well.
    pub problems: Vec<String>,
    /// For each action, whether the rights allow it, as far as the system tells.
    pub grants: Vec<Grant>,
}

/// Whether one action is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// The action.
    pub action: String,
    /// For whose accounts or devices.
    pub provider: Provider,
    /// `None` where the system does not tell.
    pub allowed: Option<bool>,
    /// What is missing, or what the answer rests on.
    pub note: Option<String>,
}
