//! [`Limits`]: how often Okta may be called, by our own count and by what its answers say.
//!
//! Every answer tells how much of a bucket is left and when it is filled again. Once nothing is left, calls to that
//! bucket wait, or are turned away unsent.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use parking_lot::Mutex;
use quell_action::{ActionError, Failure};
use quell_kit::header::{DATE, HeaderMap};
use quell_kit::{Deadline, RateLimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Nobody waits less than this after having been turned away.
const SHORTEST: Duration = Duration::from_secs(1);
/// Windows last a minute: a longer wait comes from clocks that disagree.
const LONGEST: Duration = Duration::from_secs(120);
/// At so many calls at once, lowering stops.
const FEWEST_AT_ONCE: usize = 1;

/// How often one organisation may be called.
#[derive(Debug)]
pub(crate) struct Limits {
    pace: RateLimit,
    seats: Arc<Semaphore>,
    at_once: Mutex<usize>,
    empty_until: Mutex<HashMap<&'static str, Instant>>,
}

/// What an answer says of its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Told {
    limit: Option<u64>,
    remaining: Option<u64>,
    filled_in: Option<Duration>,
}

impl Limits {
    pub(crate) fn new(per_minute: u32, at_once: u32) -> Self {
        let calls = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let burst = calls.min(NonZeroU32::new(at_once * 2).unwrap_or(calls));
        let at_once = at_once as usize;
        Self {
            pace: RateLimit::new(calls, Duration::from_secs(60), burst),
            seats: Arc::new(Semaphore::new(at_once)),
            at_once: Mutex::new(at_once),
            empty_until: Mutex::new(HashMap::new()),
        }
    }

    /// Waits until a call to this bucket may be made; holds its place while it is under way.
    ///
    /// # Errors
    /// [`Failure::Throttled`] when the turn does not come in time; nothing was sent.
    pub(crate) async fn turn(
        &self,
        bucket: &'static str,
        deadline: Deadline,
    ) -> Result<OwnedSemaphorePermit, ActionError> {
        if let Some(wait) = self.empty_for(bucket) {
            if wait >= deadline.left() {
                return Err(ActionError::new(
                    Failure::Throttled { retry_after: Some(whole_seconds(wait)) },
                    format!("Okta has said that nothing is left of its limit on {bucket}; nothing was sent"),
                ));
            }
            tokio::time::sleep(wait).await;
        }
        let left = self.pace.turn(deadline.left()).await?;
        let seat = tokio::time::timeout(left, Arc::clone(&self.seats).acquire_owned()).await;
        match seat {
            Ok(Ok(seat)) => Ok(seat),
            _ => Err(ActionError::new(
                Failure::Throttled { retry_after: None },
                "too many calls to Okta are under way already; nothing was sent",
            )),
        }
    }

    /// Takes note of what an answer says of its bucket.
    pub(crate) fn note(&self, bucket: &'static str, told: Told, turned_away: bool) {
        if turned_away && told.is_about_concurrency() {
            self.lower();
        }
        let wait = match (turned_away, told.remaining) {
            (true, _) => told.filled_in.map(|wait| wait.max(SHORTEST)),
            (false, Some(0)) => told.filled_in,
            _ => None,
        };
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            tracing::debug!(bucket, seconds = wait.as_secs(), "nothing is left of a limit of Okta");
            self.empty_until.lock().insert(bucket, Instant::now() + wait);
        }
    }

    /// Too many at once is cured by fewer at once, and not by waiting alone.
    fn lower(&self) {
        let mut at_once = self.at_once.lock();
        if *at_once > FEWEST_AT_ONCE && self.seats.forget_permits(1) == 1 {
            *at_once -= 1;
            tracing::warn!(at_once = *at_once, "Okta wants fewer calls at once");
        }
    }

    fn empty_for(&self, bucket: &'static str) -> Option<Duration> {
        let mut empty_until = self.empty_until.lock();
        let wait = empty_until.get(bucket)?.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            empty_until.remove(bucket);
            return None;
        }
        Some(wait)
    }
}

impl Told {
    /// Reads the headers. The time at which a bucket is filled again is compared with the answer's own date, so that no
    /// clock of ours takes part.
    pub(crate) fn by(headers: &HeaderMap) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let sent = headers.get(DATE).and_then(|date| date.to_str().ok());
        let sent = sent.and_then(|date| DateTime::parse_from_rfc2822(date.trim()).ok());
        let filled_in = number("x-rate-limit-reset").zip(sent).and_then(|(reset, sent)| {
            let sent = u64::try_from(sent.timestamp()).ok()?;
            Some(Duration::from_secs(reset.saturating_sub(sent)).min(LONGEST))
        });
        Self { limit: number("x-rate-limit-limit"), remaining: number("x-rate-limit-remaining"), filled_in }
    }

    /// How long to wait after having been turned away; `None` where the answer does not tell.
    pub(crate) fn wait(self) -> Option<Duration> {
        self.filled_in.map(|wait| wait.max(SHORTEST))
    }

    /// The limit on calls at once shows by this: nothing left of nothing.
    fn is_about_concurrency(self) -> bool {
        self.limit == Some(0) && self.remaining == Some(0)
    }
}

/// Okta counts in whole seconds, and so does what is said to others.
fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn told(remaining: u64, seconds: u64) -> Told {
        let filled_in = Some(Duration::from_secs(seconds));
        Told { limit: Some(600), remaining: Some(remaining), filled_in }
    }

    #[test]
    fn the_reset_is_measured_by_the_clock_of_the_answer() {
        let date = ("date", "Tue, 14 Nov 2023 22:13:20 GMT");
        for (pairs, seconds) in [
            (vec![date, ("x-rate-limit-reset", "1700000007")], Some(7)),
            (vec![date, ("x-rate-limit-reset", "1699999000")], Some(1)),
            (vec![date, ("x-rate-limit-reset", "1800000000")], Some(120)),
            (vec![("x-rate-limit-reset", "1700000007")], None),
            (vec![date], None),
            (vec![date, ("x-rate-limit-reset", "soon")], None),
        ] {
            let wait = Told::by(&headers(&pairs)).wait();
            assert_eq!(wait, seconds.map(Duration::from_secs), "{pairs:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_bucket_is_waited_for_or_turned_away_and_others_are_not_concerned() {
        let limits = Limits::new(6000, 8);
        limits.note("users", told(0, 5), false);
        let short = limits.turn("users", Deadline::after(Duration::from_secs(2))).await.unwrap_err();
        assert_eq!(short.failure, Failure::Throttled { retry_after: Some(Duration::from_secs(5)) });
        let begun = Instant::now();
        drop(limits.turn("groups", Deadline::after(Duration::from_secs(2))).await.unwrap());
        assert!(begun.elapsed() < Duration::from_secs(1));
        drop(limits.turn("users", Deadline::after(Duration::from_secs(9))).await.unwrap());
        assert!(begun.elapsed() >= Duration::from_secs(5));
        limits.note("users", told(1, 60), false);
        assert!(limits.turn("users", Deadline::after(Duration::from_secs(2))).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_at_once_leads_to_fewer_at_once_and_never_to_none() {
        let limits = Limits::new(6000, 2);
        let concurrency = Told { limit: Some(0), remaining: Some(0), filled_in: None };
        for _ in 0..5 {
            limits.note("users", concurrency, true);
        }
        let soon = || Deadline::after(Duration::from_secs(1));
        let seat = limits.turn("users", soon()).await.unwrap();
        assert!(limits.turn("users", soon()).await.is_err());
        drop(seat);
        assert!(limits.turn("users", soon()).await.is_ok());
    }
}
