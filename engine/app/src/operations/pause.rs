//! The operations of the global stop. The note in the store is written first, so that it holds over a crash.

use std::sync::Arc;

use quell_api::{Part, PauseNote, PauseOrder, Refusal};
use quell_store::Paused;

use crate::show::moment;
use crate::wire::App;

pub(super) async fn pause(app: &Arc<App>, order: &PauseOrder) -> Result<PauseNote, Refusal> {
    // At once, and taken off again only where the note could not be written.
    let before = app.brake.is_on();
    app.brake.set(true);
    let wanted = Paused { by: order.by.clone(), at: app.clock.now(), because: order.because.clone() };
    match app.store.pause().set(wanted).await {
        Ok(paused) => {
            quell_crash::point!("app.pause.stored");
            tracing::warn!(by = paused.by, because = paused.because, "paused: nothing disruptive begins");
            Ok(note(paused))
        }
        Err(error) => {
            app.brake.set(before);
            Err(Refusal::unavailable(error))
        }
    }
}

pub(super) async fn resume(app: &Arc<App>, by: &str) -> Result<Option<PauseNote>, Refusal> {
    let lifted = app.store.pause().lift(by, app.clock.now()).await.map_err(Refusal::unavailable)?;
    quell_crash::point!("app.pause.lifted");
    app.brake.set(false);
    tracing::warn!(by, "goes on after a pause");
    Ok(lifted.map(note))
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
