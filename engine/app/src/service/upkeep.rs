//! What a running engine does beside its work: forget what is old, look after its connectors, and read its files anew.

use std::sync::Arc;
use std::time::Duration;

use quell_store::Retention;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{connectors, watch};
use crate::config::in_one_line;
use crate::operations::store::days_before;
use crate::wire::App;

/// How often what is old is forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(60 * 60);

/// Begins the upkeep; it ends with `stop`.
pub(super) fn begin(app: &Arc<App>, stop: &CancellationToken) -> JoinHandle<()> {
    let (app, stop) = (Arc::clone(app), stop.clone());
    tokio::spawn(async move {
        tokio::join!(prune(&app, &stop), connectors::look_after(&app, &stop), watch::exclusions(&app, &stop));
    })
}

/// Reads playbooks and exclusions anew. Either all of it is good and takes the place of the old, or the old stays.
pub(super) fn reload(app: &Arc<App>) {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        match app.reload().await {
            Ok(playbooks) => tracing::info!(playbooks, "playbooks and exclusions were read anew"),
            Err(error) => {
                let error = in_one_line(&error);
                tracing::error!(error, "the old playbooks and exclusions stay: `quell check` says why")
            }
        }
    });
}

async fn prune(app: &App, stop: &CancellationToken) {
    loop {
        let retention = &app.site.config.store.retention;
        let before = days_before(app.clock.now(), retention.days);
        let wanted = Retention { before: Some(before), keep_runs: retention.runs };
        match app.store.prune(wanted, app.clock.now(), false).await {
            Ok(forgotten) if forgotten.alerts + forgotten.runs > 0 => {
                tracing::info!(alerts = forgotten.alerts, runs = forgotten.runs, "forgot what is old enough");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "what is old could not be forgotten"),
        }
        // An entry that has ended is kept for as long as an undo may want to know how it was.
        if let Err(error) = app.store.lists().forget_ended(before).await {
            tracing::warn!(%error, "entries of lists that have ended could not be forgotten");
        }
        if tokio::time::timeout(PRUNE_EVERY, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
