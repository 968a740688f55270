//! `quell attention`: calls of which nobody can say whether they took effect, and undos that failed.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use quell_api::{InQuestion, SettleOrder};

use super::{Context, block_on, runs};
use crate::reach;
use crate::show::{NAME, Show, Table, styled};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  quell attention list
  quell attention settle 3f2a91c0 0/open_ticket/0 happened

An undo that failed is in the list too: `quell undo RUN` tries it again.")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them.
    #[command(after_help = "Example:
  quell attention list")]
    List,
    /// Say what you found when you looked at the target.
    #[command(
        after_help = "What happened can be undone like anything else. What did not happen counts as failed. A run that has ended over it does not
go on: what it had not begun yet stays undone, and `quell start` or a new alert begins anew.

Of an undo that failed, `happened` says that the change has been taken back by hand, and `did-not-happen` that it stays as it
is: Quell looks after it no longer. Nothing is called for either.

Examples:
  quell attention settle 3f2a91c0 0/open_ticket/0 happened
  quell attention settle 3f2a91c0 0/open_ticket/0 did-not-happen"
    )]
    Settle {
        /// The run: its id, or the beginning of it.
        run: String,
        /// The task, as the list names it.
        task: String,
        /// What you found.
        #[arg(value_enum)]
        found: Found,
    },
}

/// What a person found at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Found {
    Happened,
    DidNotHappen,
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context))?
}

async fn answer(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::List => list(context.show, &reach::records(context).await?.attention().await?)?,
        Command::Settle { run, task, found } => {
            let operations = reach::operations(context).await?;
            let happened = found == Found::Happened;
            let order = SettleOrder { run, task, happened, by: operations.by() };
            runs::list(context.show, &[operations.settle(&order).await?])?;
        }
    }
    Ok(super::YES)
}

fn list(show: Show, all: &[InQuestion]) -> anyhow::Result<()> {
    if show.json {
        return show.json(&all);
    }
    if all.is_empty() {
        show.line("nothing needs a person");
        return Ok(());
    }
    let mut table = Table::new(&["RUN", "TASK", "WHAT", "WHY", "PLAYBOOK"]);
    for one in all {
        let run: String = one.run.chars().take(8).collect();
        table.row([run, one.task.clone(), one.what.clone(), one.why.clone(), styled(NAME, &one.playbook)]);
    }
    show.line(table);
    Ok(())
}
