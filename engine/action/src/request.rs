//! [`Request`]: one call, which cannot exist without clearance.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{State, Target, exclusion::Cleared};

/// One call to an action. It holds a [`Cleared`]: without asking the exclusion list it cannot be made.
#[derive(Debug)]
pub struct Request<P> {
    cleared: Cleared,
    key: RequestKey,
    time_limit: Duration,
    before: Option<State>,
    params: P,
}

impl<P> Request<P> {
    /// A request for a target that the exclusion list has cleared.
    pub fn new(cleared: Cleared, key: RequestKey, time_limit: Duration, params: P) -> Self {
        Self { cleared, key, time_limit, before: None, params }
    }

    /// Adds the state that was read just before: a connector that can compare and swap uses it.
    pub fn expecting(mut self, before: Option<State>) -> Self {
        self.before = before;
        self
    }

    /// What to act on.
    pub fn target(&self) -> &Target {
        self.cleared.target()
    }

    /// The same for every attempt at the same task, and for no other.
    pub fn key(&self) -> &RequestKey {
        &self.key
    }

    /// How long the call may take.
    pub fn time_limit(&self) -> Duration {
        self.time_limit
    }

    /// The state that was read just before, where it can be read.
    pub fn before(&self) -> Option<&State> {
        self.before.as_ref()
    }

    /// The action's own parameters.
    pub fn params(&self) -> &P {
        &self.params
    }

    pub(crate) fn try_map<Q, E>(self, f: impl FnOnce(P) -> Result<Q, E>) -> Result<Request<Q>, E> {
        let Self { cleared, key, time_limit, before, params } = self;
        Ok(Request { cleared, key, time_limit, before, params: f(params)? })
    }
}

/// Names one task for the outside system: the same on every attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestKey(pub String);

impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an undo is told: how the action was called, what stood there before it and what it left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Restore<P> {
    /// The parameters of the call that is undone.
    pub params: P,
    /// What to restore.
    pub before: State,
    /// What the call left: if something else stands there now, somebody changed it meanwhile.
    pub after: State,
}
