//! When something is tried again: waits that double, with jitter, and what the outside system asked for.

use std::time::Duration;

use quell_action::{ActionError, Failure};
use quell_alert::Timestamp;
use quell_playbook::model::Retry;

/// Where the jitter comes from: randomness in service, something repeatable in tests.
pub trait Jitter: Send + Sync {
    /// A number from 0 (included) to 1 (excluded).
    fn draw(&self) -> f64;
}

/// No jitter: every wait has its full length.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoJitter;

impl Jitter for NoJitter {
    fn draw(&self) -> f64 {
        0.0
    }
}

/// Whether a playbook wants an attempt made again after this.
pub(crate) fn is_wanted_after(retry: Retry, failure: &Failure) -> bool {
    match failure {
        Failure::Throttled { .. } => retry.on.throttled,
        Failure::Unavailable { .. } => retry.on.unavailable,
        Failure::Uncertain => retry.on.timeout,
        _ => false,
    }
}

/// When to try again after so many tries. Waits double up to the longest one; jitter takes away up to a quarter, so
/// that many that failed together do not come back together. What the outside system asked for is honoured, up to
/// `longest_asked`.
pub(crate) fn again_at(
    now: Timestamp,
    retry: Retry,
    tries: u32,
    error: &ActionError,
    longest_asked: Duration,
    jitter: &dyn Jitter,
) -> Timestamp {
    let doubled = retry.first_wait.saturating_mul(1_u32 << tries.saturating_sub(1).min(20));
    let wait = doubled.min(retry.max_wait).mul_f64(1.0 - jitter.draw().clamp(0.0, 1.0) / 4.0);
    let asked = match error.failure {
        Failure::Throttled { retry_after } | Failure::Unavailable { retry_after } => retry_after,
        _ => None,
    };
    later(now, wait.max(asked.unwrap_or_default().min(longest_asked)))
}

/// The moment so much later; the end of time where there is none.
pub(crate) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = chrono::Duration::from_std(wait).unwrap_or(chrono::Duration::MAX);
    now.checked_add_signed(wait).unwrap_or(Timestamp::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry {
        attempts: 9,
        first_wait: Duration::from_secs(1),
        max_wait: Duration::from_secs(30),
        on: quell_playbook::model::RetryOn::ALL,
    };

    struct Always(f64);
    impl Jitter for Always {
        fn draw(&self) -> f64 {
            self.0
        }
    }

    fn wait(tries: u32, error: &ActionError, jitter: &dyn Jitter) -> f64 {
        let now = Timestamp::UNIX_EPOCH;
        let at = again_at(now, RETRY, tries, error, Duration::from_secs(600), jitter);
        (at - now).as_seconds_f64()
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let error = ActionError::unavailable("away");
        let waits: Vec<f64> = (1..8).map(|tries| wait(tries, &error, &NoJitter)).collect();
        assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        assert_eq!(wait(u32::MAX, &error, &NoJitter), 30.0);
    }

    #[test]
    fn jitter_takes_away_a_quarter_at_most() {
        let error = ActionError::unavailable("away");
        assert_eq!(wait(3, &error, &Always(0.5)), 3.5);
        assert!(wait(3, &error, &Always(0.999)) >= 3.0);
    }

    #[test]
    fn what_was_asked_for_is_honoured_and_capped() {
        let asked = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            ActionError::new(Failure::Throttled { retry_after }, "slow down")
        };
        assert_eq!(wait(1, &asked(45), &NoJitter), 45.0);
        assert_eq!(
            wait(6, &asked(2), &NoJitter),
            30.0,
            "asking for less than our own wait does not hurry us"
        );
        assert_eq!(wait(1, &asked(86_400), &NoJitter), 600.0);
    }

    #[test]
    fn the_end_of_time_is_not_passed() {
        assert_eq!(later(Timestamp::MAX_UTC, Duration::MAX), Timestamp::MAX_UTC);
    }
}
