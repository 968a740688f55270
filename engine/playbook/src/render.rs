//! Diagnostics as people read them, as JSON, and as SARIF for build servers.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Place, Severity};
pub use crate::parse::is_forbidden;

/// How text is coloured: what is written before and after each part. The terminal is the app's business.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// Before the word `error`.
    pub error: &'static str,
    /// Before the word `warning`.
    pub warning: &'static str,
    /// Before line numbers and bars.
    pub frame: &'static str,
    /// Before what is important.
    pub bold: &'static str,
    /// After each of them.
    pub reset: &'static str,
}

impl Style {
    /// No colours.
    pub const PLAIN: Self = Self { error: "", warning: "", frame: "", bold: "", reset: "" };
    /// The colours of a terminal.
    pub const COLOURED: Self = Self {
        error: "\x1b[1;31m",
        warning: "\x1b[1;33m",
        frame: "\x1b[34m",
        bold: "\x1b[1m",
        reset: "\x1b[0m",
    };
}

/// Longer lines are cut around the place.
const WIDEST: usize = 160;

/// All of them, one after another, with the source line underlined. `sources` holds the text of each file.
pub fn text(diagnostics: &[Diagnostic], sources: &BTreeMap<String, String>, style: Style) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let source = |place: &Place| sources.get(&place.file).map(String::as_str);
        one(&mut out, diagnostic, &source, style);
        out.push('\n');
    }
    out
}

/// What `count` lines at the end say: `2 errors, 1 warning`.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let count = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    };
    match (errors, warnings) {
        (0, 0) => "no mistakes".to_owned(),
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

/// All of them as JSON, for programs.
pub fn json(diagnostics: &[Diagnostic]) -> Value {
    json!({ "diagnostics": diagnostics })
}

/// All of them as SARIF 2.1.0, for build servers.
pub fn sarif(diagnostics: &[Diagnostic]) -> Value {
    let location = |place: &Place| {
        json!({
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&place.file) },
                "region": {
                    "startLine": place.line,
                    "startColumn": place.column,
                    "byteOffset": place.start,
                    "byteLength": place.end - place.start,
                },
            },
        })
    };
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| {
            json!({
                "ruleId": diagnostic.code,
                "level": word(diagnostic.severity),
                "message": { "text": notes(diagnostic).into_iter().fold(diagnostic.message.clone(), |text, (what, note)| format!("{text}\n{what}: {note}")) },
                "locations": [location(&diagnostic.place)],
                "relatedLocations": diagnostic.related.iter().map(|related| {
                    let mut found = location(&related.place);
                    found["message"] = json!({ "text": related.message });
                    found
                }).collect::<Vec<_>>(),
            })
        })
        .collect();
    let rules: Vec<Value> = crate::codes::ALL
        .iter()
        .filter(|code| diagnostics.iter().any(|diagnostic| diagnostic.code == **code))
        .map(|code| json!({ "id": code, "help": { "text": code.page, "markdown": code.page } }))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "quell", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn one<'s>(
    out: &mut String,
    diagnostic: &Diagnostic,
    source: &dyn Fn(&Place) -> Option<&'s str>,
    style: Style,
) {
    let Style { frame, bold, reset, .. } = style;
    let colour = match diagnostic.severity {
        Severity::Error => style.error,
        Severity::Warning => style.warning,
    };
    let places =
        std::iter::once(&diagnostic.place).chain(diagnostic.related.iter().map(|related| &related.place));
    let width = places.map(|place| place.line.to_string().len()).max().unwrap_or(1);
    // Writing to a text cannot fail.
    let _ = writeln!(
        out,
        "{colour}{}[{}]{reset}{bold}: {}{reset}",
        word(diagnostic.severity),
        diagnostic.code,
        visible(&diagnostic.message)
    );
    let _ = writeln!(out, "{:width$}{frame}-->{reset} {}", "", named(&diagnostic.place));
    snippet(out, &diagnostic.place, source(&diagnostic.place), width, colour, style);
    for (what, note) in notes(diagnostic) {
        let _ = writeln!(out, "{:width$} {frame}={reset} {bold}{what}{reset}: {}", "", visible(&note));
    }
    for related in &diagnostic.related {
        let _ =
            writeln!(out, "{:width$}{frame}:::{reset} {}: {}", "", named(&related.place), related.message);
        snippet(out, &related.place, source(&related.place), width, frame, style);
    }
}

fn snippet(out: &mut String, place: &Place, source: Option<&str>, width: usize, colour: &str, style: Style) {
    let Style { frame, reset, .. } = style;
    let Some(line) = source.and_then(|source| source.lines().nth(place.line - 1)) else { return };
    let (shown, column) = cut(&visible(line), place.column);
    let length = underlined(source.unwrap_or_default(), place)
        .min(shown.chars().count().saturating_sub(column - 1))
        .max(1);
    // Tabs keep their width in the line of marks.
    let lead: String = shown.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let _ = writeln!(out, "{:width$} {frame}|{reset}", "");
    let _ = writeln!(out, "{frame}{:width$} |{reset} {shown}", place.line);
    let _ = writeln!(out, "{:width$} {frame}|{reset} {lead}{colour}{}{reset}", "", "^".repeat(length));
}

/// Text in which nothing can steer a terminal or turn what stands around it.
fn visible(text: &str) -> String {
    text.chars().map(|c| if is_forbidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The part of a long line around a column, and the column in it.
fn cut(line: &str, column: usize) -> (String, usize) {
    let length = line.chars().count();
    if length <= WIDEST {
        return (line.to_owned(), column);
    }
    let from = (column - 1).saturating_sub(WIDEST / 2);
    let part: String = line.chars().skip(from).take(WIDEST).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if from + WIDEST < length { "…" } else { "" };
    (format!("{before}{part}{after}"), column - from + before.chars().count())
}

/// How many characters of the place are on its first line.
fn underlined(source: &str, place: &Place) -> usize {
    let text = source.get(place.start..place.end).unwrap_or_default();
    text.lines().next().unwrap_or_default().chars().count()
}

/// What is said below the line.
fn notes(diagnostic: &Diagnostic) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    if let Some(nearest) = &diagnostic.nearest {
        notes.push(("did you mean", format!("`{nearest}`?")));
    }
    if let Some(expected) = &diagnostic.expected {
        notes.push(("expected", expected.clone()));
    }
    if let Some(help) = &diagnostic.help {
        notes.push(("help", help.clone()));
    }
    notes
}

fn named(place: &Place) -> String {
    format!("{}:{}:{}", place.file, place.line, place.column)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// A path as the address of a file that it is: what means something in an address is written by its number.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into())
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
