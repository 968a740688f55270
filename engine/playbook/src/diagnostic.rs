//! [`Diagnostic`]: one thing that is wrong with a playbook, where, and how to mend it.

use serde::Serialize;

use crate::codes::Code;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Which kind of mistake: stable, with a page of its own.
    pub code: Code,
    /// Whether the playbook can run all the same.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where.
    pub place: Place,
    /// The words that stand there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What could stand there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The nearest right name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Other places that have to do with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

/// Whether a playbook with this mistake can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It can; a person should look.
    Warning,
    /// It cannot.
    Error,
}

/// Where something stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file, as it was named to the loader.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

/// Another place that has to do with a mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What it has to do with it.
    pub message: String,
}

impl Diagnostic {
    /// An error at this place.
    pub fn error(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            place,
            found: None,
            expected: None,
            nearest: None,
            help: None,
            related: Vec::new(),
        }
    }

    /// A warning at this place.
    pub fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, place, message) }
    }

    /// With the words that stand there.
    #[must_use]
    pub fn found(mut self, words: impl Into<String>) -> Self {
        self.found = Some(words.into());
        self
    }

    /// With what could stand there.
    #[must_use]
    pub fn expected(mut self, words: impl Into<String>) -> Self {
        self.expected = Some(words.into());
        self
    }

    /// With the nearest right name, where there is one.
    #[must_use]
    pub fn nearest(mut self, name: Option<impl Into<String>>) -> Self {
        self.nearest = name.map(Into::into);
        self
    }

    /// With how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With another place that has to do with it.
    #[must_use]
    pub fn related(mut self, place: Place, message: impl Into<String>) -> Self {
        self.related.push(Related { place, message: message.into() });
        self
    }

    /// Whether the playbook cannot run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl Place {
    /// The place of these bytes in this text.
    pub fn of(file: &str, text: &str, start: usize, end: usize) -> Self {
        let start = floor(text, start);
        let end = floor(text, end.max(start));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            start,
            end,
        }
    }

    /// The beginning of a file.
    pub fn top(file: &str) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, start: 0, end: 0 }
    }
}

/// The nearest position at or before this one that lies between two characters.
fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
