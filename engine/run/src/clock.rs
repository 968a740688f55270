//! [`Clock`]: where time comes from.

use std::time::Duration;

use async_trait::async_trait;
use quell_alert::Timestamp;

/// Where time comes from: the system's clock in service, a manual one in tests and the recorded one in a replay.
#[async_trait]
pub trait Clock: Send + Sync {
    /// This moment.
    fn now(&self) -> Timestamp;

    /// Returns when so much time has passed.
    async fn sleep(&self, wait: Duration);

    /// How long somebody who waits for a moment may sleep before looking at the clock again: it may have been set ahead,
    /// and a machine that slept has not counted that time. Whatever is due is late by this at most.
    fn look_every(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// Returns at this moment, or at once where it is past. A clock that is set back meanwhile makes it wait again, and one
/// that is set ahead is noticed soon.
pub(crate) async fn sleep_until(clock: &dyn Clock, moment: Timestamp) {
    while let Ok(wait) = (moment - clock.now()).to_std() {
        if wait.is_zero() {
            return;
        }
        clock.sleep(wait.min(clock.look_every())).await;
    }
}
