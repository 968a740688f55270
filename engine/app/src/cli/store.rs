//! `quell store`.
//!
//! What only looks or copies is asked of the running engine, where there is one: it holds the store. What replaces the
//! store needs the engine stopped. None of it needs connectors or playbooks, which may be out of order.

mod look_after;
mod replace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use quell_store::EngineKind;

use super::{Context, block_on};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  quell store stats
  quell store verify
  quell store backup /var/backups/quell-$(date +%F).copy
  quell store restore /var/backups/quell-2026-11-20.copy --yes")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what the store holds and how large it is.
    #[command(after_help = "Examples:
  quell store stats
  quell store stats --json")]
    Stats,
    /// Forget alerts and finished runs that are old enough; unfinished runs are always kept.
    #[command(
        after_help = "What is forgotten is gone. Forgetting more than the site file's retention allows must be confirmed.

Examples:
  quell store prune --dry-run
  quell store prune --days 90 --runs 100000"
    )]
    Prune(look_after::Prune),
    /// Look the whole store over: every checksum, every journal, every index. Exit code 1: something is damaged.
    #[command(after_help = "The engine may go on working meanwhile.

Examples:
  quell store verify
  quell store verify --json")]
    Verify,
    /// Copy the store into a new file, while the engine works or without one.
    #[command(after_help = "The file is whole as soon as it has its name, and only its owner can read it.

Examples:
  quell store backup /var/backups/quell-$(date +%F).copy")]
    Backup {
        /// The new file. Nothing is written over.
        file: PathBuf,
    },
    /// Put a copy in the place of the store. The engine must be stopped.
    #[command(
        after_help = "The copy is read through before anything is touched, and what was there is kept beside it. Alerts that came after
the copy was made can be sent in again with `quell replay`.

Examples:
  quell store restore /var/backups/quell-2026-11-20.copy
  quell store restore /var/backups/quell-2026-11-20.copy --yes    where there is nobody to ask"
    )]
    Restore {
        /// The copy.
        file: PathBuf,
        /// The confirmation, where there is nobody to ask.
        #[arg(long)]
        yes: bool,
    },
    /// Go on with a store that has lost data, with what it still has. The engine must be stopped.
    #[command(
        after_help = "A store that ends before the last commit that it acknowledged does not open: restore a copy where there is one.
Where there is none, this says that the loss is understood. What was lost is then decided anew where it comes again.

Examples:
  quell store accept-loss
  quell store accept-loss --yes      where there is nobody to ask"
    )]
    AcceptLoss {
        /// The confirmation, where there is nobody to ask.
        #[arg(long)]
        yes: bool,
    },
    /// Turn the store into one of another engine. The engine must be stopped.
    #[command(
        after_help = "What was there is kept beside it. Write the new engine into the site file afterwards.

Examples:
  quell store convert --to redb"
    )]
    Convert {
        /// The engine.
        #[arg(long, value_enum)]
        to: Kind,
    },
}

/// What keeps a store.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Sled,
    Redb,
}

impl From<Kind> for EngineKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Sled => Self::Sled,
            Kind::Redb => Self::Redb,
        }
    }
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context))?
}

async fn answer(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Stats => look_after::stats(context).await,
        Command::Prune(order) => look_after::prune(&order, context).await,
        Command::Verify => look_after::verify(context).await,
        Command::Backup { file } => look_after::backup(&file, context).await,
        Command::Restore { file, yes } => replace::restore(&file, yes, context).await,
        Command::AcceptLoss { yes } => replace::accept_loss(yes, context).await,
        Command::Convert { to } => replace::convert(to.into(), context).await,
    }
}
