//! `quell run`.

use std::process::ExitCode;

use super::{Context, block_on};
use crate::service::serve;
use crate::show::counted;
use crate::{config, telemetry};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "With `source.kafka` it runs until it is told to stop; with `source.files` until everything is read and done.

Signals: SIGINT or SIGTERM finish what is started and stop; a second one lets go at once, and the next start settles
what was under way. SIGHUP reads playbooks and exclusions anew; where they have mistakes, the old ones stay.

Example:
  quell run --config /etc/quell/quell.yaml"
)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    #[cfg(feature = "crash-points")]
    crate::crashing::arm()?;
    let site = config::read(context.config.as_deref())?;
    let tally = block_on(async {
        let exporting = telemetry::begin(&site.config.logs, &site.config.telemetry)?;
        let tally = serve(site).await;
        exporting.finish().await;
        tally
    })??;
    if context.show.json {
        context.show.json(&tally)?;
    } else {
        context.show.aside(format_args!(
            "{} accepted, {}; {} repeated, {} passed over, {} to the dead letters",
            counted(tally.alerts, "alert"),
            counted(tally.runs, "run"),
            tally.repeated,
            tally.passed,
            tally.refused
        ));
    }
    Ok(super::YES)
}
