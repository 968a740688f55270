//! The operations of the global stop. The note in the store is written first, so that it holds over a crash.

use std::sync::Arc;

use quell_alert::Timestamp;
use quell_api::{Part, PauseNote, PauseOrder, Refusal};
use quell_store::{Paused, Store};

use crate::show::moment;
use crate::wire::App;

pub(super) async fn pause(app: &Arc<App>, order: &PauseOrder) -> Result<PauseNote, Refusal> {
    // At once, and taken off again only where the note could not be written.
    let before = app.brake.is_on();
    app.brake.set(true);
    match note_down(&app.store, order, app.clock.now()).await {
        Ok(paused) => {
            quell_crash::point!("app.pause.stored");
            tracing::warn!(by = paused.by, because = paused.because, "paused: nothing disruptive begins");
            Ok(paused)
        }
        Err(refusal) => {
            app.brake.set(before);
            Err(refusal)
        }
    }
}

pub(super) async fn resume(app: &Arc<App>, by: &str) -> Result<Option<PauseNote>, Refusal> {
    let lifted = take_off(&app.store, by, app.clock.now()).await?;
    quell_crash::point!("app.pause.lifted");
    app.brake.set(false);
    tracing::warn!(by, "goes on after a pause");
    Ok(lifted)
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
