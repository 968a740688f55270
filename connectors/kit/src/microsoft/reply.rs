//! How Microsoft's interfaces say no: a status, and `{"error": {"code": …}}`.

use quell_action::{ActionError, Failure};
use serde_json::Value;

use crate::Answer;

/// Passes on an answer that says success.
///
/// # Errors
/// What its status means, with the interface's own code. The message of the interface is left out: it changes, and
/// repeats what it was sent.
pub fn success(answer: Answer) -> Result<Answer, ActionError> {
    match failure_of(&answer) {
        None => Ok(answer),
        Some(failure) => Err(refused(&answer, failure)),
    }
}

/// What an answer means; `None` for success. That there is no such thing is believed to the interface alone, in its own
/// words: a front door that has lost its way answers with the same status, and whoever takes that for "nobody" no longer
/// sees whom to leave alone.
pub fn failure_of(answer: &Answer) -> Option<Failure> {
    match answer.failure() {
        Some(Failure::NotFound) if code_of(answer).is_none() => Some(answer.call().lost()),
        failure => failure,
    }
}

/// An error of this kind, with the interface's own code.
pub fn refused(answer: &Answer, failure: Failure) -> ActionError {
    let mut error = answer.refusal(failure);
    if answer.status() == 404 && failure != Failure::NotFound {
        error.message.push_str("; that is not how the interface itself says that there is nothing");
    }
    if let Some(code) = code_of(answer) {
        error.message.push_str(&format!(" ({code})"));
        if let Some(vendor) = &mut error.vendor {
            vendor.code = Some(code);
        }
    }
    error
}

/// The interface's own code, where it gave one.
pub fn code_of(answer: &Answer) -> Option<String> {
    let said: Value = answer.json().ok()?;
    let code = match said.get("error") {
        Some(error) => error["code"].as_str()?,
        // Resource Manager leaves the outer object out at times.
        None => said.get("message").and(said["code"].as_str())?,
    };
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    Some(code.to_owned()).filter(|code| (1..=80).contains(&code.len()) && code.chars().all(fits))
}
