//! Whether the systems that decide who is meant can be asked: looked at from the start on, so that a wrong certificate
//! or password is known before the first alert.

use std::sync::Arc;
use std::time::Duration;

use quell_action::{ActionError, Directory};
use quell_alert::Identifier;
use tokio_util::sync::CancellationToken;

use crate::wire::App;

/// How often they are asked.
const EVERY: Duration = Duration::from_secs(30);

/// How often one that did not answer is asked again.
const SOON: Duration = Duration::from_secs(5);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An object that exists nowhere. Looking for it takes the whole way there and back, and touches nobody.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// Asks all of them now and then, until `stop`.
pub(super) async fn look_after(app: &Arc<App>, stop: &CancellationToken) {
    loop {
        let asked = app.directories.iter().map(|(name, directory)| ask(app, name, directory.as_ref()));
        let well = futures::future::join_all(asked).await.into_iter().all(|well| well);
        let wait = if well { EVERY } else { SOON };
        if tokio::time::timeout(wait, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}

/// Asks one, and notes what came of it.
async fn ask(app: &App, name: &str, directory: &dyn Directory) -> bool {
    let Ok(nobody) = Identifier::ad_guid(NOBODY) else { return true };
    let looked = tokio::time::timeout(PATIENCE, directory.account(std::slice::from_ref(&nobody))).await;
    let trouble = match looked {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error),
        Err(_) => Some(ActionError::unavailable(format!("no answer within {} s", PATIENCE.as_secs()))),
    };
    let well = trouble.is_none();
    app.note_connector(name, trouble.map(|error| error.message));
    well
}
