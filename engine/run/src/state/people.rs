//! How long a run has waited for people: that time is not held against its deadline.

use std::time::Duration;

use quell_alert::Timestamp;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PeopleClock {
    since: Option<Timestamp>,
    waited: Duration,
}

impl PeopleClock {
    /// At this moment somebody is being asked, or nobody.
    pub(super) fn tick(&mut self, asking: bool, at: Timestamp) {
        match (self.since, asking) {
            (None, true) => self.since = Some(at),
            (Some(since), false) => {
                self.waited += (at - since).to_std().unwrap_or_default();
                self.since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    /// How long it has been; `None` while somebody is being asked.
    pub(super) fn waited(&self) -> Option<Duration> {
        self.since.is_none().then_some(self.waited)
    }
}
