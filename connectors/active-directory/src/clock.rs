//! When something was read. The one place of this connector that looks at the clock.

use quell_alert::Timestamp;

/// Facts carry the time at which they were read, so that the exclusion list can refuse stale ones.
#[expect(
    clippy::disallowed_methods,
    reason = "a directory is asked in real time; what it says is stamped where it is received"
)]
pub(crate) fn now() -> Timestamp {
    chrono::Utc::now()
}
