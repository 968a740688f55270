//! How far schedules have been seen to: after a stop the clockwork goes on from there.

use quell_alert::Timestamp;
use quell_playbook::model::PlaybookName;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::record::Kind;
use crate::store::Store;

/// How far schedules have been seen to.
#[derive(Clone)]
pub struct Schedules(Store);

/// How far one schedule has been seen to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The schedule as it was: another one begins anew.
    pub schedule: String,
    /// Every moment up to this one has been started, or left out.
    pub until: Timestamp,
}

impl Store {
    /// How far schedules have been seen to.
    #[must_use]
    pub fn schedules(&self) -> Schedules {
        Schedules(self.clone())
    }
}

impl Schedules {
    /// How far that of this playbook has been seen to; `None` where it was never looked at.
    pub fn seen(&self, playbook: &PlaybookName) -> Result<Option<Seen>, StoreError> {
        self.0.read(Kind::Schedule, &key(playbook))
    }

    /// Notes how far it has been seen to.
    pub async fn note(&self, playbook: &PlaybookName, seen: Seen) -> Result<(), StoreError> {
        let key = key(playbook);
        self.0.decide(move |view| view.record(Kind::Schedule, key, &seen)).await
    }
}

fn key(playbook: &PlaybookName) -> Vec<u8> {
    Key::of(keys::SCHEDULE).text(&playbook.0).build()
}
