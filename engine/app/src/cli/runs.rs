//! `quell runs`.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use quell_api::{RunRecord, TaskRecord, TaskResult};
use quell_playbook::model::{Mode, PlaybookName};
use quell_run::{Finish, Origin, RunFilter, RunStatus, RunSummary};

use super::{Context, block_on};
use crate::reach;
use crate::show::{
    BAD, FAINT, GOOD, HEAD, NAME, NOTE, Show, Table, Telling, moment, occasion, plain, styled, word,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  quell runs list --subject alice
  quell runs show 3f2a
  quell runs cancel 3f2a")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List runs, newest first.
    #[command(after_help = "Examples:
  quell runs list --subject alice
  quell runs list --status needs-attention
  quell runs list --playbook dcsync --limit 5 --json")]
    List {
        /// Of this playbook.
        #[arg(long)]
        playbook: Option<String>,
        /// About somebody or something with this in the name.
        #[arg(long)]
        subject: Option<String>,
        /// Standing so.
        #[arg(long, value_enum)]
        status: Option<Standing>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one run as its journal, line by line.
    #[command(after_help = "Examples:
  quell runs show 3f2a
  quell runs show 3f2a --json")]
    Show {
        /// The run: its id, or the beginning of it.
        run: String,
    },
    /// Stop a run: what is started is finished, nothing more is begun.
    #[command(after_help = "Example:
  quell runs cancel 3f2a")]
    Cancel {
        /// The run: its id, or the beginning of it.
        run: String,
    },
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Standing {
    Running,
    Undoing,
    NeedsAttention,
    Finished,
}

impl From<Standing> for RunStatus {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Running => Self::Running,
            Standing::Undoing => Self::Undoing,
            Standing::NeedsAttention => Self::NeedsAttention,
            Standing::Finished => Self::Finished,
        }
    }
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context))?
}

async fn answer(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let operations = match args.command {
        Command::List { .. } | Command::Show { .. } => reach::records(context).await?,
        Command::Cancel { .. } => reach::operations(context).await?,
    };
    match args.command {
        Command::List { playbook, subject, status, limit } => {
            let filter = RunFilter {
                playbook: playbook.map(PlaybookName),
                subject,
                status: status.map(Into::into),
                limit: Some(limit),
                ..RunFilter::default()
            };
            list(context.show, &operations.runs(&filter).await?)?;
        }
        Command::Show { run } => show_run(context.show, &operations.run(&run).await?)?,
        Command::Cancel { run } => {
            list(context.show, &[operations.cancel(&run, &operations.by()).await?])?;
        }
    }
    Ok(super::YES)
}

/// A table of runs.
pub(crate) fn list(show: Show, runs: &[RunSummary]) -> anyhow::Result<()> {
    if show.json {
        return show.json(&runs);
    }
    let mut table =
        Table::new(&["RUN", "STARTED", "PLAYBOOK", "ABOUT", "STANDS", "CHANGED", "LEFT ALONE", "FAILED"]);
    for run in runs {
        table.row([
            run.id.0.chars().take(8).collect::<String>(),
            moment(run.started),
            styled(NAME, &run.playbook.name),
            about(&run.subjects),
            standing(run),
            changed(run),
            run.counts.excluded.to_string(),
            run.counts.failed.to_string(),
        ]);
    }
    show.line(table);
    Ok(())
}

/// How many changes it made, or would have made.
fn changed(run: &RunSummary) -> String {
    let number = run.counts.changed;
    if run.mode == Mode::Observe { format!("would: {number}") } else { number.to_string() }
}

/// How it ended, or where it stands.
pub(crate) fn standing(run: &RunSummary) -> String {
    if run.status != RunStatus::Finished {
        let style = if run.status == RunStatus::NeedsAttention { BAD } else { NOTE };
        return styled(style, word(&run.status));
    }
    let Some(finish) = run.finish else { return word(&run.status) };
    let style = match finish {
        Finish::Contained => GOOD,
        Finish::Failed | Finish::OverLimit | Finish::NeedsAttention => BAD,
        Finish::Partly | Finish::Excluded | Finish::Cancelled => NOTE,
        Finish::Observed | Finish::NothingToDo => FAINT,
    };
    let undone = if run.counts.undone > 0 { ", undone" } else { "" };
    styled(style, format!("{}{undone}", word(&finish)))
}

fn show_run(show: Show, record: &RunRecord) -> anyhow::Result<()> {
    if show.json {
        return show.json(record);
    }
    let run = &record.summary;
    show.line(format_args!("{} {}", styled(NAME, &run.playbook.name), styled(FAINT, &run.id)));
    let origin = match &run.origin {
        Origin::Live => "live".to_owned(),
        Origin::Replay { id } => format!("replay {id}"),
    };
    let from = match occasion(&run.occasion) {
        Some(words) => words,
        None => format!("alert {} {:?}", run.alert, run.alert_title),
    };
    show.line(format_args!("  {from}, {origin}, mode {}", word(&run.mode)));
    show.line(format_args!("  {}", standing(run)));
    if !record.tasks.is_empty() {
        show.line(tasks(&record.tasks));
    }
    let mut telling = Telling::default();
    for line in &record.lines {
        show.line(format_args!("{:>4} {}", line.number, telling.line(line)));
    }
    show_timers(show, &record.tasks);
    if !record.attached.is_empty() {
        show.line(styled(HEAD, "alerts that belong to it (`once_per`)"));
    }
    for later in &record.attached {
        show.line(format_args!(
            "  {} alert {} {:?}: the same {}",
            styled(FAINT, moment(later.at)),
            later.alert,
            later.title,
            later.because
        ));
    }
    Ok(())
}

/// The undo timers that run, with the names by which they can be stopped or put off.
fn show_timers(show: Show, tasks: &[TaskRecord]) {
    let mut timed = tasks.iter().filter_map(|task| Some((task, task.undo_due?))).peekable();
    if timed.peek().is_some() {
        show.line(styled(HEAD, "undo timers (`quell undo confirm`, `quell undo extend`)"));
    }
    for (task, due) in timed {
        let TaskRecord { task, action, of, provider, .. } = task;
        let when = due.format("%Y-%m-%d %H:%M:%S");
        show.line(format_args!("  {task} {action} of {of} at {provider} is taken back at {when}"));
    }
}

/// What became of each account and device.
fn tasks(tasks: &[TaskRecord]) -> Table {
    let mut table = Table::new(&["  ACTION", "OF", "AT", "RESULT", "UNDONE AT", "WHY"]);
    for task in tasks {
        table.row([
            format!("  {}", task.action),
            styled(NAME, &task.of),
            task.provider.clone(),
            styled(style(task.result), word(&task.result)),
            task.undo_due.map(moment).unwrap_or_default(),
            task.why.clone().unwrap_or_default(),
        ]);
    }
    table
}

fn style(result: TaskResult) -> anstyle::Style {
    use TaskResult::{
        Accepted, AlreadySo, Done, Failed, NeedsAttention, NotUndone, Released, Undone, WithoutEffect,
    };
    match result {
        Done | Accepted => GOOD,
        AlreadySo | Undone | Released => FAINT,
        Failed | NeedsAttention | NotUndone | WithoutEffect => BAD,
        _ => NOTE,
    }
}

/// Whom a run is about, in a cell of a table: `--json` and `quell runs show` name them all.
fn about(subjects: &[String]) -> String {
    const MOST: usize = 5;
    let (named, more) = subjects.split_at(subjects.len().min(MOST));
    let named = plain(&named.join(", "));
    if more.is_empty() { named } else { format!("{named} and {} more", more.len()) }
}
