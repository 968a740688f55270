//! [`Trigger`]: what starts a playbook.

use quell_alert::Status;
use serde::{Deserialize, Serialize};

use crate::condition::Group;
use crate::schedule::Schedule;

/// What starts a playbook: any of these.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// An alert.
    pub alert: Option<AlertTrigger>,
    /// The clock.
    pub schedule: Option<Schedule>,
    /// A person, or a program through the API.
    pub manual: bool,
    /// A step of another playbook.
    pub called: bool,
}

/// Which alerts start a playbook.
#[derive(Debug, Clone)]
pub struct AlertTrigger {
    /// What must be true of the alert.
    pub group: Group,
    /// In which states of its life an alert counts.
    pub states: Vec<AlertState>,
}

impl Trigger {
    /// Whether an alert in this state can start it.
    pub fn takes(&self, state: AlertState) -> bool {
        self.alert.as_ref().is_some_and(|alert| alert.states.contains(&state))
    }

    /// The ways in which it is started, in words: `alert`, `schedule`.
    pub fn words(&self) -> Vec<&'static str> {
        let ways = [
            ("alert", self.alert.is_some()),
            ("schedule", self.schedule.is_some()),
            ("manual", self.manual),
            ("called", self.called),
        ];
        ways.into_iter().filter(|(_, is_so)| *is_so).map(|(word, _)| word).collect()
    }
}

/// The states of an alert's life, as a trigger names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Seen for the first time, and open.
    New,
    /// A newer version of an alert that was seen before, and open.
    Updated,
    /// Closed at its sender.
    Resolved,
}

impl AlertState {
    /// The word for it in a playbook.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Updated => "updated",
            Self::Resolved => "resolved",
        }
    }

    /// The state of an alert with this status, seen before or not.
    pub fn of(status: Status, seen_before: bool) -> Self {
        match (status, seen_before) {
            (Status::Resolved | Status::Dismissed, _) => Self::Resolved,
            (_, true) => Self::Updated,
            (_, false) => Self::New,
        }
    }
}
