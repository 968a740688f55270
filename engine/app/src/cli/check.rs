//! `quell check`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use quell_playbook::{Loaded, render};

use super::{Context, yes_if};
use crate::config::{self, Mistakes, Site};
use crate::playbooks::{Teams, load_from};
use crate::show::{BAD, GOOD, styled};
use crate::{connectors, exclusions, kafka};

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code 1 when there is a mistake; warnings alone leave it at 0.

Examples:
  quell check                         the site file, the exclusion file, all playbooks
  quell check playbooks/dcsync.yaml   only this playbook, without a site file
  quell check --json                  for programs, with file, line, column and code")]
pub(crate) struct Args {
    /// Only these playbooks or folders of playbooks, against every action that Quell knows.
    playbooks: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let found = if args.playbooks.is_empty() { whole_site(context)? } else { named(args)? };
    let errors = found.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    context.show.mistakes(&found)?;
    if !context.show.json {
        let style = if errors == 0 { GOOD } else { BAD };
        context.show.aside(styled(style, render::summary(&found.diagnostics)));
    }
    Ok(yes_if(errors == 0))
}

fn named(args: &Args) -> anyhow::Result<Mistakes> {
    let catalogue = quell_connectors::catalogue();
    let mut found = Mistakes::default();
    for path in &args.playbooks {
        add(&mut found, load_from(path, &catalogue, &Teams::new())?);
    }
    Ok(found)
}

/// Everything that a site says, without touching any system.
fn whole_site(context: &Context) -> anyhow::Result<Mistakes> {
    let mut found = Mistakes::default();
    let Some(site) = gathered(config::read(context.config.as_deref()), &mut found)? else { return Ok(found) };
    let Some(offered) = gathered(connectors::offered(&site), &mut found)? else { return Ok(found) };
    gathered(exclusions::read(&site, &offered), &mut found)?;
    gathered(source(&site), &mut found)?;
    add(&mut found, load_from(&site.config.playbooks, &offered, &site.config.teams)?);
    Ok(found)
}

/// Whether the section about the source makes sense.
fn source(site: &Site) -> anyhow::Result<()> {
    kafka::settings_unfollowed(site).map(drop).context("source.kafka")
}

fn add(found: &mut Mistakes, loaded: Loaded) {
    found.diagnostics.extend(loaded.diagnostics);
    found.sources.extend(loaded.sources);
}

/// Keeps mistakes for later and lets other failures through.
fn gathered<T>(result: anyhow::Result<T>, found: &mut Mistakes) -> anyhow::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.downcast::<Mistakes>() {
            Ok(mistakes) => {
                found.diagnostics.extend(mistakes.diagnostics);
                found.sources.extend::<BTreeMap<String, String>>(mistakes.sources);
                Ok(None)
            }
            Err(error) => Err(error),
        },
    }
}
