//! `quell limits`: what the limits on identities and devices have let through.

use std::process::ExitCode;

use quell_api::{LimitUse, LimitsReport};
use quell_playbook::model::Per;

use super::{Context, block_on};
use crate::reach;
use crate::show::{BAD, GOOD, HEAD, NAME, Show, Table, moment, styled};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Somebody with several accounts counts once, from the latest call on. Beyond a limit nothing is dropped: people are
asked (`quell approvals`), unless the site or the playbook says `if_over: stop`. Undoing is never limited.

Examples:
  quell limits
  quell limits --who
  quell limits --json"
)]
pub(crate) struct Args {
    /// Say who counts, which run touched them, and when they count no more.
    #[arg(long)]
    who: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let report = block_on(async { anyhow::Ok(reach::records(context).await?.limits().await?) })??;
    if context.show.json {
        context.show.json(&report)?;
    } else {
        tell(context.show, &report, args.who);
    }
    Ok(super::YES)
}

fn tell(show: Show, report: &LimitsReport, who: bool) {
    let mut table = Table::new(&["WHOSE", "WHAT", "IN", "USED", "AT MOST", "ROOM AGAIN"]);
    for one in &report.limits {
        let whose = one.playbook.as_deref().unwrap_or("the site");
        table.row([
            styled(NAME, whose),
            one.limit.what.word().to_owned(),
            stretch(one.limit.per).to_owned(),
            used(one),
            one.limit.at_most.to_string(),
            one.frees_at.map(moment).unwrap_or_default(),
        ]);
    }
    show.line(table);
    let counting = report.limits.iter().filter(|one| who && !one.counted.is_empty());
    for one in counting {
        let whose = one.playbook.as_deref().unwrap_or("the site");
        show.line("");
        show.line(styled(
            HEAD,
            format_args!("{} counted against {whose}, {}", one.limit.what.word(), stretch(one.limit.per)),
        ));
        show.line(those(one));
    }
}

fn those(one: &LimitUse) -> Table {
    let mut table = Table::new(&["WHO", "TOUCHED", "BY RUN", "OF", "COUNTS UNTIL"]);
    for touch in &one.counted {
        table.row([
            styled(NAME, &touch.who),
            moment(touch.at),
            touch.run.0.chars().take(8).collect(),
            touch.playbook.clone(),
            touch.leaves_at.map(moment).unwrap_or_default(),
        ]);
    }
    table
}

fn used(one: &LimitUse) -> String {
    match one.used {
        Some(used) => styled(if used < one.limit.at_most { GOOD } else { BAD }, used),
        None => "each run anew".into(),
    }
}

fn stretch(per: Per) -> &'static str {
    match per {
        Per::Run => "one run",
        Per::Hour => "an hour",
        Per::Day => "a day",
    }
}
