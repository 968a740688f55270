//! `quell reference`: the language on one page.

use std::process::ExitCode;

use quell_action::Catalogue;

use super::Context;
use crate::{config, connectors};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The page is Markdown. With --actions it also lists what the site's connectors offer; with --all, or
without a site file, every action there is.

Examples:
  quell reference > REFERENCE.md
  quell reference --all > everything.md"
)]
pub(crate) struct Args {
    /// With the actions that the site's connectors offer.
    #[arg(long)]
    actions: bool,
    /// With every action that Quell knows, whatever the site has.
    #[arg(long, conflicts_with = "actions")]
    all: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let catalogue = match (args.all, args.actions) {
        (true, _) => quell_connectors::catalogue(),
        (_, true) => match config::read_if_there(context.config.as_deref())? {
            Some(site) => connectors::offered(&site)?,
            None => quell_connectors::catalogue(),
        },
        (false, false) => Catalogue::default(),
    };
    let page = quell_playbook::reference(&catalogue);
    if context.show.json {
        context.show.json(&serde_json::json!({ "page": page }))?;
    } else {
        context.show.line(page.trim_end());
    }
    Ok(super::YES)
}
