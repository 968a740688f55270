//! `quell audit`: the chain of everything that was decided and done.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use quell_api::{AuditPage, AuditVerdict, Operations};

use super::{Context, block_on, yes_if};
use crate::reach;
use crate::show::{BAD, GOOD, Show, counted, styled};

/// How many records are asked for at once.
const PAGE: usize = 500;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  quell audit verify")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follow the whole log, and say where it was changed, cut or written anew. Exit code 1 when it was.
    #[command(
        after_help = "It prints an anchor: where the log ends, and the hash of its last record. Keep it where whoever can
write to this machine cannot: a log that was cut, or written anew, then no longer goes through it.

Examples:
  quell audit verify
  quell audit verify --anchor 1042:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    Verify {
        /// A place that the log must go through, as an earlier `verify` printed it.
        #[arg(long, value_name = "NUMBER:HASH")]
        anchor: Option<String>,
    },
    /// Write the log out, one JSON object a line, each with what it is about.
    #[command(after_help = "Examples:
  quell audit export audit.jsonl
  quell audit export --from 1042 | jq .what")]
    Export {
        /// The file; standard output when left out.
        file: Option<PathBuf>,
        /// From this record on.
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context))?
}

async fn answer(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let operations = reach::records(context).await?;
    match args.command {
        Command::Verify { anchor } => {
            verified(context.show, &operations.audit_verify(anchor.as_deref()).await?)
        }
        Command::Export { file, from } => {
            let out: Box<dyn Write> = match &file {
                Some(path) => Box::new(BufWriter::new(
                    File::create(path).with_context(|| format!("{} could not be written", path.display()))?,
                )),
                None => Box::new(anstream::stdout()),
            };
            let count = export(&*operations, from, out).await?;
            context.show.aside(counted(count, "record"));
            Ok(super::YES)
        }
    }
}

/// Writes all records out; how many. A reader that has gone away (`| head`) has seen enough.
async fn export(operations: &dyn Operations, mut from: u64, mut out: Box<dyn Write>) -> anyhow::Result<u64> {
    let mut count = 0;
    loop {
        let page = operations.audit_export(&AuditPage { from, most: PAGE }).await?;
        for record in &page {
            match writeln!(out, "{record}") {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(count),
                written => written?,
            }
            count += 1;
            from = record["number"].as_u64().unwrap_or(from) + 1;
        }
        if page.len() < PAGE {
            out.flush()?;
            return Ok(count);
        }
    }
}

fn verified(show: Show, verdict: &AuditVerdict) -> anyhow::Result<ExitCode> {
    if show.json {
        show.json(verdict)?;
    } else {
        match &verdict.broken {
            None => show.line(format_args!(
                "{}: {}",
                styled(GOOD, "the log is whole"),
                counted(verdict.records, "record")
            )),
            Some((number, why)) => {
                show.line(format_args!("{} at record {number}: {why}", styled(BAD, "broken")))
            }
        }
        if let Some(anchor) = verdict.anchor.as_ref().filter(|_| verdict.broken.is_none()) {
            show.line(format_args!("anchor {anchor}"));
        }
    }
    Ok(yes_if(verdict.broken.is_none()))
}
