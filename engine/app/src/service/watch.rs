//! The exclusion file is watched: who is added to it is left alone without anybody telling the engine.
//!
//! Playbooks are not: a new one is meant to be looked at first, and SIGHUP says that it was.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use crate::config::in_one_line;
use crate::operations::pause;
use crate::wire::App;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// What tells one state of a file from another.
type Look = Option<(SystemTime, u64)>;

/// Looks at the file until `stop`. A change counts when it is the same at the next look: editors write in pieces.
pub(crate) async fn exclusions(app: &Arc<App>, stop: &CancellationToken) {
    let path = &app.site.config.exclusions;
    // It was read before we began to look, and may have changed in between: it is read once more.
    let (mut read, mut seen) = (None, None);
    while tokio::time::timeout(EVERY, stop.cancelled()).await.is_err() {
        let now = look(path);
        let has_settled = now == std::mem::replace(&mut seen, now);
        if has_settled && now != read {
            read = now;
            reload(app).await;
        } else if app.exclusions_are_stale() {
            renew(app).await;
        }
        app.note_file_in_force().await;
        // What was changed may be written though it was reported as failed: a pause or a list as well as an entry.
        pause::settle_doubt(app).await;
        app.lists.settle_doubt().await;
    }
}

fn look(path: &Path) -> Look {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

async fn reload(app: &App) {
    match app.reload_exclusions().await {
        Ok(entries) => tracing::info!(entries, "the exclusion file was read anew"),
        Err(error) => {
            let error = in_one_line(&error);
            tracing::error!(
                error,
                "the exclusion file cannot be used; the old one stays: `quell check` says why"
            );
        }
    }
}

async fn renew(app: &App) {
    if let Err(error) = app.renew_exclusions().await {
        tracing::error!(%error, "an exclusion may not be in force yet; trying again");
    }
}
