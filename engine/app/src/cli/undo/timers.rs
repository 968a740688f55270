//! `quell undo confirm` and `quell undo extend`: changes that a timer would take back, and that are to stay.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use chrono::TimeDelta;
use clap::Subcommand;
use quell_alert::Timestamp;
use quell_api::{ConfirmOrder, ExtendOrder, Operations, RefusalKind, RunRecord, Timers};
use quell_playbook::duration;
use quell_run::Entry;

use crate::cli::{Context, YES};
use crate::reach;
use crate::show::{GOOD, NOTE, Show, Table, styled};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Let changes stay that a timer would take back (`undo: { after: 8h, unless: confirmed }`).
    #[command(
        after_help = "Who confirmed is recorded. It can still be taken back by hand: `quell undo RUN`. With a run goes what
the runs did that it called.

Examples:
  quell undo confirm 3f2a
  quell undo confirm 3f2a --task 0/cut_off/1"
    )]
    Confirm {
        /// The run: its id, or the beginning of it.
        run: String,
        /// Only this task of it, as `quell runs show` names it.
        #[arg(long)]
        task: Option<String>,
    },
    /// Let the timers that take changes back run longer.
    #[command(after_help = "With a run goes what the runs did that it called.

Examples:
  quell undo extend 3f2a --by 8h
  quell undo extend 3f2a --task 0/cut_off/1 --until 2026-11-23T08:00:00Z")]
    Extend {
        /// The run: its id, or the beginning of it.
        run: String,
        /// Only this task of it, as `quell runs show` names it.
        #[arg(long)]
        task: Option<String>,
        /// So much longer than now is left.
        #[arg(long, value_name = "TIME", required_unless_present = "until", conflicts_with = "until")]
        by: Option<String>,
        /// Until this moment.
        #[arg(long, value_name = "MOMENT")]
        until: Option<String>,
    },
}

pub(super) async fn answer(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    let operations = reach::operations(context).await?;
    let timers = match command {
        Command::Confirm { run, task } => {
            operations.confirm(&ConfirmOrder { run, task, by: operations.by() }).await?
        }
        Command::Extend { run, task, by, until } => {
            let order = |run, task, until| ExtendOrder { run, task, until, by: operations.by() };
            match (by, until) {
                (Some(by), _) => extend_by(&*operations, &run, task, &by, order).await?,
                (None, until) => operations.extend(&order(run, task, moment(until.as_deref())?)).await?,
            }
        }
    };
    tell(context.show, &timers)?;
    Ok(YES)
}

/// Each timer runs so much longer than it would have. The order names the moment: given twice, it says the same.
async fn extend_by(
    operations: &dyn Operations,
    run: &str,
    task: Option<String>,
    by: &str,
    order: impl Fn(String, Option<String>, Timestamp) -> ExtendOrder,
) -> anyhow::Result<Timers> {
    let Ok(longer) = duration::read(by) else { bail!("--by {by}: write a time such as 8h or 2d") };
    let longer = TimeDelta::from_std(longer).context("the time is too long")?;
    let record = operations.run(run).await?;
    let mut extended = Timers { run: record.summary.id.0.clone(), tasks: Vec::new() };
    for (run, name, due) in running(operations, record, task.as_deref()).await? {
        let until = due.checked_add_signed(longer).context("the time is too long")?;
        extended.tasks.extend(operations.extend(&order(run, Some(name), until)).await?.tasks);
    }
    if extended.tasks.is_empty() {
        bail!("no undo timer runs in {run}: `quell runs show {run}` lists those that do");
    }
    Ok(extended)
}

/// The timers that run, by their run and task: of this task, or of the whole run and of those that it called.
async fn running(
    operations: &dyn Operations,
    record: RunRecord,
    task: Option<&str>,
) -> anyhow::Result<Vec<(String, String, Timestamp)>> {
    let mut found = Vec::new();
    let mut open = vec![record];
    while let Some(record) = open.pop() {
        let id = &record.summary.id.0;
        let meant = record.tasks.iter().filter(|timed| task.is_none_or(|task| task == timed.task));
        found.extend(meant.filter_map(|timed| Some((id.clone(), timed.task.clone(), timed.undo_due?))));
        if task.is_some() {
            break;
        }
        for line in record.lines.iter().rev() {
            let Entry::Called { call, .. } = &line.entry else { continue };
            match operations.run(&call.run.0).await {
                Ok(called) => open.push(called),
                // It is made in a moment, or never was: it has changed nothing yet.
                Err(refusal) if refusal.kind == RefusalKind::NotFound => {}
                Err(refusal) => return Err(refusal.into()),
            }
        }
    }
    Ok(found)
}

fn moment(text: Option<&str>) -> anyhow::Result<Timestamp> {
    let text = text.unwrap_or_default();
    match text.parse::<Timestamp>() {
        Ok(moment) => Ok(moment),
        Err(_) => bail!("--until {text}: write a moment such as 2026-11-23T08:00:00Z"),
    }
}

fn tell(show: Show, timers: &Timers) -> anyhow::Result<()> {
    if show.json {
        return show.json(timers);
    }
    let several = timers.tasks.iter().any(|timer| timer.run != timers.run);
    let mut table =
        Table::new(if several { &["RUN", "TASK", "WHAT", "RESULT"] } else { &["TASK", "WHAT", "RESULT"] });
    for timer in &timers.tasks {
        let result = match timer.due {
            None => styled(GOOD, "stays"),
            Some(due) => styled(NOTE, format!("is taken back at {}", due.format("%Y-%m-%d %H:%M:%S"))),
        };
        let run = several.then(|| timer.run.chars().take(8).collect::<String>());
        table.row(run.into_iter().chain([timer.task.clone(), timer.what.clone(), result]));
    }
    show.line(table);
    Ok(())
}
