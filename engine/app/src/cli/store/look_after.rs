//! What only looks, copies or forgets: through the running engine, or on the store itself.

use std::path::{Path, absolute};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use quell_api::{BackedUp, Backup, Client, Operations as _, Prune as Order, Pruned, Verified};
use quell_run::Clock as _;
use quell_store::Store;
use serde_json::Value;

use crate::cli::confirm::confirm;
use crate::cli::{Context, YES, yes_if};
use crate::clock::SystemClock;
use crate::config::{self, Site};
use crate::operations::store as here;
use crate::show::{BAD, GOOD, Show, Table, Waiting, counted, styled};
use crate::{reach, wire};

/// What may be forgotten.
#[derive(Debug, clap::Args)]
pub(super) struct Prune {
    /// Older than this many days [default: the site's]
    #[arg(long)]
    days: Option<u32>,
    /// All but this many finished runs [default: the site's]
    #[arg(long)]
    runs: Option<u64>,
    /// Only count.
    #[arg(long)]
    dry_run: bool,
    /// The confirmation, where there is nobody to ask.
    #[arg(long)]
    yes: bool,
}

/// Who holds the store.
enum Holder {
    Engine(Client),
    Nobody(Store),
}

pub(super) async fn stats(context: &Context) -> anyhow::Result<ExitCode> {
    let stats = match holder(&site(context)?).await? {
        Holder::Engine(engine) => engine.store_stats().await?,
        Holder::Nobody(store) => here::stats(&store).await?,
    };
    if context.show.json {
        context.show.json(&stats)?;
    } else {
        tell(context.show, &stats);
    }
    Ok(YES)
}

fn tell(show: Show, stats: &Value) {
    let mut table = Table::new(&["WHAT", "HOW MUCH"]);
    for (key, value) in stats.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        table.row([key.replace('_', " "), value]);
    }
    show.line(table);
}

pub(super) async fn prune(wanted: &Prune, context: &Context) -> anyhow::Result<ExitCode> {
    let site = site(context)?;
    let retention = &site.config.store.retention;
    let days = wanted.days.unwrap_or(retention.days);
    let runs = wanted.runs.or(retention.runs);
    let more_than_usual =
        days < retention.days || runs.is_some_and(|runs| retention.runs.is_none_or(|usual| runs < usual));
    let holder = holder(&site).await?;
    if more_than_usual && !wanted.dry_run {
        let count = forget(&holder, &Order { days, runs, dry: true }).await?;
        let what = format!("this forgets {} for good, more than the site's retention would", told(&count));
        confirm(context.show, wanted.yes || count == Pruned::default(), &what, "forget")?;
    }
    let pruned = forget(&holder, &Order { days, runs, dry: wanted.dry_run }).await?;
    if context.show.json {
        context.show.json(&pruned)?;
    } else {
        let word = if wanted.dry_run { "would forget" } else { "forgot" };
        context.show.line(format_args!("{word} {}", told(&pruned)));
    }
    Ok(YES)
}

async fn forget(holder: &Holder, order: &Order) -> anyhow::Result<Pruned> {
    Ok(match holder {
        Holder::Engine(engine) => engine.prune(order).await?,
        Holder::Nobody(store) => here::prune(store, SystemClock.now(), order).await?,
    })
}

fn told(pruned: &Pruned) -> String {
    let audit = counted(pruned.audit, "record");
    format!(
        "{}, {} and {audit} of the audit log",
        counted(pruned.alerts, "alert"),
        counted(pruned.runs, "run")
    )
}

pub(super) async fn verify(context: &Context) -> anyhow::Result<ExitCode> {
    let holder = holder(&site(context)?).await?;
    let waiting = Waiting::new("looking the store over");
    let found = match &holder {
        Holder::Engine(engine) => engine.verify().await?,
        Holder::Nobody(store) => here::verify(store).await?,
    };
    waiting.finish();
    if context.show.json {
        context.show.json(&found)?;
    } else {
        judge(context.show, &found);
    }
    Ok(yes_if(found.damaged.is_empty()))
}

fn judge(show: Show, found: &Verified) {
    let looked_at = counted(found.records, "record");
    if found.damaged.is_empty() {
        show.line(format_args!("{} {looked_at}, none is damaged", styled(GOOD, "well:")));
        return;
    }
    let mut table = Table::new(&["RECORD", "WHAT IS WRONG"]);
    for damage in &found.damaged {
        table.row([damage.key.clone(), damage.reason.clone()]);
    }
    show.line(table);
    let damaged = found.damaged.len() as u64 + found.more;
    show.aside(format_args!(
        "{} {damaged} of {looked_at}; what is damaged is never taken for good. `quell store restore` puts a copy back",
        styled(BAD, "damaged:")
    ));
}

pub(super) async fn backup(file: &Path, context: &Context) -> anyhow::Result<ExitCode> {
    let holder = holder(&site(context)?).await?;
    let file = absolute(file).with_context(|| format!("{} is no path", file.display()))?;
    let waiting = Waiting::growing("copying", file.with_added_extension("unfinished"));
    let order = Backup { file };
    let copy = match &holder {
        Holder::Engine(engine) => engine.backup(&order).await?,
        Holder::Nobody(store) => here::backup(store, &order).await?,
    };
    waiting.finish();
    if context.show.json {
        context.show.json(&copy)?;
    } else {
        let BackedUp { file, bytes, changes, commit } = &copy;
        context.show.line(format_args!(
            "{} {}: {bytes} bytes, {changes} records, as of commit {commit}",
            styled(GOOD, "wrote"),
            file.display()
        ));
    }
    Ok(YES)
}

fn site(context: &Context) -> anyhow::Result<Site> {
    config::read(context.config.as_deref())
}

/// The running engine, or the store, which must be there.
async fn holder(site: &Site) -> anyhow::Result<Holder> {
    if let Some(engine) = reach::running(site).await? {
        return Ok(Holder::Engine(engine));
    }
    let options = wire::store_options(site);
    if !options.dir.exists() {
        bail!("there is no store in {} yet: `quell run` makes it", site.config.state.display());
    }
    wire::open_store(site).await.map(Holder::Nobody)
}
