//! [`OncePer`]: which alerts belong to one run.

use std::time::Duration;

use super::Reference;

/// Alerts that have these values in common start one run within a time; the later ones are attached to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OncePer {
    /// What they have in common. An alert of which one of these is not known starts a run of its own.
    pub key: Vec<KeyPart>,
    /// For how long, from the beginning of the run.
    pub within: Duration,
}

/// One of the values that alerts have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPart {
    /// What the alert says under a name: `alert.type`.
    Alert(Reference),
    /// Whom or what the lane is about: then each lane is held on its own.
    Entity,
}

impl OncePer {
    /// For how long, where the playbook does not say.
    pub const WITHIN: Duration = Duration::from_secs(7 * 86_400);

    /// Whether each lane is held on its own.
    pub fn is_per_lane(&self) -> bool {
        self.key.contains(&KeyPart::Entity)
    }
}
