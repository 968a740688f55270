//! What puts another store in the place of the one that is there. The engine must be stopped: it holds the store.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use quell_store::{Copied, EngineKind, Store, StoreError, StoreOptions};
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::cli::confirm::confirm;
use crate::cli::{Context, YES};
use crate::config::{self, Site};
use crate::show::{GOOD, NOTE, Waiting, counted, styled};
use crate::{reach, wire};

pub(super) async fn restore(file: &Path, yes: bool, context: &Context) -> anyhow::Result<ExitCode> {
    let (site, options) = stopped(context).await?;
    if options.dir.exists() {
        let what = format!("this puts {} in the place of the store", file.display());
        confirm(context.show, yes, &what, "restore")?;
    }
    wire::make_private(&site.config.state)?;
    let waiting = Waiting::new("putting the copy back");
    let (file, kind) = (file.to_owned(), options.engine);
    let (copied, kept) = blocking(move || Store::restore(&file, &options)).await?;
    waiting.finish();
    put_in_place(context, copied, kept.as_deref(), kind)?;
    Ok(YES)
}

pub(super) async fn convert(to: EngineKind, context: &Context) -> anyhow::Result<ExitCode> {
    let (site, options) = stopped(context).await?;
    let Some(from) = Store::kind_in(&options.dir)? else { return Err(no_store(&site)) };
    if from == to {
        bail!("the store is kept by {to} already; nothing was done");
    }
    let waiting = Waiting::new("converting");
    let options = options.engine(from);
    let (copied, kept) = blocking(move || Store::convert(&options, to)).await?;
    waiting.finish();
    put_in_place(context, copied, kept.as_deref(), to)?;
    if site.config.store.engine != to && !context.show.json {
        let path = site.path.display();
        context
            .show
            .aside(format_args!("{} write `engine: {to}` under `store:` in {path}", styled(NOTE, "now")));
    }
    Ok(YES)
}

pub(super) async fn accept_loss(yes: bool, context: &Context) -> anyhow::Result<ExitCode> {
    let (site, options) = stopped(context).await?;
    if !options.dir.exists() {
        return Err(no_store(&site));
    }
    let what = "what the store has lost is then lost for good, unless its alerts come again";
    confirm(context.show, yes, what, "accept")?;
    let (acknowledged, found) = blocking(move || Store::accept_loss(&options)).await?;
    let lost = acknowledged.is_none_or(|acknowledged| acknowledged > found);
    if context.show.json {
        context.show.json(&json!({ "acknowledged": acknowledged, "found": found, "lost": lost }))?;
        return Ok(YES);
    }
    match acknowledged {
        Some(acknowledged) if acknowledged > found => context.show.line(format_args!(
            "accepted: commits {} to {acknowledged} are lost, the store goes on after {found}",
            found + 1
        )),
        Some(_) => context.show.line(format_args!("nothing is lost: the store ends at commit {found}")),
        None => context.show.line(format_args!(
            "accepted: the store goes on after commit {found}; how much there was, nobody knows"
        )),
    }
    Ok(YES)
}

/// The site and its store, which no engine holds.
async fn stopped(context: &Context) -> anyhow::Result<(Site, StoreOptions)> {
    let site = config::read(context.config.as_deref())?;
    if reach::running(&site).await?.is_some() {
        bail!("an engine runs on this store: stop it first");
    }
    let options = wire::store_options(&site);
    Ok((site, options))
}

fn no_store(site: &Site) -> anyhow::Error {
    anyhow::anyhow!("there is no store in {} yet: `quell run` makes it", site.config.state.display())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> anyhow::Result<T> {
    spawn_blocking(work).await?.context("the store was left as it is")
}

fn put_in_place(
    context: &Context,
    copied: Copied,
    kept: Option<&Path>,
    kind: EngineKind,
) -> anyhow::Result<()> {
    if context.show.json {
        let kept = kept.map(PathBuf::from);
        return context.show.json(
            &json!({ "engine": kind, "changes": copied.changes, "commit": copied.commit, "kept": kept }),
        );
    }
    context.show.line(format_args!(
        "{} {} are in place, kept by {kind}",
        styled(GOOD, "done:"),
        counted(copied.changes, "record")
    ));
    if let Some(kept) = kept {
        context.show.line(format_args!("what was there is kept in {}", kept.display()));
    }
    Ok(())
}
