//! [`RateLimit`]: how often an outside system may be called. One for each tenant and interface.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Weak};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::{Mutex, RwLock};
use quell_action::{ActionError, Failure};

/// Those that several connections of this program keep together, by what they are a limit of.
static SHARED: Mutex<BTreeMap<String, Weak<Pace>>> = Mutex::new(BTreeMap::new());

/// Lets calls pass at a steady pace, after a first burst.
#[derive(Debug, Clone)]
pub struct RateLimit {
    pace: Arc<Pace>,
}

/// The pace that is kept. It can only become slower, by somebody who joins in and must go slower.
#[derive(Debug)]
struct Pace {
    limiter: RwLock<(Duration, Arc<DefaultDirectRateLimiter>)>,
}

impl RateLimit {
    /// So many calls in each period, of which `burst` may come at once.
    pub fn new(calls: NonZeroU32, period: Duration, burst: NonZeroU32) -> Self {
        Self { pace: Arc::new(Pace::new(calls, period, burst)) }
    }

    /// The one limit that all connections of this program keep who name the same thing: an interface that counts the
    /// calls of a whole tenant does not care how many sections a site file has for it. Where they name different paces,
    /// the slowest holds for all of them, for as long as there is any of them.
    pub fn shared(of: &str, calls: NonZeroU32, period: Duration, burst: NonZeroU32) -> Self {
        let mut shared = SHARED.lock();
        shared.retain(|_, pace| pace.strong_count() > 0);
        if let Some(pace) = shared.get(of).and_then(Weak::upgrade) {
            pace.slow_down(calls, period, burst);
            return Self { pace };
        }
        let pace = Arc::new(Pace::new(calls, period, burst));
        shared.insert(of.to_owned(), Arc::downgrade(&pace));
        Self { pace }
    }

    /// Waits for the next turn, and no longer than the call may take. Returns what is left of that time.
    ///
    /// # Errors
    /// [`Failure::Throttled`] when the turn does not come in time; nothing was sent.
    pub async fn turn(&self, time_limit: Duration) -> Result<Duration, ActionError> {
        let asked = tokio::time::Instant::now();
        let limiter = Arc::clone(&self.pace.limiter.read().1);
        match tokio::time::timeout(time_limit, limiter.until_ready()).await {
            Ok(()) => Ok(time_limit.saturating_sub(asked.elapsed())),
            Err(_) => Err(ActionError::new(
                Failure::Throttled { retry_after: None },
                format!("our own limit on calls left no room within {} ms", time_limit.as_millis()),
            )),
        }
    }
}

impl Pace {
    fn new(calls: NonZeroU32, period: Duration, burst: NonZeroU32) -> Self {
        Self { limiter: RwLock::new(steady(calls, period, burst)) }
    }

    fn slow_down(&self, calls: NonZeroU32, period: Duration, burst: NonZeroU32) {
        let slower = steady(calls, period, burst);
        let mut kept = self.limiter.write();
        if slower.0 > kept.0 {
            *kept = slower;
        }
    }
}

/// One call after each of these times, and a first burst.
fn steady(
    calls: NonZeroU32,
    period: Duration,
    burst: NonZeroU32,
) -> (Duration, Arc<DefaultDirectRateLimiter>) {
    let each = (period / calls.get()).max(Duration::from_nanos(1));
    let quota = Quota::with_period(each).unwrap_or_else(|| Quota::per_second(calls)).allow_burst(burst);
    (each, Arc::new(RateLimiter::direct(quota)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    fn shared(of: &str, calls: u32) -> RateLimit {
        RateLimit::shared(of, number(calls), Duration::from_secs(3600), NonZeroU32::MIN)
    }

    #[tokio::test]
    async fn those_who_name_the_same_thing_keep_one_limit() {
        let wait = Duration::from_millis(5);
        let (first, second, other) = (shared("a", 1), shared("a", 1), shared("b", 1));
        assert!(first.turn(wait).await.is_ok());
        assert!(second.turn(wait).await.is_err(), "the turn is taken");
        assert!(other.turn(wait).await.is_ok(), "another thing has a limit of its own");
        drop((first, second));
        assert!(shared("a", 1).turn(wait).await.is_ok(), "whom nobody remembers begins anew");
    }

    #[test]
    fn the_slowest_of_those_who_share_sets_the_pace() {
        let each = |limit: &RateLimit| limit.pace.limiter.read().0;
        let first = shared("c", 60);
        assert_eq!(each(&first), Duration::from_secs(60));
        let slower = shared("c", 30);
        assert_eq!((each(&first), each(&slower)), (Duration::from_secs(120), Duration::from_secs(120)));
        let faster = shared("c", 3600);
        assert_eq!(each(&faster), Duration::from_secs(120));
    }

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
