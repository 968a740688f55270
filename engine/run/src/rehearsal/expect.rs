//! What a test expects, in the words in which people write it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use quell_playbook::duration;
use serde::Deserialize;
use serde_json::Value;

use super::wanted::{QuestionWanted, Wanted};

/// What a test expects of a run. What is left out is not looked at, apart from disruptive actions: where `actions` is
/// left out, there must be none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expect {
    /// Whether the alert starts the playbook; it does where this is left out.
    pub(super) matched: Option<bool>,
    /// What is done, and taken back, in order.
    pub(super) actions: Option<Actions>,
    /// What a playbook that observes would do.
    pub(super) would: Option<Actions>,
    /// The calls and steps that fail.
    pub(super) failed: Option<Vec<String>>,
    /// Who and what is left alone.
    pub(super) skipped: Option<Vec<SkipExpected>>,
    /// The questions that are asked: their names, or words of theirs.
    asks: Option<Vec<Value>>,
    /// What is kept for the alert, by name.
    pub(super) kept: Option<BTreeMap<String, String>>,
    /// What the run gives back to whoever called it, by name.
    pub(super) outputs: Option<BTreeMap<String, Value>>,
    /// How the run ends: `contained`.
    pub(super) outcome: Option<String>,
    /// How long the run takes: `8h`.
    ends_after: Option<String>,
}

/// What is done: lines, or the word `none` or `any`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Actions {
    /// `none`, or `any`: a test that is about something else.
    Word(String),
    /// One after another.
    Lines(Vec<Value>),
}

/// Somebody or something that is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SkipExpected {
    /// Who: a person or a device, whichever word the author finds clearer.
    #[serde(alias = "account", alias = "device")]
    pub(super) who: String,
    /// The step, where only a step is left out.
    #[serde(default)]
    pub(super) step: Option<String>,
    /// Why, in one word.
    pub(super) because: String,
    /// Words of the reason.
    #[serde(default)]
    pub(super) says: Option<String>,
}

impl Expect {
    /// That the alert starts nothing.
    pub(super) fn not_matched() -> Self {
        Self { matched: Some(false), ..Self::default() }
    }

    /// The questions that are asked.
    pub(super) fn questions(&self) -> Result<Option<Vec<QuestionWanted>>, String> {
        self.asks.as_ref().map(|asks| asks.iter().map(QuestionWanted::read).collect()).transpose()
    }

    /// How long the run takes.
    pub(super) fn length(&self) -> Result<Option<Duration>, String> {
        let read = |text: &String| {
            duration::read(text).map_err(|why| format!("`ends_after` {why}: write 30s or 8h"))
        };
        self.ends_after.as_ref().map(read).transpose()
    }
}

impl Actions {
    /// What is expected; `None` where anything is.
    pub(super) fn lines(&self) -> Result<Option<Vec<Wanted>>, String> {
        match self {
            Self::Word(word) if word == "none" => Ok(Some(Vec::new())),
            Self::Word(word) if word == "any" => Ok(None),
            Self::Word(word) => Err(format!("{word:?} is neither a list nor `none` or `any`")),
            Self::Lines(lines) => lines.iter().map(Wanted::read).collect::<Result<_, _>>().map(Some),
        }
    }
}

/// An action, as a test writes it: `undo account.disable of alice at okta`. What is left out is any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) undo: bool,
    pub(super) action: String,
    pub(super) of: Option<String>,
    pub(super) at: Option<String>,
}

impl Deed {
    pub(super) fn read(line: &str) -> Result<Self, String> {
        let (undo, rest) = match line.trim().strip_prefix("undo ") {
            Some(rest) => (true, rest),
            None => (false, line.trim()),
        };
        let (rest, at) = match rest.rsplit_once(" at ") {
            Some((rest, at)) => (rest, Some(at.trim().to_owned())),
            None => (rest, None),
        };
        let (action, of) = match rest.split_once(" of ") {
            Some((action, of)) => (action, Some(of.trim().to_owned())),
            None => (rest, None),
        };
        if ["", "undo"].contains(&action) || action.contains(' ') {
            return Err(format!("{line:?} is no action: write `account.disable of alice at okta`"));
        }
        Ok(Self { undo, action: action.to_owned(), of, at })
    }

    /// Whether this, as it was expected, is what happened.
    pub(super) fn fits(&self, happened: &Self) -> bool {
        let provider = |wanted: &String| happened.at.as_ref() == Some(wanted);
        self.undo == happened.undo
            && self.action == happened.action
            && self.of.as_ref().is_none_or(|of| is_called(happened.of.as_deref().unwrap_or_default(), of))
            && self.at.as_ref().is_none_or(provider)
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.undo {
            f.write_str("undo ")?;
        }
        f.write_str(&self.action)?;
        if let Some(of) = self.of.as_ref().filter(|of| !of.is_empty()) {
            write!(f, " of {of}")?;
        }
        self.at.as_ref().map_or(Ok(()), |at| write!(f, " at {at}"))
    }
}

/// Whether somebody who is shown so is called so: by the whole name, or by its own part of `DOMAIN\name`, `name@domain`
/// or `host.domain`.
pub(super) fn is_called(shown: &str, name: &str) -> bool {
    let own = shown.rsplit('\\').next().unwrap_or(shown);
    let own = own.split('@').next().unwrap_or(own);
    let host = own.split('.').next().unwrap_or(own);
    [shown, own, host].iter().any(|part| part.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_and_written_alike() {
        for line in ["account.disable", "account.disable of alice", "undo device.isolate of wks-1 at mde"] {
            assert_eq!(Deed::read(line).unwrap().to_string(), line);
        }
        for line in ["", "undo ", "disable alice", "of alice"] {
            assert!(Deed::read(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn people_are_known_by_their_own_part() {
        for (shown, name) in
            [("CORP\\alice", "alice"), ("alice@a.example", "Alice"), ("wks-1.a.example", "wks-1")]
        {
            assert!(is_called(shown, name) && is_called(shown, shown), "{shown}");
            assert!(!is_called(shown, "bob") && !is_called(shown, "alic"), "{shown}");
        }
    }
}
