//! `quell undo`.

mod timers;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use chrono::TimeDelta;
use quell_alert::Timestamp;
use quell_api::{UndoMany, UndoOrder, Undone};
use quell_playbook::duration;
use quell_run::Clock as _;

use super::{Context, block_on, yes_if};
use crate::clock::SystemClock;
use crate::reach;
use crate::show::{BAD, GOOD, Show, Table, styled};

#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "What was already so before the run (an account that was disabled by somebody else) is never undone,
and what somebody changed since is left alone and reported. With a run goes what the runs did that it called.

Examples:
  quell undo 3f2a --dry-run
  quell undo 3f2a
  quell undo 3f2a --task 0/cut_off/1
  quell undo 3f2a --lane 0
  quell undo --who alice@contoso.example
  quell undo --since 2h --dry-run
  quell undo --since 2026-11-21T02:00:00Z --until 2026-11-21T03:30:00Z
  quell undo confirm 3f2a
  quell undo extend 3f2a --by 8h"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    timers: Option<timers::Command>,
    /// The run: its id, or the beginning of it.
    #[arg(required_unless_present_any = ["who", "since", "until"], conflicts_with_all = ["who", "since", "until"])]
    run: Option<String>,
    /// Take back only this task of it, as `quell runs show` names it.
    #[arg(long, requires = "run")]
    task: Option<String>,
    /// Take back only this lane of it, and those within it: the first part of the names of its tasks.
    #[arg(long, requires = "run", conflicts_with = "task", value_name = "NUMBER")]
    lane: Option<u32>,
    /// Take back what is in force on this account or device, whichever runs did it: any name that a directory knows.
    #[arg(long, visible_aliases = ["account", "device"], value_name = "NAME")]
    who: Option<String>,
    /// Take back what was done since then: a moment, or so long ago.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Take back what was done before then.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only say what would be taken back.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    match args.timers {
        Some(command) => block_on(timers::answer(command, context))?,
        None => block_on(answer(args, context))?,
    }
}

async fn answer(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let Args { run, task, lane, who, since, until, dry_run: dry, timers: _ } = args;
    if let Some(run) = run {
        let operations = reach::operations(context).await?;
        let order = UndoOrder { run, task, lane, by: operations.by(), dry };
        let undone = operations.undo(&order).await?;
        if context.show.json {
            context.show.json(&undone)?;
        } else {
            tell(
                context.show,
                std::slice::from_ref(&undone),
                "the run changed nothing: there is nothing to take back",
            );
        }
        return Ok(yes_if(is_clean(&undone)));
    }
    let moment = |text: Option<String>| text.map(|text| moment(&text)).transpose();
    let (since, until) = (moment(since)?, moment(until)?);
    let operations = reach::operations(context).await?;
    let undone = operations.undo_many(&UndoMany { who, since, until, by: operations.by(), dry }).await?;
    if context.show.json {
        context.show.json(&undone)?;
    } else {
        tell(context.show, &undone, "nothing of it is in force: there is nothing to take back");
    }
    Ok(yes_if(undone.iter().all(is_clean)))
}

fn is_clean(undone: &Undone) -> bool {
    undone.tasks.iter().all(|task| !task.open) && undone.called.iter().all(is_clean)
}

/// A run, and those that it called.
fn with_called(undone: &Undone) -> Vec<&Undone> {
    std::iter::once(undone).chain(undone.called.iter().flat_map(with_called)).collect()
}

fn tell(show: Show, undone: &[Undone], nothing: &str) {
    let undone: Vec<&Undone> = undone.iter().flat_map(with_called).collect();
    if undone.iter().all(|one| one.tasks.is_empty()) {
        return show.line(nothing);
    }
    let several = undone.len() > 1;
    let mut table =
        Table::new(if several { &["RUN", "TASK", "WHAT", "RESULT"] } else { &["TASK", "WHAT", "RESULT"] });
    for (one, task) in undone.iter().flat_map(|one| one.tasks.iter().map(move |task| (one, task))) {
        let style = if task.open { BAD } else { GOOD };
        let run = several.then(|| one.run.chars().take(8).collect::<String>());
        let cells = [task.task.clone(), task.what.clone(), styled(style, &task.result)];
        table.row(run.into_iter().chain(cells));
    }
    show.line(table);
}

/// A moment as it is written, or so long ago.
fn moment(text: &str) -> anyhow::Result<Timestamp> {
    if let Ok(ago) = duration::read(text) {
        let ago = TimeDelta::from_std(ago).context("the time is too long")?;
        return SystemClock.now().checked_sub_signed(ago).context("the time is too long");
    }
    match text.parse::<Timestamp>() {
        Ok(moment) => Ok(moment),
        Err(_) => bail!("{text:?} is no moment: write 2026-11-21T02:00:00Z, or 2h for two hours ago"),
    }
}
