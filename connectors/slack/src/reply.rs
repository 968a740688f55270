//! What Slack's answers mean. Its interface answers 200 to everything; what counts is the word inside.

use quell_action::{ActionError, Failure};
use quell_kit::{Answer, retry_after};
use serde::Deserialize;

/// What the interface answers.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
    /// The channel that was written to.
    #[serde(default)]
    pub(crate) channel: Option<String>,
    /// The message's number there.
    #[serde(default)]
    pub(crate) ts: Option<String>,
    /// The team, of the question who we are.
    #[serde(default)]
    pub(crate) team: Option<String>,
    /// The user, likewise.
    #[serde(default)]
    pub(crate) user: Option<String>,
}

/// What the interface told, where it says that it was done.
///
/// # Errors
/// What its word means.
pub(crate) fn of_interface(answer: Answer) -> Result<Told, ActionError> {
    let answer = answer.success()?;
    let told: Told = answer.json()?;
    if told.ok {
        return Ok(told);
    }
    let word = told.error.as_deref().unwrap_or("unknown");
    let word: String =
        word.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').take(60).collect();
    let failure = meaning(&word, &answer);
    let mut error = ActionError::new(failure, format!("Slack refused: {word}{}", advice(&word)));
    error.vendor = answer.refusal(failure).vendor.map(|mut vendor| {
        vendor.code = Some(word);
        vendor
    });
    Err(error)
}

/// What a webhook's answer means: it says `ok`, or a word with a status.
///
/// # Errors
/// When it was not taken.
pub(crate) fn of_webhook(answer: Answer) -> Result<(), ActionError> {
    let answer = answer.success()?;
    match answer.body().trim_ascii() == b"ok" {
        true => Ok(()),
        false => Err(answer.unreadable("a webhook of Slack says ok")),
    }
}

fn meaning(word: &str, answer: &Answer) -> Failure {
    match word {
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" => {
            Failure::Credentials
        }
        "missing_scope"
        | "not_in_channel"
        | "restricted_action"
        | "no_permission"
        | "ekm_access_denied"
        | "not_allowed_token_type"
        | "access_denied" => Failure::Forbidden,
        "channel_not_found" => Failure::NotFound,
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            Failure::Throttled { retry_after: retry_after(answer.headers()) }
        }
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => Failure::Uncertain,
        _ => Failure::Rejected,
    }
}

fn advice(word: &str) -> &'static str {
    match word {
        "not_in_channel" => ": invite the app to the channel, or give it chat:write.public",
        "missing_scope" => ": the app needs chat:write",
        "channel_not_found" => ": the channel's id is wrong, or it is private and the app is not in it",
        _ => "",
    }
}
