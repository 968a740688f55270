//! [`Holds`]: which runs need a target kept as it is, so that an undo does not free it for all.
//!
//! Every task that brought about a state that can be undone, or found it brought about, holds it. An undo releases
//! its own hold only; with the last hold the state from before the *first* of our changes comes back. Where nothing
//! of it was ours, nothing comes back.

use quell_action::{ActionName, Effect, State, Target};
use quell_alert::Provider;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{RunId, TaskId};

/// Which state of which target is held.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HoldKey {
    /// The action that brings the state about.
    pub action: ActionName,
    /// Where.
    pub provider: Provider,
    /// Of what.
    pub target: Target,
    /// Of what, where the target does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

/// All holds on one state of one target. Kept as long as somebody holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holds {
    /// What is held.
    pub key: HoldKey,
    /// What of it is ours, if anything.
    pub ours: Option<Ours>,
    /// Who holds it, the earliest first. Nobody: the record can go.
    pub holders: Vec<Holder>,
}

/// What our changes of a held state come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ours {
    /// What stood there before the first of them.
    pub before: State,
    /// What the latest of them left.
    pub after: State,
    /// The parameters of the latest of them.
    pub params: Value,
}

/// One task that needs a state kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// Its run.
    pub run: RunId,
    /// The task.
    pub task: TaskId,
}

impl Holds {
    /// Nobody holds it yet.
    pub fn none(key: HoldKey) -> Self {
        Self { key, ours: None, holders: Vec::new() }
    }

    /// The same with one more holder, whose call had this effect.
    pub fn with(mut self, holder: Holder, effect: &Effect, params: &Value) -> Self {
        if let Effect::Changed { before, after } | Effect::Ineffective { before, after, .. } = effect {
            let before = self.ours.take().map_or_else(|| before.clone(), |ours| ours.before);
            self.ours = Some(Ours { before, after: after.clone(), params: params.clone() });
        }
        if !self.holders.contains(&holder) {
            self.holders.push(holder);
        }
        self
    }

    /// The same without this holder.
    pub fn without(mut self, holder: &Holder) -> Self {
        self.holders.retain(|other| other != holder);
        self
    }

    /// The runs, other than through this holder, that still need the state.
    pub fn others(&self, holder: &Holder) -> Vec<RunId> {
        let mut runs: Vec<RunId> =
            self.holders.iter().filter(|other| *other != holder).map(|other| other.run.clone()).collect();
        runs.dedup();
        runs
    }
}
