//! The state folder, and the store in it.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use quell_store::{Store, StoreError, StoreOptions};

use crate::config::Site;

/// Where the site's store is, and what keeps it.
pub(crate) fn store_options(site: &Site) -> StoreOptions {
    StoreOptions::new(site.config.state.join("store")).engine(site.config.store.engine)
}

/// The site's store, for this process alone.
pub(crate) async fn open_store(site: &Site) -> anyhow::Result<Store> {
    let state = &site.config.state;
    make_private(state)?;
    let options = store_options(site);
    let opened = tokio::task::spawn_blocking(move || Store::open(&options)).await?;
    opened.with_context(|| format!("the store in {} could not be opened", state.display()))
}

/// How long an engine waits for whoever has its store.
const TURN: Duration = Duration::from_secs(5);

/// The same, once a command that came first, or an engine that is about to end, is done with it: an engine that gave up
/// at once would be kept down by somebody who only looks.
pub(super) async fn open_store_in_turn(site: &Site) -> anyhow::Result<Store> {
    let waited = tokio::time::Instant::now();
    let mut is_told = false;
    loop {
        let error = match open_store(site).await {
            Ok(store) => return Ok(store),
            Err(error) => error,
        };
        let is_in_use = matches!(error.downcast_ref::<StoreError>(), Some(StoreError::InUse { .. }));
        if !is_in_use || waited.elapsed() >= TURN {
            return Err(error);
        }
        if !is_told {
            tracing::info!("waiting for the store: {error:#}");
            is_told = true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Makes a folder that only its owner can read, or makes it so: what a package or an operator made may be open.
pub(crate) fn make_private(folder: &Path) -> anyhow::Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("the state folder {} could not be made", folder.display()))?;
    let mode = fs::metadata(folder)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let closed = fs::set_permissions(folder, fs::Permissions::from_mode(mode & 0o700));
    closed.with_context(|| {
        format!("the state folder {} is open to others: let its owner close it (chmod 700)", folder.display())
    })
}
