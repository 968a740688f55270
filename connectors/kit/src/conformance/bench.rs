//! [`Bench`]: what a connector's test brings to the suite.

use std::time::Duration;

use async_trait::async_trait;
use quell_action::{Connection, Target};
use serde_json::Value;

/// One action of the connector, with something to act on.
#[derive(Debug, Clone)]
pub struct Case {
    /// The action's name.
    pub action: &'static str,
    /// Its provider.
    pub provider: &'static str,
    /// What to act on.
    pub target: Target,
    /// What a playbook would write under `with:`.
    pub params: Value,
}

/// How the vendor behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// As it should.
    Answers,
    /// It does not know the target.
    KnowsNobody,
    /// It refuses the credential the right.
    Forbids,
    /// It refuses the credential.
    RefusesCredentials,
    /// It wants fewer calls, and says for how long, or does not.
    Throttles(Option<Duration>),
    /// Nobody listens.
    IsDown,
    /// Connecting never ends.
    HangsBefore,
    /// It does what it is told, and never answers.
    HangsAfter,
    /// It does what it is told, and the connection breaks in the middle of the answer.
    Cuts,
    /// It does what it is told, and the answer never ends.
    Trickles,
    /// It does what it is told, and answers nonsense.
    TalksNonsense,
}

/// A vendor under the control of a test.
#[async_trait]
pub trait Bench: Send + Sync {
    /// Something to act on, for every action of the connector.
    fn cases(&self) -> Vec<Case>;

    /// A new connection to the vendor, which is to behave so for it.
    async fn connect(&self, vendor: Vendor) -> Connection;

    /// Puts the target into the state in which the action has something to do (`false` for `done`), or into the one in
    /// which nothing is left to do. Forgets the changes counted so far. `false` where that state does not exist.
    async fn arrange(&self, case: &Case, done: bool) -> bool;

    /// How many changes took effect over there since [`Bench::arrange`].
    async fn changes(&self, case: &Case) -> usize;

    /// Somebody else changes what the action has changed, to a third state; not counted. `false` where there is none.
    async fn meddle(&self, _case: &Case) -> bool {
        false
    }

    /// Whether this vendor can behave so at all.
    fn can(&self, vendor: Vendor) -> bool;

    /// The secrets that were given to the connector: none of them may be seen anywhere.
    fn secrets(&self) -> Vec<String>;

    /// How long each call may take.
    fn time_limit(&self) -> Duration {
        Duration::from_millis(400)
    }
}
