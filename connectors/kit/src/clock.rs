//! [`now`]: when something was read or sent.

use quell_alert::Timestamp;

/// The time at which an outside system is asked or told something. Connectors stamp with it what they read and what
/// they send, and decide nothing by it.
#[expect(
    clippy::disallowed_methods,
    reason = "outside systems are asked in real time; this is the one place for it"
)]
pub fn now() -> Timestamp {
    chrono::Utc::now()
}
