//! What an HTTP answer, or the lack of one, means for the engine.
//!
//! The one question that matters: can the outside system have acted? Where it can have, the failure is
//! [`Failure::Uncertain`], and the engine reads the target back before it does anything else.

use std::error::Error;
use std::time::Duration;

use chrono::DateTime;
use quell_action::{ActionError, Failure, VendorReply};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// What a call does over there, and so what it means when its answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// It only reads: a lost answer is no harm.
    Reads,
    /// It writes, and the other side recognises a repetition by its key: a lost answer is no harm.
    WritesKeyed,
    /// It writes: when the answer is lost, it may have happened.
    Writes,
}

impl Call {
    /// The failure of a call that was sent and whose answer is lost or cannot be read.
    pub fn lost(self) -> Failure {
        match self {
            Self::Reads | Self::WritesKeyed => Failure::Unavailable { retry_after: None },
            Self::Writes => Failure::Uncertain,
        }
    }
}

/// What a status means; `None` for success. Redirects are failures: they are never followed. One of them leads to what a
/// call has come to, and so does not say that nothing was done.
pub fn by_status(status: u16, headers: &HeaderMap, call: Call) -> Option<Failure> {
    let retry_after = retry_after(headers);
    Some(match status {
        200..=299 => return None,
        401 => Failure::Credentials,
        403 | 407 => Failure::Forbidden,
        404 => Failure::NotFound,
        303 if call == Call::Writes => Failure::Uncertain,
        // Some give up on themselves with it, in the middle of what they do.
        408 if call == Call::Writes => Failure::Uncertain,
        408 | 421 | 425 => Failure::Unavailable { retry_after },
        429 => Failure::Throttled { retry_after },
        // With a hint the front door turned the call away; without one it may have been lost further inside.
        503 if retry_after.is_some() => Failure::Unavailable { retry_after },
        501 | 505 => Failure::Rejected,
        500..=599 => call.lost(),
        _ => Failure::Rejected,
    })
}

/// How long the other side asks to wait: seconds, or a date, which is compared with the answer's own date so that no
/// clock of ours takes part.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(value).ok()?;
    let sent = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?.trim()).ok()?;
    Some((until - sent).to_std().unwrap_or(Duration::ZERO))
}

/// What it means that no whole answer came. Before anything was sent nothing can have happened; afterwards it can.
pub(crate) fn by_transport(error: reqwest::Error, host: &str, call: Call) -> ActionError {
    let why = root_cause(&error);
    if error.is_builder() {
        return ActionError::rejected(format!("the request to {host} is not fit to send: {why}"));
    }
    if error.is_connect() {
        return ActionError::unavailable(format!("{host} cannot be reached: {why}"));
    }
    ActionError::new(call.lost(), format!("{host} was sent the request and gave no whole answer: {why}"))
}

/// Says that an answer came whole and does not mean what it should.
pub(crate) fn unreadable(host: &str, status: u16, why: &str, call: Call) -> ActionError {
    ActionError::new(call.lost(), format!("{host} gave an answer that cannot be understood: {why}"))
        .with_vendor(VendorReply { status: Some(i64::from(status)), ..VendorReply::default() })
}

/// The last cause is the one that helps: "connection refused", "invalid peer certificate: UnknownIssuer". The outer
/// ones repeat the URL, which can hold a secret.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn every_status_has_one_meaning() {
        let none = HeaderMap::new();
        for (status, writes, reads) in [
            (200, None, None),
            (204, None, None),
            (301, Some(Failure::Rejected), Some(Failure::Rejected)),
            (400, Some(Failure::Rejected), Some(Failure::Rejected)),
            (401, Some(Failure::Credentials), Some(Failure::Credentials)),
            (403, Some(Failure::Forbidden), Some(Failure::Forbidden)),
            (404, Some(Failure::NotFound), Some(Failure::NotFound)),
            (409, Some(Failure::Rejected), Some(Failure::Rejected)),
            (
                429,
                Some(Failure::Throttled { retry_after: None }),
                Some(Failure::Throttled { retry_after: None }),
            ),
            (500, Some(Failure::Uncertain), Some(Failure::Unavailable { retry_after: None })),
            (503, Some(Failure::Uncertain), Some(Failure::Unavailable { retry_after: None })),
            (504, Some(Failure::Uncertain), Some(Failure::Unavailable { retry_after: None })),
        ] {
            assert_eq!(by_status(status, &none, Call::Writes), writes, "{status} to a write");
            assert_eq!(by_status(status, &none, Call::Reads), reads, "{status} to a read");
            assert_eq!(by_status(status, &none, Call::WritesKeyed), reads, "{status} to a keyed write");
        }
    }

    #[test]
    fn where_a_redirect_leads_and_who_ran_out_of_time_is_not_known() {
        let none = HeaderMap::new();
        let unavailable = Failure::Unavailable { retry_after: None };
        for (status, writes, reads, keyed) in [
            (302, Failure::Rejected, Failure::Rejected, Failure::Rejected),
            (303, Failure::Uncertain, Failure::Rejected, Failure::Rejected),
            (308, Failure::Rejected, Failure::Rejected, Failure::Rejected),
            (408, Failure::Uncertain, unavailable, unavailable),
            (421, unavailable, unavailable, unavailable),
            (425, unavailable, unavailable, unavailable),
        ] {
            assert_eq!(by_status(status, &none, Call::Writes), Some(writes), "{status} to a write");
            assert_eq!(by_status(status, &none, Call::Reads), Some(reads), "{status} to a read");
            assert_eq!(by_status(status, &none, Call::WritesKeyed), Some(keyed), "{status} to a keyed write");
        }
    }

    #[test]
    fn no_status_of_a_write_is_both_transient_and_possibly_done() {
        for status in 100..=599 {
            let failure = by_status(status, &HeaderMap::new(), Call::Writes);
            let may_have_happened = matches!(status, 303 | 408 | 500 | 502..=504 | 506..=599);
            assert_eq!(failure == Some(Failure::Uncertain), may_have_happened, "{status}");
        }
    }

    #[test]
    fn waiting_times_come_as_seconds_or_as_a_date() {
        let date = ("date", "Tue, 14 Nov 2023 22:13:20 GMT");
        for (pairs, seconds) in [
            (vec![("retry-after", "7")], Some(7)),
            (vec![("retry-after", " 0 ")], Some(0)),
            (vec![date, ("retry-after", "Tue, 14 Nov 2023 22:14:20 GMT")], Some(60)),
            (vec![date, ("retry-after", "Tue, 14 Nov 2023 22:13:00 GMT")], Some(0)),
            (vec![("retry-after", "Tue, 14 Nov 2023 22:14:20 GMT")], None),
            (vec![("retry-after", "-3")], None),
            (vec![("retry-after", "1.5")], None),
            (vec![("retry-after", "")], None),
            (vec![("retry-after", "18446744073709551615")], Some(u64::MAX)),
            (vec![("retry-after", "99999999999999999999999")], None),
            (vec![date, ("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")], Some(251_702_300_799)),
            (vec![("retry-after", "soon")], None),
            (vec![], None),
        ] {
            assert_eq!(retry_after(&headers(&pairs)), seconds.map(Duration::from_secs), "{pairs:?}");
        }
    }
}
