//! Fences around an engine: its panics become errors, and what may wait for ever does so on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::engine::{Engine, EngineError};
use crate::error::chain;

/// Calls into an engine; a panic comes back as an error.
pub(crate) fn call<T>(
    during: &'static str,
    work: impl FnOnce() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let source = format!("it panicked: {}", panic_words(panic.as_ref())).into();
        Err(EngineError { engine: "the engine", during, source })
    })
}

/// Opens an engine on a thread of its own, since opening torn files may panic. The error is the engine's, in words.
pub(crate) fn open(
    work: impl FnOnce() -> Result<Box<dyn Engine>, EngineError> + Send + 'static,
) -> Result<Box<dyn Engine>, String> {
    let opened = thread::Builder::new().name("store-open".into()).spawn(work);
    match opened.map(thread::JoinHandle::join) {
        Ok(Ok(result)) => result.map_err(|error| chain(&error)),
        Ok(Err(panic)) => Err(format!("the engine panicked: {}", panic_words(panic.as_ref()))),
        Err(error) => Err(format!("no thread for opening: {error}")),
    }
}

/// An engine that is being closed on a thread of its own, since a failed one may never end.
pub(crate) struct Closing(Receiver<()>);

impl Closing {
    /// Begins to close.
    pub(crate) fn start(engine: Box<dyn Engine>) -> Self {
        let (done, closed) = channel();
        let closer = thread::Builder::new().name("store-close".into()).spawn(move || {
            // The end of the channel is the signal, so that it also comes when closing panics.
            let _done = done;
            drop(engine);
        });
        if let Err(error) = closer {
            tracing::error!(%error, "no thread for closing the store");
        }
        Self(closed)
    }

    /// Waits; whether the engine is closed by then.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        !matches!(self.0.recv_timeout(at_most), Err(RecvTimeoutError::Timeout))
    }
}

fn panic_words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
