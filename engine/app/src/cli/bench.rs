//! `quell bench`.

use std::process::ExitCode;

use anyhow::bail;

use super::Context;
use crate::bench::{Figures, Order, measure};
use crate::show::{BAD, GOOD, Table, styled};

/// What matching may cost on top of understanding.
const ON_TOP: f64 = 0.2;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Alerts and playbooks are generated from a seed, the playbooks go through the checker, and what the index finds is
held against the slow way of finding it. Times are CPU times of one thread, the best of five. The limit is reading the
same bytes with nothing understood, measured in the same run: ratios can be compared between machines, times cannot.

Examples:
  quell bench
  quell bench --playbooks 1,1000,10000 --alerts 20000 --json
  quell bench --assert        exit code 1 when matching costs more than a fifth of understanding"
)]
pub(crate) struct Args {
    /// With how many playbooks to measure.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1000,10000")]
    playbooks: Vec<usize>,
    /// With how many alerts.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    alerts: u32,
    /// What alerts and playbooks are generated from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Exit with 1 when matching costs more than is promised.
    #[arg(long)]
    assert: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let show = context.show;
    if cfg!(debug_assertions) {
        if args.assert {
            bail!("this program was built without optimisation: its times say nothing (cargo run --release)");
        }
        show.aside(
            "this program was built without optimisation: its times say nothing (cargo run --release)",
        );
    }
    let order = Order { seed: args.seed, alerts: args.alerts as usize, playbooks: args.playbooks.clone() };
    let figures = measure(&order, &quell_connectors::catalogue(), |step| show.aside(step))?;
    if show.json {
        show.json(&figures)?;
    } else {
        show.line(table(&figures));
    }
    Ok(super::yes_if(!args.assert || figures.iter().all(|one| one.on_top <= ON_TOP)))
}

fn table(figures: &[Figures]) -> Table {
    let mut table =
        Table::new(&["PLAYBOOKS", "STARTED", "READ ONLY", "UNDERSTAND", "MATCH", "ON TOP", "OF THE LIMIT"]);
    for one in figures {
        let style = if one.on_top <= ON_TOP { GOOD } else { BAD };
        table.row([
            one.playbooks.to_string(),
            format!("{:.2}", one.matches),
            format!("{:.2} µs", one.limit_us),
            format!("{:.2} µs", one.decode_us),
            format!("{:.2} µs", one.match_us),
            styled(style, format_args!("{:.1} %", one.on_top * 100.0)),
            format!("{:.2}", one.of_limit),
        ]);
    }
    table
}
