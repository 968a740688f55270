//! Progress: on standard error, on a terminal only.

use std::io::{IsTerminal, stderr, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use quell_ingest::ReadProgress;

/// How often what is shown moves.
const TICK: Duration = Duration::from_millis(120);

/// A bar that fills as files are read. Without a terminal it draws nothing.
pub(crate) struct Reading(ProgressBar);

impl Reading {
    /// A bar whose length is not yet known.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(spinner()))
    }

    /// The same, for a command that answers while it reads: on a terminal, the answer moves enough.
    pub(crate) fn beside_the_answer() -> Arc<Self> {
        if stdout().is_terminal() { Arc::new(Self(ProgressBar::hidden())) } else { Self::new() }
    }

    /// From here on it is known how many bytes there are.
    pub(crate) fn total(&self, bytes: Option<u64>) {
        let Some(bytes) = bytes else { return };
        self.0.set_length(bytes);
        let style = "{bar:32.cyan} {decimal_bytes:>9} of {decimal_total_bytes}  {wide_msg}  {eta}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            self.0.set_style(style);
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// Shows that something is still under way of which nobody knows how long it takes.
pub(crate) struct Waiting {
    bar: ProgressBar,
    measuring: Option<tokio::task::JoinHandle<()>>,
}

impl Waiting {
    /// With these words.
    pub(crate) fn new(words: &'static str) -> Self {
        let bar = spinner();
        bar.set_message(words);
        Self { bar, measuring: None }
    }

    /// With these words, and the size of a file that grows.
    pub(crate) fn growing(words: &'static str, file: PathBuf) -> Self {
        let mut waiting = Self::new(words);
        let shown = waiting.bar.clone();
        waiting.measuring = (!shown.is_hidden()).then(|| {
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(TICK).await;
                    if let Ok(file) = tokio::fs::metadata(&file).await {
                        shown.set_message(format!("{words}: {}", HumanBytes(file.len())));
                    }
                }
            })
        });
        waiting
    }

    /// Takes the words away.
    pub(crate) fn finish(self) {}
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(measuring) = &self.measuring {
            measuring.abort();
        }
        self.bar.finish_and_clear();
    }
}

fn spinner() -> ProgressBar {
    let bar = if stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.enable_steady_tick(TICK);
    bar
}

impl ReadProgress for Reading {
    fn begin(&self, name: &str) {
        self.0.set_message(name.to_owned());
    }

    fn read(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}
