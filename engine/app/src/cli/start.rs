//! `quell start`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::bail;
use quell_api::{RunRecord, StartOrder};
use quell_run::Finish;
use serde_json::Value;

use super::confirm::confirm;
use super::{Context, block_on, yes_if};
use crate::random;
use crate::reach;
use crate::show::{FAINT, HEAD, NAME, Show, Telling, styled};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A playbook is started by hand where its `when` has `manual: true`. First it is said what would be done, to whom,
and who would be left alone; then, after a confirmation, it is done. Exclusions hold as always.

Examples:
  quell start cut-off --input target=alice@contoso.example --dry-run
  quell start cut-off --input target=alice@contoso.example --input reason='Called by the help desk'
  quell start isolate --input machine=wks1.contoso.example --input machine=wks2.contoso.example --yes"
)]
pub(crate) struct Args {
    /// The playbook, by its name.
    playbook: String,
    /// One of its inputs; for several accounts or devices, the same name again.
    #[arg(long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// The confirmation, where there is nobody to ask.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context))?
}

async fn answer(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let show = context.show;
    let inputs = inputs(&args.inputs)?;
    let operations = reach::operations(context).await?;
    let mut order = StartOrder {
        inputs,
        by: operations.by(),
        ticket: random::short_id(),
        dry: true,
        playbook: args.playbook,
    };
    if !args.yes {
        let would = operations.start(&order).await?;
        if args.dry_run && show.json {
            show.json(&would)?;
            return Ok(super::YES);
        }
        would.runs.iter().for_each(|run| tell(show, run));
        if args.dry_run {
            show.aside("nothing was touched");
            return Ok(super::YES);
        }
        confirm(show, false, "this is done to real accounts and devices", "start")?;
    }
    order.dry = false;
    let started = operations.start(&order).await?;
    let Some(run) = started.runs.first() else { bail!("the engine started no run") };
    if show.json {
        show.json(&started)?;
    } else {
        tell(show, run);
        let id = run.summary.id.0.get(..8).unwrap_or(&run.summary.id.0);
        show.aside(format_args!(
            "`quell runs show {id}` says how it goes on, `quell undo {id}` takes it back"
        ));
    }
    Ok(yes_if(!matches!(run.summary.finish, Some(Finish::Failed | Finish::NeedsAttention))))
}

fn inputs(given: &[String]) -> anyhow::Result<BTreeMap<String, Value>> {
    let mut inputs: BTreeMap<String, Value> = BTreeMap::new();
    for input in given {
        let Some((name, value)) = input.split_once('=') else {
            bail!("--input {input}: write NAME=VALUE");
        };
        let value = Value::from(value);
        match inputs.get_mut(name) {
            None => drop(inputs.insert(name.to_owned(), value)),
            Some(Value::Array(members)) => members.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    Ok(inputs)
}

/// What happened in a run, or would.
fn tell(show: Show, record: &RunRecord) {
    let run = &record.summary;
    show.line(format_args!(
        "{}  {} {}",
        styled(HEAD, &run.alert_title),
        styled(NAME, &run.playbook.name),
        styled(FAINT, &run.id)
    ));
    let mut telling = Telling::default();
    for line in &record.lines {
        let words = telling.tell(&line.entry);
        if Telling::matters(&line.entry) {
            show.line(format_args!("  {words}"));
        }
    }
}
