//! [`Breaker`]: stops calling a system that is down or wants to be left alone, so that it can get up again and our own
//! calls do not pile up.

use std::time::Duration;

use parking_lot::Mutex;
use quell_action::{ActionError, Failure};
use tokio::time::Instant;

/// So many failures in a row, and the system counts as down.
const PATIENCE: u32 = 5;
/// How long a system that is down is left alone before one call tries again.
const REST: Duration = Duration::from_secs(15);
/// However long it asks to wait, it is asked again after this.
const LONGEST: Duration = Duration::from_secs(300);

/// Holds calls back. One for each tenant and interface.
#[derive(Debug, Default)]
pub struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    held: Option<Held>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    until: Instant,
    throttled: bool,
}

impl Breaker {
    /// Lets a call pass, or refuses it; nothing was sent then. When the time is over one call passes to try, and the
    /// others are held until it has come back.
    ///
    /// # Errors
    /// [`Failure::Throttled`] or [`Failure::Unavailable`], with the time that is left.
    pub fn admit(&self) -> Result<(), ActionError> {
        let mut state = self.state.lock();
        let Some(held) = state.held else { return Ok(()) };
        let left = held.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            match held.throttled {
                true => state.held = None,
                false => state.held = Some(Held { until: Instant::now() + REST, throttled: false }),
            }
            return Ok(());
        }
        let retry_after = Some(Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0)));
        Err(match held.throttled {
            true => ActionError::new(
                Failure::Throttled { retry_after },
                "it has asked to be left alone, and its time is not over",
            ),
            false => ActionError::new(
                Failure::Unavailable { retry_after },
                "it has failed several times in a row and is left alone for a while",
            ),
        })
    }

    /// What a call came to.
    pub fn saw(&self, failure: Option<Failure>) {
        let mut state = self.state.lock();
        match failure {
            Some(Failure::Throttled { retry_after } | Failure::Unavailable { retry_after })
                if retry_after.is_some() =>
            {
                let wait = retry_after.unwrap_or(REST).min(LONGEST);
                let throttled = matches!(failure, Some(Failure::Throttled { .. }));
                state.held = Some(Held { until: Instant::now() + wait, throttled });
            }
            // What was too much for it says nothing about whether it is up.
            Some(Failure::Throttled { .. }) => {}
            Some(Failure::Unavailable { .. } | Failure::Uncertain) => {
                state.failures += 1;
                if state.failures >= PATIENCE {
                    state.held = Some(Held { until: Instant::now() + REST, throttled: false });
                }
            }
            _ => *state = State::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: Option<Failure> = Some(Failure::Unavailable { retry_after: None });

    #[tokio::test(start_paused = true)]
    async fn a_system_that_is_down_is_tried_by_one_call_at_a_time() {
        let breaker = Breaker::default();
        for _ in 1..PATIENCE {
            breaker.saw(DOWN);
            assert!(breaker.admit().is_ok());
        }
        breaker.saw(DOWN);
        let held = breaker.admit().unwrap_err();
        assert_eq!(held.failure, Failure::Unavailable { retry_after: Some(REST) });
        tokio::time::advance(REST).await;
        assert!(breaker.admit().is_ok(), "one tries");
        assert!(breaker.admit().is_err(), "the others wait for it");
        breaker.saw(None);
        assert!(breaker.admit().is_ok() && breaker.admit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_to_be_left_alone_is_obeyed_and_the_time_that_is_left_is_told() {
        let breaker = Breaker::default();
        let hint = Duration::from_secs(7);
        breaker.saw(Some(Failure::Throttled { retry_after: Some(hint) }));
        tokio::time::advance(Duration::from_millis(1)).await;
        let held = breaker.admit().unwrap_err();
        assert_eq!(held.failure, Failure::Throttled { retry_after: Some(hint) });
        tokio::time::advance(hint).await;
        assert!(breaker.admit().is_ok() && breaker.admit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_get_lost_count_and_a_wish_to_be_tried_later_is_obeyed() {
        let breaker = Breaker::default();
        for _ in 0..PATIENCE {
            assert!(breaker.admit().is_ok());
            breaker.saw(Some(Failure::Uncertain));
        }
        assert!(breaker.admit().is_err());
        let breaker = Breaker::default();
        let hint = Some(Duration::from_secs(7));
        breaker.saw(Some(Failure::Unavailable { retry_after: hint }));
        assert_eq!(breaker.admit().unwrap_err().failure, Failure::Unavailable { retry_after: hint });
    }

    /// That it was too much for it says neither that it is up nor that it is down.
    #[tokio::test(start_paused = true)]
    async fn a_refusal_for_too_much_without_a_time_changes_nothing() {
        let breaker = Breaker::default();
        for _ in 1..PATIENCE {
            breaker.saw(DOWN);
        }
        breaker.saw(Some(Failure::Throttled { retry_after: None }));
        assert!(breaker.admit().is_ok());
        breaker.saw(DOWN);
        assert!(breaker.admit().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_left_alone_for_ever() {
        let breaker = Breaker::default();
        breaker.saw(Some(Failure::Unavailable { retry_after: Some(Duration::from_secs(1_000_000)) }));
        tokio::time::advance(LONGEST).await;
        assert!(breaker.admit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_and_successes_show_that_it_is_up() {
        let breaker = Breaker::default();
        for _ in 0..20 {
            breaker.saw(DOWN);
            breaker.saw(Some(Failure::NotFound));
        }
        assert!(breaker.admit().is_ok());
    }
}
