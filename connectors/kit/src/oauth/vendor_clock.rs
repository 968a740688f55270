//! [`VendorClock`]: what time it is over there. What we sign is judged by the other side's clock, and ours may be wrong.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap};

use crate::now;

/// What is signed is dated back so far: a second of difference must not put it into the future.
const DATED_BACK: i64 = 5;
/// Less than this never is the reason for a refusal.
const MATTERS: i64 = 30;

/// Our clock, with what was learnt of the other side's.
#[derive(Debug, Default)]
pub(super) struct VendorClock {
    ahead: AtomicI64,
}

impl VendorClock {
    /// The time to write under what is signed.
    pub(super) fn stamp(&self) -> i64 {
        now().timestamp() + self.ahead.load(Ordering::SeqCst) - DATED_BACK
    }

    /// After a refusal that can be about the time: sets itself by the date of the answer. Says whether that made a
    /// difference, so that signing anew can help.
    pub(super) fn correct(&self, headers: &HeaderMap) -> bool {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let Some(date) = date.and_then(|date| DateTime::parse_from_rfc2822(date.trim()).ok()) else {
            return false;
        };
        let ahead = date.timestamp() - now().timestamp();
        let matters = (ahead - self.ahead.load(Ordering::SeqCst)).abs() >= MATTERS;
        if matters {
            tracing::warn!(
                seconds = ahead,
                "this computer's clock differs from that of the system it signs in to"
            );
            self.ahead.store(ahead, Ordering::SeqCst);
        }
        matters
    }
}
