//! [`RateLimit`]: how often an outside system may be called. One for each tenant and interface.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use quell_action::{ActionError, Failure};

/// Lets calls pass at a steady pace, after a first burst.
#[derive(Debug, Clone)]
pub struct RateLimit {
    limiter: Arc<DefaultDirectRateLimiter>,
}

impl RateLimit {
    /// So many calls in each period, of which `burst` may come at once.
    pub fn new(calls: NonZeroU32, period: Duration, burst: NonZeroU32) -> Self {
        let pace = (period / calls.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(pace).unwrap_or_else(|| Quota::per_second(calls)).allow_burst(burst);
        Self { limiter: Arc::new(RateLimiter::direct(quota)) }
    }

    /// Waits for the next turn, and no longer than the call may take. Returns what is left of that time.
    ///
    /// # Errors
    /// [`Failure::Throttled`] when the turn does not come in time; nothing was sent.
    pub async fn turn(&self, time_limit: Duration) -> Result<Duration, ActionError> {
        let asked = tokio::time::Instant::now();
        match tokio::time::timeout(time_limit, self.limiter.until_ready()).await {
            Ok(()) => Ok(time_limit.saturating_sub(asked.elapsed())),
            Err(_) => Err(ActionError::new(
                Failure::Throttled { retry_after: None },
                format!("our own limit on calls left no room within {} ms", time_limit.as_millis()),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_burst_passes_and_the_next_call_is_held_back() {
        let two = NonZeroU32::new(2).unwrap();
        let limit = RateLimit::new(two, Duration::from_secs(3600), two);
        let wait = Duration::from_millis(5);
        assert!(limit.turn(wait).await.is_ok());
        assert!(limit.clone().turn(wait).await.is_ok());
        let refused = limit.turn(wait).await.unwrap_err();
        assert_eq!(refused.failure, Failure::Throttled { retry_after: None });
    }
}
