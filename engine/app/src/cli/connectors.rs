//! `quell connectors`.

use std::process::ExitCode;

use clap::Subcommand;
use quell_action::ProbeReport;

use super::{Context, block_on, yes_if};
use crate::config::{self, Mistakes};
use crate::connectors;
use crate::show::{BAD, GOOD, NAME, NOTE, Show, Table, styled};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  quell connectors list
  quell connectors probe")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the connectors that there are.
    #[command(after_help = "Examples:
  quell connectors list
  quell connectors list --json      with the schema of their settings")]
    List,
    /// Check the connectors' settings. Reaches no system. Exit code 1 when there is a mistake.
    #[command(after_help = "Example:
  quell connectors check")]
    Check,
    /// Reach every system, sign in, and say which actions its rights allow. Changes nothing.
    #[command(after_help = "Exit code 1 when a system has a problem.

Examples:
  quell connectors probe
  quell connectors probe active-directory")]
    Probe {
        /// Only this one, by its name in the site file.
        name: Option<String>,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::List => list(context.show),
        Command::Check => check(context),
        Command::Probe { name } => block_on(probe(name.as_deref(), context))?,
    }
}

/// The connectors' part of `quell check`.
fn check(context: &Context) -> anyhow::Result<ExitCode> {
    let mut found = Mistakes::default();
    let read = config::read(context.config.as_deref()).and_then(|site| connectors::offered(&site));
    found.gather(read)?;
    super::check::verdict(context.show, &found)
}

fn list(show: Show) -> anyhow::Result<ExitCode> {
    let kinds = quell_connectors::all();
    if show.json {
        let kinds: Vec<_> = kinds.iter().map(|kind| serde_json::json!({ "name": kind.name(), "summary": kind.summary(), "settings": kind.settings_schema() })).collect();
        show.json(&kinds)?;
        return Ok(super::YES);
    }
    let mut table = Table::new(&["CONNECTOR", "WHAT IT TALKS TO"]);
    for kind in kinds {
        table.row([styled(NAME, kind.name()), kind.summary().to_owned()]);
    }
    show.line(table);
    Ok(super::YES)
}

async fn probe(name: Option<&str>, context: &Context) -> anyhow::Result<ExitCode> {
    let site = config::read(context.config.as_deref())?;
    let connections = connectors::connections(&site).await?;
    let wanted: Vec<_> =
        connections.iter().filter(|connection| name.is_none_or(|name| connection.name == name)).collect();
    if let (Some(name), true) = (name, wanted.is_empty()) {
        anyhow::bail!("the site file has no connector {name}");
    }
    let mut reports = Vec::new();
    for connection in wanted {
        reports.push((connection.name.clone(), connection.probe.probe().await));
    }
    let well = reports.iter().all(|(_, report)| report.problems.is_empty());
    if context.show.json {
        context.show.json(&reports)?;
    } else {
        reports.iter().for_each(|(name, report)| tell(context.show, name, report));
    }
    Ok(yes_if(well))
}

fn tell(show: Show, name: &str, report: &ProbeReport) {
    let system = report.system.as_deref().unwrap_or("no answer");
    show.line(format_args!("{}  {system}", styled(NAME, name)));
    for problem in &report.problems {
        show.line(format_args!("  {} {problem}", styled(BAD, "problem")));
    }
    let mut table = Table::new(&["ACTION", "AT", "RIGHTS", ""]);
    for grant in &report.grants {
        let word = match grant.allowed {
            Some(true) => styled(GOOD, "allowed"),
            Some(false) => styled(BAD, "not allowed"),
            None => styled(NOTE, "cannot tell"),
        };
        let note = grant.note.clone().unwrap_or_default();
        table.row([grant.action.to_string(), grant.provider.to_string(), word, note]);
    }
    if !report.grants.is_empty() {
        show.line(table);
    }
}
