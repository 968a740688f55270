//! [`Capture`]: everything that is logged while something runs, to look for secrets in it.

use std::fmt::{Debug, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// Everything that was logged, of every level and from every crate.
#[derive(Debug, Clone, Default)]
pub struct Capture {
    text: Arc<Mutex<String>>,
}

impl Capture {
    /// Runs this future, and keeps what is logged by it.
    pub async fn during<F: Future>(&self, future: F) -> F::Output {
        // Were there one listener only, whoever comes by a line first would be asked whether anybody listens, and where
        // that is another thread the line would be silent for all.
        let _second = Dispatch::new(self.listener());
        future.with_subscriber(self.listener()).await
    }

    fn listener(&self) -> Listener {
        Listener { text: Arc::clone(&self.text) }
    }

    /// What was logged so far.
    pub fn text(&self) -> String {
        self.text.lock().clone()
    }
}

struct Listener {
    text: Arc<Mutex<String>>,
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Writer(&mut self.text.lock()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Writer(&mut self.text.lock()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = self.text.lock();
        text.push_str(event.metadata().target());
        event.record(&mut Writer(&mut text));
        text.push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Writer<'a>(&'a mut String);

impl Visit for Writer<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {field}={value}");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_and_spans_of_every_level_are_kept() {
        let capture = Capture::default();
        capture
            .during(async {
                tracing::trace_span!("call", token = "in-a-span").in_scope(|| tracing::trace!("deep {}", 7));
                tokio::task::yield_now().await;
                tracing::error!(why = "in-a-field", "loud");
            })
            .await;
        let text = capture.text();
        for word in ["in-a-span", "deep 7", "in-a-field", "loud"] {
            assert!(text.contains(word), "{word} is missing in {text}");
        }
    }
}
