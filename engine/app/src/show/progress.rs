//! Progress bars: on standard error, on a terminal only.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use quell_ingest::ReadProgress;

/// A bar that fills as files are read. Without a terminal it draws nothing.
pub(crate) struct Reading(ProgressBar);

impl Reading {
    /// A bar whose length is not yet known.
    pub(crate) fn new() -> Arc<Self> {
        let bar = if stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        bar.enable_steady_tick(Duration::from_millis(120));
        Arc::new(Self(bar))
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

impl ReadProgress for Reading {
    fn begin(&self, name: &str) {
        self.0.set_message(name.to_owned());
    }

    fn read(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}
