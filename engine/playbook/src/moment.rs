//! [`Moment`]: what everything is judged by, beside the alert: the time, and the named lists and kept values as they are at
//! that time.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_action::lists::Lists;
use quell_alert::Timestamp;

/// What everything is judged by, beside the alert. A copy is cheap.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The time. A replay has the recorded one.
    pub now: Timestamp,
    /// The named lists of the site, as they are at that time.
    pub lists: Arc<Lists>,
    /// What earlier runs have kept for the alert.
    pub kept: Arc<Kept>,
}

/// Values that are kept for an alert over its runs, by their names.
pub type Kept = BTreeMap<String, String>;

/// A moment at which no list is known: what asks for one is unknown.
impl From<Timestamp> for Moment {
    fn from(now: Timestamp) -> Self {
        Self { now, lists: Arc::default(), kept: Arc::default() }
    }
}
