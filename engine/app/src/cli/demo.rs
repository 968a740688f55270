//! `quell demo`: the whole path of an alert on a made-up tenant, with nothing but this program.

mod account;
mod folder;

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quell_run::{Entry, Origin, RunEvent, RunFilter, RunId, Runs};
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::CancellationToken;

use super::{Context, block_on};
use crate::config::{self, Site};
use crate::decider::Decider;
use crate::pipeline::{Pipeline, Tally};
use crate::service::{dead_letters, feed};
use crate::show::{FAINT, HEAD, NAME, Show, Telling, styled};
use crate::wire::{App, Reach};
use account::Account;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing outside this machine is reached, and nothing real is touched: the accounts and devices are made up
and live in a file of the folder. The folder is made anew each time.

Examples:
  quell demo
  quell demo /tmp/try-quell"
)]
pub(crate) struct Args {
    /// Where the demo's site, store and tenant are kept.
    #[arg(default_value = ".quell-demo")]
    folder: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let path = folder::make_anew(&args.folder)?;
    let site = config::read(Some(&path))?;
    block_on(play(site, context.show))?
}

async fn play(site: Site, show: Show) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let path = site.path.clone();
    let app = Arc::new(App::open(site, Reach::Acting).await?);
    introduce(&app, show);
    let over = CancellationToken::new();
    let telling = tokio::spawn(tell_as_they_end(Arc::clone(&app), app.engine.events(), show, over.clone()));
    let tally = take_in(&app).await?;
    app.engine.idle().await;
    app.engine.shut_down(Duration::from_secs(10)).await;
    over.cancel();
    telling.await??;
    let account = Account::of(&app, &tally).await?;
    app.store.close();
    if show.json {
        show.json(&account)?;
    } else {
        account.show(show, began.elapsed(), &path);
    }
    Ok(super::YES)
}

fn introduce(app: &App, show: Show) {
    if show.json {
        return;
    }
    let folder = app.site.config.source.files.iter().flatten().next();
    show.line(format_args!(
        "{}\nAlerts from {}; {} playbooks; an exclusion list of {} entries; a made-up tenant to act on.\n",
        styled(HEAD, "Quell demo"),
        folder.map(|folder| folder.display().to_string()).unwrap_or_default(),
        app.matcher.load().playbooks().len(),
        app.exclusions.now().entries().len(),
    ));
}

/// The same pipeline that `quell run` drives.
async fn take_in(app: &App) -> anyhow::Result<Tally> {
    let pipeline = Pipeline {
        source: feed(&app.site, None).await?.source,
        letters: dead_letters(&app.site).await?,
        decider: Decider::new(app, Origin::Live),
    };
    Ok(pipeline.run(&CancellationToken::new()).await?)
}

/// Tells each run when it ends, as its journal has it.
async fn tell_as_they_end(
    app: Arc<App>,
    mut events: Receiver<RunEvent>,
    show: Show,
    over: CancellationToken,
) -> anyhow::Result<()> {
    let mut told = HashSet::new();
    loop {
        let event = tokio::select! {
            () = over.cancelled() => break,
            event = events.recv() => event,
        };
        if let Ok(RunEvent { run, line }) = event
            && matches!(line.entry, Entry::Finished { .. })
            && told.insert(run.clone())
        {
            tell(&app, &run, show).await?;
        }
    }
    // Whoever listens too slowly misses some: the store has them all.
    for run in app.store.runs().list(&RunFilter::default()).await?.into_iter().rev() {
        if told.insert(run.id.clone()) {
            tell(&app, &run.id, show).await?;
        }
    }
    Ok(())
}

async fn tell(app: &App, run: &RunId, show: Show) -> anyhow::Result<()> {
    let runs = app.store.runs();
    let Some(summary) = runs.summary(run).await?.filter(|_| !show.json) else { return Ok(()) };
    let starts = format!("{} starts {}", summary.product, summary.playbook.name);
    show.line(format_args!("{}  {}", styled(HEAD, &summary.alert_title), styled(FAINT, starts)));
    let mut telling = Telling::default();
    let mut said = false;
    for line in runs.lines(run).await? {
        let words = telling.tell(&line.entry);
        if Telling::matters(&line.entry) {
            show.line(format_args!("  {words}"));
            said = true;
        }
    }
    if !said {
        show.line(format_args!("  {}: nothing to do", styled(NAME, summary.subjects.join(", "))));
    }
    show.line("");
    Ok(())
}
