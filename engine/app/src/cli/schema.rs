//! `quell schema`: the form of a playbook for editors.

use std::process::ExitCode;

use super::Context;
use crate::{config, connectors};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "With a site file it knows the actions that the site's connectors offer; with --all, or without a site file, every action
there is.
An editor with a YAML language server then completes and checks playbooks:

Example:
  quell schema --all > .quell-schema.json
  # yaml-language-server: $schema=.quell-schema.json      (the first line of a playbook)"
)]
pub(crate) struct Args {
    /// Every action that Quell knows, whatever the site has.
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let site = if args.all { None } else { config::read_if_there(context.config.as_deref())? };
    let catalogue = site.as_ref().map_or_else(|| Ok(quell_connectors::catalogue()), connectors::offered)?;
    context.show.json(&quell_playbook::schema(&catalogue))?;
    Ok(super::YES)
}
