//! `quell run`: the engine as a service, from its start to the last signal.

mod clockwork;
mod connectors;
mod doors;
mod news;
mod source;
mod upkeep;
pub(crate) mod watch;

use std::sync::Arc;
use std::time::Duration;

use quell_ingest::DeadLetters;
use quell_run::Origin;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::Site;
use crate::decider::Decider;
use crate::pipeline::{Pipeline, Tally};
use crate::wire::{App, Reach};
use crate::{kafka, people};

pub(crate) use source::{Feed, dead_letters, feed, letter_file};

/// Runs the engine of a site until its source is at its end, or until it is told to stop.
pub(crate) async fn serve(site: Site) -> anyhow::Result<Tally> {
    // A mistake in the section about the source is known before anything is opened or taken up.
    kafka::settings_unfollowed(&site)?;
    let callers = people::callers(&site)?;
    let app = Arc::new(App::open(site, Reach::Acting).await?);
    let stop = CancellationToken::new();
    obey_signals(&app, &stop)?;
    let doors = doors::open(&app, callers, &stop).await?;
    let upkeep = upkeep::begin(&app, &stop);
    let over = CancellationToken::new();
    let news = news::follow(&app, &over);
    let done = work(&app, &stop).await;
    let grace = Duration::from_secs(app.site.config.engine.shutdown_secs.into());
    app.engine.shut_down(grace).await;
    stop.cancel();
    over.cancel();
    upkeep.await?;
    news.await?;
    doors.close().await;
    app.store.close();
    done
}

/// Takes up what an earlier engine left unfinished, then takes alerts in.
async fn work(app: &Arc<App>, stop: &CancellationToken) -> anyhow::Result<Tally> {
    let recovered = app.engine.recover().await?;
    quell_crash::point!("app.recovered");
    tracing::info!(
        resumed = recovered.resumed.len(),
        waiting = recovered.waiting.len(),
        refused = recovered.refused.len(),
        "taken up what was unfinished"
    );
    for (run, error) in &recovered.refused {
        tracing::error!(run.id = %run, %error, "a run cannot be taken up; it stays as it is");
    }
    // Brokers that do not answer are waited for; a signal does not wait with them.
    let reached = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(Tally::default()),
        reached = reach_source(app) => reached?,
    };
    let (letters, Feed { source, ends }) = reached;
    app.watch(Arc::clone(&source));
    tracing::info!(
        playbooks = app.matcher.load().playbooks().len(),
        exclusions = app.exclusions.now().entries().len(),
        dead_letters = letters.place(),
        "taking alerts in"
    );
    // What the clock starts begins after what was unfinished.
    let over = stop.child_token();
    let clockwork = clockwork::begin(app, &over);
    let decider = Decider::new(app, Origin::Live);
    let pipeline = Pipeline { source: Arc::clone(&source), letters, decider };
    let taken = pipeline.run(stop).await;
    over.cancel();
    clockwork.await?;
    let tally = taken?;
    if ends && !stop.is_cancelled() {
        app.engine.idle().await;
    }
    source.close(Duration::from_secs(10)).await?;
    Ok(tally)
}

async fn reach_source(app: &App) -> anyhow::Result<(Arc<dyn DeadLetters>, Feed)> {
    let letters = dead_letters(&app.site).await?;
    Ok((letters, feed(&app.site, None).await?))
}

/// The first signal to stop finishes what is started; the second lets go of it at once. Nothing is lost either way.
/// SIGHUP reads playbooks and exclusions anew.
fn obey_signals(app: &Arc<App>, stop: &CancellationToken) -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut hang_up = signal(SignalKind::hangup())?;
    let (app, stop) = (Arc::clone(app), stop.clone());
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {
                    upkeep::reload(&app);
                    continue;
                }
            }
            if stop.is_cancelled() {
                tracing::warn!(
                    "told to stop again: letting go at once; the next start settles what was under way"
                );
                app.engine.stop_now();
                return;
            }
            tracing::info!("told to stop: finishing what is started (again: at once)");
            stop.cancel();
        }
    });
    Ok(())
}
