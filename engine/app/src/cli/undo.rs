//! `quell undo`.

use std::process::ExitCode;

use quell_api::UndoOrder;

use super::{Context, block_on, yes_if};
use crate::reach::{self, operator};
use crate::show::{BAD, GOOD, Table, styled};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What was already so before the run (an account that was disabled by somebody else) is never undone,
and what somebody changed since is left alone and reported.

Examples:
  quell undo 3f2a --dry-run
  quell undo 3f2a
  quell undo 3f2a --task 0/cut_off/1"
)]
pub(crate) struct Args {
    /// The run: its id, or the beginning of it.
    run: String,
    /// Take back only this task of it, as `quell runs show` names it.
    #[arg(long)]
    task: Option<String>,
    /// Only say what would be taken back.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context))?
}

async fn answer(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let order = UndoOrder { run: args.run, task: args.task, by: operator(), dry: args.dry_run };
    let undone = reach::operations(context).await?.undo(&order).await?;
    let clean = undone.tasks.iter().all(|task| !task.open);
    if context.show.json {
        context.show.json(&undone)?;
        return Ok(yes_if(clean));
    }
    if undone.tasks.is_empty() {
        context.show.line("the run changed nothing: there is nothing to take back");
    }
    let mut table = Table::new(&["TASK", "WHAT", "RESULT"]);
    for task in &undone.tasks {
        let style = if task.open { BAD } else { GOOD };
        table.row([task.task.clone(), task.what.clone(), styled(style, &task.result)]);
    }
    if !undone.tasks.is_empty() {
        context.show.line(table);
    }
    Ok(yes_if(clean))
}
