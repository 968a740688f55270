//! [`Settings`]: how patient the engine is, and how much it does side by side.

use std::time::Duration;

use quell_playbook::model::{Retry, RetryOn};

use crate::SiteLimits;

/// How patient the engine is, and how much it does side by side. The defaults are those of a site that says nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How long it waits for somebody about whom too little is known (a directory is away) before it gives up and
    /// leaves them alone.
    pub patience: Duration,
    /// The waits between tries to read or to settle something, which go on for as long as it takes.
    pub look_again: Retry,
    /// How long one look into a directory or at a target may take.
    pub look_time_limit: Duration,
    /// How long a change that was accepted may take to be seen.
    pub verify_within: Duration,
    /// The longest wait that an outside system can ask for.
    pub longest_asked: Duration,
    /// Calls and looks under way at once, over all runs.
    pub calls_at_once: usize,
    /// Whether a user principal name that is found in one directory may be taken for the same person in another.
    pub link_by_upn: bool,
    /// How long what a directory said may be used again to find out what a step is about; zero: it is asked anew each time.
    /// Whoever is cleared is asked about anew in any case.
    pub remember_for: Duration,
    /// How many may be touched, over all playbooks.
    pub limits: SiteLimits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // Less than the day that a run may take: what is recorded then is the reason, not only the lateness.
            patience: Duration::from_secs(20 * 60 * 60),
            look_again: Retry {
                attempts: u32::MAX,
                first_wait: Duration::from_secs(1),
                max_wait: Duration::from_secs(5 * 60),
                on: RetryOn::ALL,
            },
            look_time_limit: Duration::from_secs(30),
            verify_within: Duration::from_secs(15),
            longest_asked: Duration::from_secs(60 * 60),
            calls_at_once: 64,
            link_by_upn: false,
            remember_for: Duration::ZERO,
            limits: SiteLimits::default(),
        }
    }
}
