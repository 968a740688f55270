//! Tools for the tests of this room and of those that use it. Nothing here is used by the engine.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quell_alert::Timestamp;
use tokio::sync::oneshot;

use crate::Clock;

/// A clock that moves only when it is told to. Nothing that waits for it waits in earnest.
#[derive(Debug, Clone)]
pub struct ManualClock {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    now: Timestamp,
    sleepers: Vec<(Timestamp, oneshot::Sender<()>)>,
}

impl ManualClock {
    /// A clock that stands at this moment.
    pub fn at(now: Timestamp) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { now, sleepers: Vec::new() })) }
    }

    /// Moves on by so much, and wakes whoever waited for that.
    pub fn advance(&self, by: Duration) {
        let to = self.now() + chrono::Duration::from_std(by).unwrap_or_default();
        self.set(to);
    }

    /// Moves to this moment, back even, and wakes whoever waited for that.
    pub fn set(&self, to: Timestamp) {
        let mut inner = self.inner.lock();
        inner.now = to;
        let (due, later) = std::mem::take(&mut inner.sleepers).into_iter().partition(|(at, _)| *at <= to);
        inner.sleepers = later;
        drop(inner);
        let due: Vec<(Timestamp, oneshot::Sender<()>)> = due;
        for (_, sleeper) in due {
            // Whoever waited may have gone.
            let _ = sleeper.send(());
        }
    }

    /// The moment for which somebody waits who is still there; the earliest.
    pub fn next_waking(&self) -> Option<Timestamp> {
        let mut inner = self.inner.lock();
        inner.sleepers.retain(|(_, sleeper)| !sleeper.is_closed());
        inner.sleepers.iter().map(|(at, _)| *at).min()
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.inner.lock().now
    }

    async fn sleep(&self, wait: Duration) {
        let woken = {
            let mut inner = self.inner.lock();
            let until = chrono::Duration::from_std(wait)
                .ok()
                .and_then(|wait| inner.now.checked_add_signed(wait))
                .unwrap_or(Timestamp::MAX_UTC);
            if until <= inner.now {
                return;
            }
            let (sleeper, woken) = oneshot::channel();
            inner.sleepers.push((until, sleeper));
            woken
        };
        // The clock outlives whoever waits for it.
        let _ = woken.await;
    }

    /// Whoever waits is woken when it is set, so nobody needs to look: a day that is rehearsed takes one step.
    fn look_every(&self) -> Duration {
        Duration::MAX
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn wakes_whoever_waited_long_enough() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let mut sleep = clock.sleep(Duration::from_secs(10)).boxed();
        assert!(sleep.as_mut().now_or_never().is_none());
        assert_eq!(clock.next_waking(), Some(Timestamp::UNIX_EPOCH + chrono::Duration::seconds(10)));
        clock.advance(Duration::from_secs(9));
        assert!(sleep.as_mut().now_or_never().is_none());
        clock.advance(Duration::from_secs(1));
        assert!(sleep.as_mut().now_or_never().is_some());
        assert_eq!(clock.next_waking(), None);
        assert!(clock.sleep(Duration::ZERO).now_or_never().is_some());
    }
}
