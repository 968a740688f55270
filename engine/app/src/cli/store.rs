//! `quell store`.

use std::process::ExitCode;

use clap::Subcommand;
use quell_api::Prune;
use serde_json::Value;

use super::{Context, block_on};
use crate::config;
use crate::reach;
use crate::show::{Table, counted};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what the store holds and how large it is.
    Stats,
    /// Forget alerts and finished runs that are old enough; unfinished runs are always kept.
    #[command(after_help = "Examples:
  quell store prune --dry-run
  quell store prune --days 90 --runs 100000")]
    Prune {
        /// Older than this many days [default: the site's]
        #[arg(long)]
        days: Option<u32>,
        /// All but this many finished runs [default: the site's]
        #[arg(long)]
        runs: Option<u64>,
        /// Only count.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context))?
}

async fn answer(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let operations = reach::operations(context).await?;
    match args.command {
        Command::Stats => stats(context, &operations.store_stats().await?)?,
        Command::Prune { days, runs, dry_run } => {
            let site = config::read(context.config.as_deref())?;
            let retention = &site.config.store.retention;
            let order =
                Prune { days: days.unwrap_or(retention.days), runs: runs.or(retention.runs), dry: dry_run };
            let pruned = operations.prune(&order).await?;
            if context.show.json {
                context.show.json(&pruned)?;
            } else {
                let word = if dry_run { "would forget" } else { "forgot" };
                context.show.line(format_args!(
                    "{word} {} and {}",
                    counted(pruned.alerts, "alert"),
                    counted(pruned.runs, "run")
                ));
            }
        }
    }
    Ok(super::YES)
}

fn stats(context: &Context, stats: &Value) -> anyhow::Result<()> {
    if context.show.json {
        return context.show.json(stats);
    }
    let mut table = Table::new(&["WHAT", "HOW MUCH"]);
    for (key, value) in stats.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        table.row([key.replace('_', " "), value]);
    }
    context.show.line(table);
    Ok(())
}
