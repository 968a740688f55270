//! How answers are shown: tables and text for people, JSON for programs.
//!
//! Answers go to standard output; progress, warnings and failures to standard error. Colour and progress bars appear
//! on a terminal only.

mod journal;
mod masked;
mod meant;
mod occasion;
mod people;
mod plain;
mod progress;
mod table;
mod timer;
mod trace;

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use quell_alert::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use quell_playbook::render;

use crate::config::Mistakes;
use masked::masked;

pub(crate) use journal::{Telling, word};
pub(crate) use occasion::{in_short, occasion};
pub(crate) use people::asked;
pub(crate) use plain::plain;
pub(crate) use progress::{Reading, Waiting};
pub(crate) use table::Table;

/// How answers are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Show {
    /// JSON for programs instead of text for people.
    pub(crate) json: bool,
}

/// Whether a part of the answer could not be written.
static CUT_SHORT: AtomicBool = AtomicBool::new(false);

/// Something went right.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Something to look at.
pub(crate) const NOTE: Style = AnsiColor::Yellow.on_default();
/// Something went wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Names of things.
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
/// Beside the point.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// Headings.
pub(crate) const HEAD: Style = Style::new().bold();

/// A piece of text in a style.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A moment as people read it, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Which attempt this is, where it is not the first.
fn nth(attempt: u32) -> String {
    if attempt > 1 { format!(", attempt {attempt}") } else { String::new() }
}

/// `1 run`, `3 runs`.
pub(crate) fn counted(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

impl Show {
    /// Prints a line of the answer.
    pub(crate) fn line(self, text: impl std::fmt::Display) {
        note(writeln!(anstream::stdout(), "{text}"));
    }

    /// Prints bytes untouched.
    pub(crate) fn bytes(self, bytes: &[u8]) {
        let mut out = std::io::stdout().lock();
        note(out.write_all(bytes).and_then(|()| out.flush()));
    }

    /// Whether a part of the answer could not be written, as on a full disk: it must not be taken for the whole.
    pub(crate) fn is_cut_short(self) -> bool {
        CUT_SHORT.load(Ordering::Relaxed)
    }

    /// Prints the whole answer as JSON.
    pub(crate) fn json(self, answer: &impl Serialize) -> anyhow::Result<()> {
        self.line(serde_json::to_string_pretty(answer)?);
        Ok(())
    }

    /// Says something beside the answer.
    pub(crate) fn aside(self, text: impl std::fmt::Display) {
        let _ = writeln!(anstream::stderr(), "{text}");
    }

    /// Says what is wrong with files, with the lines.
    pub(crate) fn mistakes(self, mistakes: &Mistakes) -> anyhow::Result<()> {
        if self.json {
            return self.json(&render::json(&mistakes.diagnostics));
        }
        // Colours that are not wanted are taken away again on the way out.
        let text = render::text(&mistakes.diagnostics, &masked(&mistakes.sources), render::Style::COLOURED);
        if !text.is_empty() {
            self.aside(text.trim_end());
        }
        Ok(())
    }

    /// Says why nothing came of it, with all causes.
    pub(crate) fn failure(self, error: &anyhow::Error) {
        if self.json {
            return self.aside(failure_as_json(error));
        }
        if let Some(mistakes) = error.downcast_ref::<Mistakes>() {
            let text =
                render::text(&mistakes.diagnostics, &masked(&mistakes.sources), render::Style::COLOURED);
            self.aside(text.trim_end());
        }
        self.aside(format_args!("{} {error}", styled(BAD, "error:")));
        for cause in error.chain().skip(1) {
            self.aside(format_args!("  {} {cause}", styled(FAINT, "because")));
        }
    }
}

fn note(written: std::io::Result<()>) {
    match written {
        // A reader that has gone away (`quell runs list | head`) is no error of ours.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => CUT_SHORT.store(true, Ordering::Relaxed),
        _ => {}
    }
}

fn failure_as_json(error: &anyhow::Error) -> Value {
    let because: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    let mut told = json!({ "error": error.to_string(), "because": because });
    if let Some(mistakes) = error.downcast_ref::<Mistakes>() {
        told["diagnostics"] = render::json(&mistakes.diagnostics)["diagnostics"].take();
    }
    told
}
