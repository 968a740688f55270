//! How Microsoft's interfaces say no: a status, and `{"error": {"code": …}}`.

use quell_action::{ActionError, Failure};
use serde::Deserialize;

use crate::Answer;

/// Passes on an answer that says success.
///
/// # Errors
/// What its status means, with the interface's own code. The message of the interface is left out: it changes, and
/// repeats what it was sent.
pub fn success(answer: Answer) -> Result<Answer, ActionError> {
    match answer.failure() {
        None => Ok(answer),
        Some(failure) => Err(refused(&answer, failure)),
    }
}

/// An error of this kind, with the interface's own code.
pub fn refused(answer: &Answer, failure: Failure) -> ActionError {
    let mut error = answer.refusal(failure);
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
    let Envelope { error } = answer.json().ok()?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    Some(error.code).filter(|code| (1..=80).contains(&code.len()) && code.chars().all(fits))
}

#[derive(Deserialize)]
struct Envelope {
    error: Inner,
}

#[derive(Deserialize)]
struct Inner {
    code: String,
}
