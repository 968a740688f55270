//! What a call led to, and what a look at the target shows.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a successful call led to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome<O = Value> {
    /// Whether anything changed.
    pub effect: Effect,
    /// The outside system's own number for the matter (a machine action, a ticket), where it gave one.
    pub external_id: Option<String>,
    /// What later steps can read.
    pub output: O,
}

impl<O> Outcome<O> {
    /// Something changed; `before` is what stood there.
    pub fn changed(before: State, after: State, output: O) -> Self {
        Self { effect: Effect::Changed { before, after }, external_id: None, output }
    }

    /// It already was as wanted, and nothing was written.
    pub fn unchanged(output: O) -> Self {
        Self { effect: Effect::Unchanged, external_id: None, output }
    }

    /// Turns the output into another.
    pub(crate) fn try_map<P, E>(self, f: impl FnOnce(O) -> Result<P, E>) -> Result<Outcome<P>, E> {
        Ok(Outcome { effect: self.effect, external_id: self.external_id, output: f(self.output)? })
    }
}

/// Whether a call changed anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect")]
pub enum Effect {
    /// Something changed.
    Changed {
        /// What stood there before: enough to restore it.
        before: State,
        /// What stands there now: an undo leaves alone what is no longer this.
        after: State,
    },
    /// It already was as wanted; nothing was written, and nothing is ever undone.
    Unchanged,
    /// It was written and does not have its effect (a password change forced on an account whose password never
    /// expires).
    Ineffective {
        /// What stood there before.
        before: State,
        /// What stands there now.
        after: State,
        /// Why it has no effect, and what would give it one.
        why: String,
    },
}

/// The part of a target's state that an action changes, in the connector's own terms. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct State(pub Value);

/// What a look at the target shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The state as it is.
    pub state: State,
    /// Whether that is what the action would bring about.
    pub in_effect: InEffect,
}

/// Whether the target is as the action would leave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InEffect {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It is written so, and has no effect, for this reason.
    Ineffective(String),
    /// The outside system is still at it (a device that has not yet reported).
    Pending,
}
