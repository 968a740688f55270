//! `quell connectors`.

use std::process::ExitCode;

use clap::Subcommand;
use quell_action::ProbeReport;

use super::{Context, block_on, yes_if};
use crate::config;
use crate::connectors;
use crate::show::{BAD, GOOD, NAME, NOTE, Show, Table, styled};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the connectors that there are.
    List,
    /// Check the connectors' settings. Reaches no system.
    Check,
    /// Reach every system, sign in, and say which actions its rights allow. Changes nothing.
    Probe {
        /// Only this one, by its name in the site file.
        name: Option<String>,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::List => list(context.show),
        Command::Check => {
            let site = config::read(context.config.as_deref())?;
            connectors::offered(&site)?;
            context.show.aside(format_args!("{}", styled(GOOD, "no mistakes")));
            Ok(super::YES)
        }
        Command::Probe { name } => block_on(probe(name.as_deref(), context))?,
    }
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
    for grant in &report.grants {
        let word = match grant.allowed {
            Some(true) => styled(GOOD, "allowed"),
            Some(false) => styled(BAD, "not allowed"),
            None => styled(NOTE, "cannot tell"),
        };
        let note = grant.note.as_deref().unwrap_or_default();
        show.line(format_args!("  {:<32} {word}  {note}", format!("{} at {}", grant.action, grant.provider)));
    }
}
