//! The operations of the global stop. The note in the store is written first, so that it holds over a crash.

use std::sync::Arc;

use quell_alert::Timestamp;
use quell_api::{Part, PauseNote, PauseOrder, Refusal};
use quell_store::{Paused, Store};

use crate::show::moment;
use crate::wire::App;

/// What is known of the note. Held by whoever writes it: the brake says what the last of them has left.
#[derive(Debug)]
pub(crate) struct Pausing {
    paused: bool,
    /// A write has failed, and may have happened all the same.
    in_doubt: bool,
}

impl Pausing {
    pub(crate) fn new(paused: bool) -> Self {
        Self { paused, in_doubt: false }
    }
}

pub(super) async fn pause(app: &Arc<App>, order: &PauseOrder) -> Result<PauseNote, Refusal> {
    // At once, and taken off again only where the note could not be written.
    app.brake.set(true);
    let mut known = app.pausing.lock().await;
    // Whoever has let the engine go on meanwhile came before this.
    app.brake.set(true);
    match note_down(&app.store, order, app.clock.now()).await {
        Ok(paused) => {
            quell_crash::point!("app.pause.stored");
            *known = Pausing::new(true);
            tracing::warn!(by = paused.by, because = paused.because, "paused: nothing disruptive begins");
            Ok(paused)
        }
        Err(refusal) => {
            by_the_note(app, &mut known);
            Err(refusal)
        }
    }
}

pub(super) async fn resume(app: &Arc<App>, by: &str) -> Result<Option<PauseNote>, Refusal> {
    let mut known = app.pausing.lock().await;
    match take_off(&app.store, by, app.clock.now()).await {
        Ok(lifted) => {
            quell_crash::point!("app.pause.lifted");
            *known = Pausing::new(false);
            app.brake.set(false);
            tracing::warn!(by, "goes on after a pause");
            Ok(lifted)
        }
        Err(refusal) => {
            by_the_note(app, &mut known);
            Err(refusal)
        }
    }
}

/// Puts the brake as the note says, where a write has failed and may have happened all the same. As long as it cannot be
/// read, what was known before counts.
fn by_the_note(app: &App, known: &mut Pausing) {
    let note = app.store.pause().read();
    known.in_doubt = note.is_err();
    known.paused = note.map_or(known.paused, |note| note.is_some());
    app.brake.set(known.paused);
}

/// Looks again, where it was not known whether the note was written.
pub(crate) async fn settle_doubt(app: &App) {
    let mut known = app.pausing.lock().await;
    if known.in_doubt {
        by_the_note(app, &mut known);
    }
}

/// The note alone: where no engine runs there is nothing to stop, and the next one finds it.
pub(crate) async fn note_down(
    store: &Store,
    order: &PauseOrder,
    at: Timestamp,
) -> Result<PauseNote, Refusal> {
    let wanted = Paused { by: order.by.clone(), at, because: order.because.clone() };
    store.pause().set(wanted).await.map(note).map_err(Refusal::unavailable)
}

/// Takes the note away, and says what it was.
pub(crate) async fn take_off(store: &Store, by: &str, at: Timestamp) -> Result<Option<PauseNote>, Refusal> {
    store.pause().lift(by, at).await.map(|lifted| lifted.map(note)).map_err(Refusal::unavailable)
}

/// A pause is meant: the engine is well, and says so.
pub(super) fn health(app: &Arc<App>) -> Option<Part> {
    let note = match app.store.pause().read() {
        Ok(None) => return None,
        Ok(Some(paused)) => {
            format!("paused by {} at {}: {}", paused.by, moment(paused.at), paused.because)
        }
        Err(error) => format!("paused: {error}"),
    };
    Some(Part { name: "pause".into(), well: true, note })
}

fn note(paused: Paused) -> PauseNote {
    PauseNote { by: paused.by, at: paused.at, because: paused.because }
}
