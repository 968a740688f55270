//! `quell check`.

use std::path::PathBuf;
use std::process::ExitCode;

use quell_playbook::{Loaded, render};

use super::{Context, yes_if};
use crate::config::{self, Mistakes};
use crate::playbooks::load_from;
use crate::show::{BAD, GOOD, Show, styled};
use crate::{connectors, exclusions, kafka, lists};

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
    verdict(context.show, &found)
}

/// Shows what is wrong, and whether anything is.
pub(super) fn verdict(show: Show, found: &Mistakes) -> anyhow::Result<ExitCode> {
    let errors = found.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    show.mistakes(found)?;
    if !show.json {
        let style = if errors == 0 { GOOD } else { BAD };
        show.aside(styled(style, render::summary(&found.diagnostics)));
    }
    Ok(yes_if(errors == 0))
}

fn named(args: &Args) -> anyhow::Result<Mistakes> {
    let catalogue = quell_connectors::catalogue();
    let mut found = Mistakes::default();
    for path in &args.playbooks {
        add(&mut found, load_from(path, &catalogue, None)?);
    }
    Ok(found)
}

/// Everything that a site says, without touching any system.
fn whole_site(context: &Context) -> anyhow::Result<Mistakes> {
    let mut found = Mistakes::default();
    let Some(site) = found.gather(config::read(context.config.as_deref()))? else { return Ok(found) };
    found.gather(kafka::settings_unfollowed(&site))?;
    let Some(offered) = found.gather(connectors::offered(&site))? else { return Ok(found) };
    found.gather(exclusions::read(&site, &offered))?;
    found.gather(lists::check(&site))?;
    match load_from(&site.config.playbooks, &offered, Some(&site.config)) {
        Ok(loaded) => add(&mut found, loaded),
        Err(error) => found.add(site.mistakes([("playbooks".to_owned(), format!("{error:#}"))])),
    }
    Ok(found)
}

fn add(found: &mut Mistakes, loaded: Loaded) {
    found.add(Mistakes { diagnostics: loaded.diagnostics, sources: loaded.sources });
}
