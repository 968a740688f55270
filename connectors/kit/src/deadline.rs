//! [`Deadline`]: what is left of the time that a call may take, when it is made of several.

use std::time::Duration;

use tokio::time::Instant;

/// The moment by which a call must be over.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    pub fn after(time_limit: Duration) -> Self {
        Self(Instant::now() + time_limit)
    }

    /// What is left; nothing, when it is over.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}
