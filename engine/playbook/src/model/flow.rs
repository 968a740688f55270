//! Verbs that lead through a playbook: waiting, branching, going through entities, keeping values, ending.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ForEach, Form, Step, StepCondition};
use crate::condition::Group;

/// A wait.
#[derive(Debug, Clone)]
pub enum WaitStep {
    /// For so long.
    For(Duration),
    /// Until something is so.
    Until {
        /// What.
        group: Group,
        /// For so long at most.
        at_most: Duration,
        /// How often it is looked at.
        every: Duration,
    },
}

/// One way of several.
#[derive(Debug, Clone)]
pub struct Branch {
    /// When it is taken; `None` for `otherwise`.
    pub condition: Option<StepCondition>,
    /// What is done then.
    pub steps: Vec<Step>,
}

/// Steps for each entity of a kind, within a lane.
#[derive(Debug, Clone)]
pub struct EachStep {
    /// Through what.
    pub each: ForEach,
    /// What is done for each.
    pub steps: Vec<Step>,
}

/// Values that later steps can use: each is worked out once.
pub type SetStep = BTreeMap<String, Form>;

/// The end of a lane, in the author's words.
#[derive(Debug, Clone)]
pub struct StopStep {
    /// What `lane.outcome` says.
    pub outcome: Form,
}
