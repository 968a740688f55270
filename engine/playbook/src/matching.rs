//! [`Matcher`]: which playbooks an alert triggers, and why not the others.

use std::sync::Arc;

use quell_alert::{Alert, Timestamp};
use serde::Serialize;

use crate::condition::{Trace, Truth};
use crate::model::{AlertState, Mode, Playbook};
use crate::scope::AlertScope;

/// All playbooks, ready to be matched.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    playbooks: Vec<Arc<Playbook>>,
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
    pub fn new(playbooks: Vec<Arc<Playbook>>) -> Self {
        Self { playbooks }
    }

    /// All playbooks, as they were given.
    pub fn playbooks(&self) -> &[Arc<Playbook>] {
        &self.playbooks
    }

    /// The playbooks that this alert starts, in the order of their names.
    pub fn matching(&self, alert: &Alert, state: AlertState, now: Timestamp) -> Vec<Arc<Playbook>> {
        let scope = AlertScope { alert, now };
        let starts = |playbook: &&Arc<Playbook>| {
            playbook.mode != Mode::Disabled
                && playbook.when.states.contains(&state)
                && playbook.when.alert.truth(&scope).is_true()
        };
        self.playbooks.iter().filter(starts).cloned().collect()
    }

    /// For each playbook whether it matches, value by value.
    pub fn explain(&self, alert: &Alert, state: AlertState, now: Timestamp) -> Vec<Explanation> {
        self.playbooks.iter().map(|playbook| explain(playbook, alert, state, now)).collect()
    }
}

fn explain(playbook: &Arc<Playbook>, alert: &Alert, state: AlertState, now: Timestamp) -> Explanation {
    let evaluation = playbook.when.alert.evaluate(&AlertScope { alert, now });
    let mut reasons = Vec::new();
    if playbook.mode == Mode::Disabled {
        reasons.push("the playbook is disabled (`mode: disabled`)".to_owned());
    }
    if !playbook.when.states.contains(&state) {
        let wanted: Vec<&str> = playbook.when.states.iter().map(|state| state.word()).collect();
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
