//! What Okta's refusals mean, and what its rules forbid.

use std::fmt::Write;

use quell_action::{ActionError, Failure};
use quell_kit::lenient::or_nothing;
use quell_kit::{Answer, Redactor};
use serde::Deserialize;

use crate::limits::Told;
use crate::users::Status;

/// More of what Okta says would fill the record.
const LONGEST_REASON: usize = 200;

/// `E0000001` is shorter, and so is every other code.
const LONGEST_CODE: usize = 16;
/// `sampleiCF-8D5rLW6myqiPItW` is shorter, and so is every other number to ask about.
const LONGEST_ID: usize = 40;

/// Why the rules of a user's life forbid a change. Nothing was sent, or Okta has refused it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPossible {
    /// The status is none from which the change is possible.
    #[error(
        "{who} is {status} and cannot be {change}: Okta allows that only from {}{}",
        listed(allowed),
        followed_by(*advice)
    )]
    Status {
        /// Whom it concerns.
        who: String,
        /// Where in life the user is.
        status: Status,
        /// What was to be done: `suspended`.
        change: &'static str,
        /// From where it would be possible.
        allowed: Vec<Status>,
        /// What else could be done.
        advice: Option<&'static str>,
    },
    /// The members of this kind of group are not managed in Okta.
    #[error(
        "the members of {group} are not managed in Okta: it is {kind}, and only an OKTA_GROUP can be changed"
    )]
    Group {
        /// Which group.
        group: String,
        /// Of what kind it is.
        kind: String,
    },
    /// The credential would cut itself off.
    #[error("{who} is the owner of the API token with which Quell calls Okta: it is never cut off by itself")]
    Itself {
        /// Whose token it is.
        who: String,
    },
}

impl From<NotPossible> for ActionError {
    fn from(error: NotPossible) -> Self {
        let failure = match &error {
            NotPossible::Status { .. } | NotPossible::Group { .. } => Failure::Rejected,
            NotPossible::Itself { .. } => Failure::Forbidden,
        };
        Self::new(failure, error.to_string())
    }
}

/// What Okta writes into a refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Refusal {
    error_code: Option<String>,
    error_id: Option<String>,
    #[serde(deserialize_with = "or_nothing")]
    error_causes: Vec<Cause>,
}

impl Refusal {
    /// Reads it. What should be a code, or a number to ask about, and is none, is left out: whoever stands between Okta
    /// and us may repeat there what was sent.
    fn read(answer: &Answer) -> Option<Self> {
        let mut read: Self = answer.json().ok()?;
        let is_code = |text: &String, longest: usize| {
            let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
            (1..=longest).contains(&text.len()) && text.chars().all(fits)
        };
        read.error_code = read.error_code.filter(|code| is_code(code, LONGEST_CODE));
        read.error_id = read.error_id.filter(|id| is_code(id, LONGEST_ID));
        Some(read)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Cause {
    #[serde(deserialize_with = "or_nothing")]
    error_summary: String,
}

/// The answer, when it says success.
///
/// # Errors
/// What any other answer means. Only Okta's code is relied on; its words may change.
pub(crate) fn success(answer: Answer, redactor: &Redactor) -> Result<Answer, ActionError> {
    let Some(by_status) = answer.failure() else { return Ok(answer) };
    let refusal = Refusal::read(&answer).unwrap_or_default();
    let failure = match (answer.status(), &refusal.error_code) {
        // A front door that has lost its way says the same: whoever takes that for "nobody" no longer sees whom to leave
        // alone. Okta gives its code.
        (404, None) => answer.call().lost(),
        (status, code) => meaning(status, code.as_deref(), by_status, Told::by(answer.headers())),
    };
    let mut error = answer.refusal(failure);
    if let Some(code) = &refusal.error_code {
        let _ = write!(error.message, " ({code})");
    }
    for cause in refusal.error_causes.iter().filter(|cause| !cause.error_summary.is_empty()).take(2) {
        let reason: String = redactor.redact(&cause.error_summary).chars().take(LONGEST_REASON).collect();
        let _ = write!(error.message, "; it says: {reason}");
    }
    if let Some(vendor) = &mut error.vendor {
        vendor.code = refusal.error_code;
        vendor.request_id = refusal.error_id.or(vendor.request_id.take());
    }
    Err(error)
}

/// Okta's code in a refusal.
pub(crate) fn code(answer: &Answer) -> Option<String> {
    Refusal::read(answer)?.error_code
}

/// Whether a refusal says that the user is not in a status that allows it.
pub(crate) fn is_about_status(error: &ActionError) -> bool {
    let code = error.vendor.as_ref().and_then(|vendor| vendor.code.as_deref());
    let codes = ["E0000001", "E0000016", "E0000017", "E0000032", "E0000038", "E0000107"];
    code.is_some_and(|code| codes.contains(&code))
}

fn meaning(status: u16, code: Option<&str>, by_status: Failure, told: Told) -> Failure {
    match (status, code.unwrap_or_default()) {
        (429, _) => match by_status {
            Failure::Throttled { retry_after: None } => Failure::Throttled { retry_after: told.wait() },
            known => known,
        },
        // The organisation has not bought what was asked for.
        (401, "E0000015") => Failure::Forbidden,
        (403, "E0000016" | "E0000017" | "E0000032" | "E0000038" | "E0000107") => Failure::Rejected,
        (410, "E0000156") => Failure::NotFound,
        // Okta is still at the user's activation, or takes no changes for a while: nothing happened.
        (409, "E0000112") | (503, "E0000010") => Failure::Unavailable { retry_after: None },
        _ => by_status,
    }
}

fn listed(statuses: &[Status]) -> String {
    statuses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn followed_by(advice: Option<&str>) -> String {
    advice.map_or_else(String::new, |advice| format!("; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_more_than_statuses() {
        let unavailable = Failure::Unavailable { retry_after: None };
        for (status, code, by_status, expected) in [
            (401, "E0000011", Failure::Credentials, Failure::Credentials),
            (401, "E0000015", Failure::Credentials, Failure::Forbidden),
            (403, "E0000006", Failure::Forbidden, Failure::Forbidden),
            (403, "E0000038", Failure::Forbidden, Failure::Rejected),
            (403, "E0000016", Failure::Forbidden, Failure::Rejected),
            (404, "E0000007", Failure::NotFound, Failure::NotFound),
            (410, "E0000156", Failure::Rejected, Failure::NotFound),
            (409, "E0000112", Failure::Rejected, unavailable),
            (503, "E0000010", Failure::Uncertain, unavailable),
            (502, "E0000240", Failure::Uncertain, Failure::Uncertain),
            (400, "E0000001", Failure::Rejected, Failure::Rejected),
        ] {
            assert_eq!(meaning(status, Some(code), by_status, Told::default()), expected, "{status} {code}");
        }
    }

    #[test]
    fn a_refusal_by_status_names_all_that_matters() {
        let refused = NotPossible::Status {
            who: "alice@corp.example".into(),
            status: Status::LockedOut,
            change: "suspended",
            allowed: vec![Status::Active],
            advice: Some("unlock the user first"),
        };
        assert_eq!(
            ActionError::from(refused).message,
            "alice@corp.example is LOCKED_OUT and cannot be suspended: Okta allows that only from ACTIVE; unlock the \
             user first"
        );
    }
}
