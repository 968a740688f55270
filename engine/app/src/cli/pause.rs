//! `quell pause` and `quell resume`: the global stop.

use std::process::ExitCode;

use quell_api::{Operations as _, PauseNote, PauseOrder};
use quell_run::Clock as _;

use super::{Context, block_on};
use crate::clock::SystemClock;
use crate::operations::pause;
use crate::reach::{self, Keeper};
use crate::show::{GOOD, NOTE, styled};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing disruptive begins until `quell resume`, over restarts too. Alerts are still decided and everything that
waits is kept; a call that has begun is finished; undoing, notifying and replaying dry go on.

Example:
  quell pause --because 'Too many accounts disabled since 03:10'"
)]
pub(crate) struct PauseArgs {
    /// Why, for the record.
    #[arg(long, default_value = "not said")]
    because: String,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Everything that waits is then carried out, with the exclusion list as it is by then. To drop a run instead,
`quell runs cancel` it before.

Example:
  quell resume"
)]
pub(crate) struct ResumeArgs {}

pub(crate) fn pause(args: PauseArgs, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(async {
        let (keeper, by) = reach::keeper(context).await?;
        let order = PauseOrder { by, because: args.because };
        let paused = match keeper {
            Keeper::Engine(engine) => engine.pause(&order).await?,
            Keeper::Store(store) => pause::note_down(&store, &order, SystemClock.now()).await?,
        };
        if context.show.json {
            context.show.json(&paused)?;
        } else {
            context.show.line(format_args!("{} {}", styled(NOTE, "paused"), words(&paused)));
        }
        Ok(super::YES)
    })?
}

pub(crate) fn resume(_: &ResumeArgs, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(async {
        let (keeper, by) = reach::keeper(context).await?;
        let lifted = match keeper {
            Keeper::Engine(engine) => engine.resume(&by).await?,
            Keeper::Store(store) => pause::take_off(&store, &by, SystemClock.now()).await?,
        };
        if context.show.json {
            context.show.json(&lifted)?;
        } else {
            match &lifted {
                Some(paused) => context.show.line(format_args!(
                    "{}; it was paused {}",
                    styled(GOOD, "goes on"),
                    words(paused)
                )),
                None => context.show.line("it was not paused"),
            }
        }
        Ok(super::YES)
    })?
}

fn words(paused: &PauseNote) -> String {
    format!("by {} at {}: {}", paused.by, paused.at.format("%Y-%m-%d %H:%M:%S UTC"), paused.because)
}
