//! [`Matcher`]: which playbooks an alert triggers, and why not the others.
//!
//! Deciding must cost little more than reading. What most playbooks ask for (product, type, severity, techniques, words
//! of the title …) is turned into sets of playbooks, one for each value, when the playbooks are loaded: an alert is
//! matched by joining and crossing the few sets that its values lead to. What is left, the residual conditions of the
//! candidates, is evaluated, each distinct one once per alert.

mod bits;
mod index;
mod keys;
mod residual;

use std::sync::Arc;

use quell_alert::Alert;
use serde::Serialize;

use crate::Moment;
use crate::condition::{Group, Trace, Truth};
use crate::model::{AlertState, Mode, Playbook, PlaybookName, Verb};
use crate::scope::AlertScope;

use index::{Builder, Index};
use residual::Residuals;

/// All playbooks, ready to be matched.
#[derive(Debug, Default)]
pub struct Matcher {
    playbooks: Vec<Arc<Playbook>>,
    index: Index,
    residuals: Residuals,
}

/// Whether one playbook matches one alert, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The playbook.
    #[serde(serialize_with = "by_name")]
    pub playbook: Arc<Playbook>,
    /// Whether it starts.
    pub matched: bool,
    /// What its conditions come to.
    pub truth: Truth,
    /// Every condition with the value seen.
    pub why: Trace,
    /// What else keeps it from starting: its mode, the state of the alert.
    pub reasons: Vec<String>,
}

impl Matcher {
    /// Makes playbooks ready.
    pub fn new(mut playbooks: Vec<Arc<Playbook>>) -> Self {
        playbooks.sort_by(|one, other| one.name.cmp(&other.name));
        let mut index = Builder::new(playbooks.len());
        let mut residuals = Residuals::default();
        for (number, playbook) in playbooks.iter().enumerate() {
            residuals.add(index.add(number, playbook));
        }
        Self { playbooks, index: index.finish(), residuals }
    }

    /// All playbooks, in the order of their names.
    pub fn playbooks(&self) -> &[Arc<Playbook>] {
        &self.playbooks
    }

    /// The playbooks that this one may call, and those that these may.
    pub fn called_by(&self, playbook: &Playbook) -> Vec<Arc<Playbook>> {
        let mut found: Vec<Arc<Playbook>> = Vec::new();
        let mut open: Vec<&PlaybookName> = calls(playbook).collect();
        while let Some(name) = open.pop() {
            let called = self.playbooks.iter().find(|other| other.name == *name);
            let Some(called) = called.filter(|called| !found.iter().any(|known| known.name == called.name))
            else {
                continue;
            };
            open.extend(calls(called));
            found.push(Arc::clone(called));
        }
        found
    }

    /// The playbooks that this alert starts, in the order of their names.
    pub fn matching(
        &self,
        alert: &Alert,
        state: AlertState,
        moment: impl Into<Moment>,
    ) -> Vec<&Arc<Playbook>> {
        let moment = moment.into();
        let candidates = self.index.candidates(alert, state);
        let mut judged = self.residuals.judge(AlertScope { alert, moment: &moment });
        candidates.filter(|number| judged.holds(*number)).map(|number| &self.playbooks[number]).collect()
    }

    /// For each playbook whether it matches, value by value.
    pub fn explain(&self, alert: &Alert, state: AlertState, moment: impl Into<Moment>) -> Vec<Explanation> {
        let moment = moment.into();
        self.playbooks.iter().map(|playbook| explain(playbook, alert, state, &moment)).collect()
    }
}

fn calls(playbook: &Playbook) -> impl Iterator<Item = &PlaybookName> {
    playbook.all_steps().filter_map(|step| match &step.verb {
        Verb::Run(call) => Some(&call.playbook),
        _ => None,
    })
}

fn explain(playbook: &Arc<Playbook>, alert: &Alert, state: AlertState, moment: &Moment) -> Explanation {
    let nothing = Group::default();
    let group = playbook.when.alert.as_ref().map_or(&nothing, |alert| &alert.group);
    let evaluation = group.evaluate(&AlertScope { alert, moment });
    let mut reasons = Vec::new();
    if playbook.mode == Mode::Disabled {
        reasons.push("the playbook is disabled (`mode: disabled`)".to_owned());
    }
    if playbook.when.alert.is_none() {
        reasons.push(format!("no alert starts it: {} does", playbook.when.words().join(" or ")));
    } else if !playbook.when.takes(state) {
        let states = playbook.when.alert.iter().flat_map(|alert| &alert.states);
        let wanted: Vec<&str> = states.map(|state| state.word()).collect();
        reasons.push(format!(
            "the alert is {}, and the playbook starts for: {}",
            state.word(),
            wanted.join(", ")
        ));
    }
    let matched = reasons.is_empty() && evaluation.truth.is_true();
    Explanation {
        playbook: Arc::clone(playbook),
        matched,
        truth: evaluation.truth,
        why: evaluation.trace,
        reasons,
    }
}

fn by_name<S: serde::Serializer>(playbook: &Arc<Playbook>, serializer: S) -> Result<S::Ok, S::Error> {
    playbook.name.serialize(serializer)
}
