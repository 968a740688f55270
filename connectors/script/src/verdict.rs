//! What the end of a program means.
//!
//! A program that ends with 0 has done what it was asked. One that ends with another code has not, and may say which
//! kind of failure it was: `{"error": "throttled", "retry_after_secs": 7, "message": "…"}`. One that was ended, or that
//! ended well and cannot be understood, may have done it.

use std::time::Duration;

use quell_action::{ActionError, Failure};
use quell_kit::Redactor;
use serde_json::{Map, Value};

use crate::process::{Ended, How, Said};

/// Try again later, in the convention of mail programs.
const TRY_LATER: i32 = 75;
/// It was not allowed to.
const NOT_ALLOWED: i32 = 77;
/// More of what a program says would fill the record.
const LONGEST_MESSAGE: usize = 300;

/// What a program that ended well said: its document, and nothing where it said nothing.
///
/// # Errors
/// What its end means.
pub(crate) fn document(
    name: &str,
    ended: &Ended,
    redactor: &Redactor,
) -> Result<Map<String, Value>, ActionError> {
    let said = object(&ended.output);
    match ended.how {
        How::Code(0) => match said {
            Some(said) if said.get("outcome").is_some_and(|outcome| outcome == "unknown") => {
                Err(ActionError::uncertain(format!("{name} says that it does not know whether it happened")))
            }
            Some(said) => Ok(said),
            None if is_blank(&ended.output) => Ok(Map::new()),
            None => Err(ActionError::uncertain(format!(
                "{name} ended well, and its output is no JSON object (the whole of it, or its last line)"
            ))),
        },
        How::Code(code) => Err(failed(name, code, said.as_ref(), ended, redactor)),
        How::Signal(signal) => Err(ActionError::uncertain(format!(
            "{name} was ended by signal {signal}{}; it may have happened",
            match signal {
                9 | 24 | 25 => ": it may have reached one of its limits",
                _ => "",
            }
        ))),
        How::TimedOut => {
            Err(ActionError::uncertain(format!("{name} took too long and was ended; it may have happened")))
        }
    }
}

fn failed(
    name: &str,
    code: i32,
    said: Option<&Map<String, Value>>,
    ended: &Ended,
    redactor: &Redactor,
) -> ActionError {
    let failure = said.and_then(named).unwrap_or(match code {
        TRY_LATER => Failure::Unavailable { retry_after: None },
        NOT_ALLOWED => Failure::Forbidden,
        _ => Failure::Rejected,
    });
    let message = said.and_then(|said| said.get("message")).and_then(Value::as_str).map(str::to_owned);
    let message = message.unwrap_or_else(|| last_line(&ended.log));
    let message: String = redactor.redact(&message).chars().take(LONGEST_MESSAGE).collect();
    let colon = if message.is_empty() { "" } else { ": " };
    ActionError::new(failure, format!("{name} ended with code {code}{colon}{message}"))
}

/// The kind of failure that a program names, in the words of the playbook language.
fn named(said: &Map<String, Value>) -> Option<Failure> {
    let retry_after = said.get("retry_after_secs").and_then(Value::as_u64).map(Duration::from_secs);
    Some(match said.get("error")?.as_str()? {
        "not_found" => Failure::NotFound,
        "ambiguous" => Failure::Ambiguous,
        "forbidden" => Failure::Forbidden,
        "credentials" => Failure::Credentials,
        "throttled" => Failure::Throttled { retry_after },
        "unavailable" => Failure::Unavailable { retry_after },
        "uncertain" => Failure::Uncertain,
        _ => Failure::Rejected,
    })
}

/// The whole output, or its last line that is not blank, where either is a JSON object.
fn object(said: &Said) -> Option<Map<String, Value>> {
    if said.cut {
        return None;
    }
    let text = std::str::from_utf8(&said.bytes).ok()?;
    let last = text.lines().rev().find(|line| !line.trim().is_empty())?;
    serde_json::from_str(text).or_else(|_| serde_json::from_str(last)).ok()
}

fn is_blank(said: &Said) -> bool {
    !said.cut && said.bytes.iter().all(u8::is_ascii_whitespace)
}

fn last_line(said: &Said) -> String {
    let text = String::from_utf8_lossy(&said.bytes);
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(how: How, output: &str, log: &str) -> Result<Map<String, Value>, Failure> {
        let said = |text: &str| Said { bytes: text.as_bytes().to_vec(), cut: text.ends_with("…") };
        let ended = Ended { how, output: said(output), log: said(log) };
        document("x", &ended, &Redactor::default()).map_err(|error| error.failure)
    }

    #[test]
    fn the_end_of_a_program_has_one_meaning() {
        let throttled = Failure::Throttled { retry_after: Some(Duration::from_secs(7)) };
        let unavailable = Failure::Unavailable { retry_after: None };
        for (how, output, failure) in [
            (How::Code(0), "{\"a\":1}", None),
            (How::Code(0), "working…\n{\"a\":1}\n\n", Some(Failure::Uncertain)),
            (How::Code(0), "working\n{\"a\":1}\n\n", None),
            (How::Code(0), " \n", None),
            (How::Code(0), "…", Some(Failure::Uncertain)),
            (How::Code(0), "done", Some(Failure::Uncertain)),
            (How::Code(0), "[1]", Some(Failure::Uncertain)),
            (How::Code(0), "{\"outcome\":\"unknown\"}", Some(Failure::Uncertain)),
            (How::Code(1), "", Some(Failure::Rejected)),
            (How::Code(75), "", Some(unavailable)),
            (How::Code(77), "", Some(Failure::Forbidden)),
            (How::Code(78), "", Some(Failure::Rejected)),
            (How::Code(1), "{\"error\":\"throttled\",\"retry_after_secs\":7}", Some(throttled)),
            (How::Code(75), "{\"error\":\"uncertain\"}", Some(Failure::Uncertain)),
            (How::Code(1), "{\"error\":\"of a new kind\"}", Some(Failure::Rejected)),
            (How::Signal(9), "{\"a\":1}", Some(Failure::Uncertain)),
            (How::TimedOut, "{\"a\":1}", Some(Failure::Uncertain)),
        ] {
            let cut = output.contains('…');
            let output = if cut { "{\"a\":1}…" } else { output };
            assert_eq!(verdict(how, output, "").err(), failure, "{how:?} {output}");
        }
    }

    /// What was thrown away may have been the answer.
    #[test]
    fn an_output_that_begins_blank_and_was_cut_is_not_nothing() {
        let output = Said { bytes: b"   \n".to_vec(), cut: true };
        let ended = Ended { how: How::Code(0), output, log: Said::default() };
        let error = document("x", &ended, &Redactor::default()).unwrap_err();
        assert_eq!(error.failure, Failure::Uncertain);
    }
}
