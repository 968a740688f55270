//! [`Holds`]: which runs need a target kept as it is, so that an undo does not free it for all.
//!
//! Every task that brought about a state that can be undone, or found it brought about, holds it. An undo releases
//! its own hold only; with the last hold the state from before the *first* of our changes comes back. Where nothing
//! of it was ours, nothing comes back.
//!
//! One identity may have a hundred thousand alerts, and every run of theirs holds the same state. So nobody writes or
//! reads all holders in order to add or to release one: a run says what it changes ([`HoldChange`]), the journal brings
//! the record up to date where it writes, and whoever undoes sees how many others there are ([`Held`]).

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
#[derive(Debug, Clone, PartialEq)]
pub struct Holds {
    /// What is held.
    pub key: HoldKey,
    /// What of it is ours, if anything.
    pub ours: Option<Ours>,
    /// Who holds it.
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

/// What one task does to the holds on a state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldChange {
    /// Which state.
    pub key: HoldKey,
    /// Whose hold.
    pub holder: Holder,
    /// Whether it takes hold, or lets go.
    pub grip: Grip,
}

/// Whether a task takes hold of a state, or lets go of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grip {
    /// It needs the state kept from now on. Who takes hold twice holds once.
    Taken {
        /// What it changed to bring the state about; nothing where it was brought about already.
        ours: Option<Box<Ours>>,
    },
    /// It does not need it any more. When the last one lets go, nothing is remembered.
    Released,
}

/// A held state as one who may hold it sees it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Held {
    /// What of it is ours, if anything.
    pub ours: Option<Ours>,
    /// How many others hold it.
    pub others: u64,
    /// The runs of some of them, at most [`Held::NAMED`].
    pub runs: Vec<RunId>,
}

impl HoldChange {
    /// A task takes hold of a state, and its call had this effect.
    pub(crate) fn taken(key: HoldKey, holder: Holder, effect: &Effect, params: &Value) -> Self {
        let ours = match effect {
            Effect::Changed { before, after } | Effect::Ineffective { before, after, .. } => {
                let (before, after, params) = (before.clone(), after.clone(), params.clone());
                Some(Box::new(Ours { before, after, params }))
            }
            Effect::Unchanged => None,
        };
        Self { key, holder, grip: Grip::Taken { ours } }
    }

    /// A task lets go of a state.
    pub(crate) fn released(key: HoldKey, holder: Holder) -> Self {
        Self { key, holder, grip: Grip::Released }
    }
}

impl Ours {
    /// What our changes come to when this one, if it is any, comes after the earlier ones.
    pub fn after(earlier: Option<Self>, latest: Option<Self>) -> Option<Self> {
        match (earlier, latest) {
            (Some(earlier), Some(latest)) => Some(Self { before: earlier.before, ..latest }),
            (earlier, latest) => latest.or(earlier),
        }
    }
}

impl Held {
    /// How many of the runs that need a state kept are named to whoever asks why it stays.
    pub const NAMED: usize = 5;
}

impl Holds {
    /// Nobody holds it yet.
    pub(crate) fn none(key: HoldKey) -> Self {
        Self { key, ours: None, holders: Vec::new() }
    }

    /// Takes a change in.
    pub(crate) fn change(&mut self, holder: Holder, grip: Grip) {
        self.holders.retain(|other| *other != holder);
        if let Grip::Taken { ours } = grip {
            self.ours = Ours::after(self.ours.take(), ours.map(|ours| *ours));
            self.holders.push(holder);
        }
    }

    /// As this one sees it.
    pub(crate) fn seen_by(&self, holder: &Holder) -> Held {
        let others = || self.holders.iter().filter(|other| *other != holder);
        let runs = others().map(|other| other.run.clone()).take(Held::NAMED).collect();
        Held { ours: self.ours.clone(), others: others().count() as u64, runs }
    }
}

#[cfg(test)]
mod tests {
    use quell_action::State;
    use serde_json::json;

    use super::*;
    use crate::{LaneId, TaskId};

    fn ours(before: &str, after: &str) -> Ours {
        Ours { before: State(json!(before)), after: State(json!(after)), params: json!(after) }
    }

    fn holder(run: &str) -> Holder {
        let task = TaskId { lane: LaneId(0), step: quell_playbook::model::StepId("s".into()), number: 0 };
        Holder { run: RunId(run.into()), task }
    }

    /// What comes back is what stood there before any of us; what may stand there is what the latest of us left.
    #[test]
    fn several_changes_come_to_the_first_before_and_the_latest_after() {
        let (first, latest) = (ours("free", "locked"), ours("locked", "locked for good"));
        let both = Ours::after(Some(first.clone()), Some(latest)).unwrap();
        assert_eq!(both, Ours { before: State(json!("free")), ..ours("", "locked for good") });
        assert_eq!(Ours::after(Some(first.clone()), None), Some(first.clone()), "found so: still ours");
        assert_eq!(Ours::after(None, Some(first.clone())), Some(first));
    }

    #[test]
    fn who_takes_hold_twice_holds_once() {
        let key = HoldKey {
            action: ActionName("a".into()),
            provider: Provider::from("p"),
            target: Target::None,
            item: Some("i".into()),
        };
        let mut holds = Holds::none(key);
        for run in ["one", "one", "other"] {
            holds.change(holder(run), Grip::Taken { ours: None });
        }
        assert_eq!((holds.seen_by(&holder("one")).others, holds.seen_by(&holder("other")).others), (1, 1));
        holds.change(holder("one"), Grip::Released);
        assert_eq!(holds.seen_by(&holder("other")).others, 0);
    }
}
