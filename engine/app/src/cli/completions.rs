//! `quell completions`.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::Context;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  quell completions bash > /etc/bash_completion.d/quell")]
pub(crate) struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    // Written all at once: the generator itself panics when its reader has gone away.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "quell", &mut script);
    context.show.line(String::from_utf8(script)?.trim_end());
    Ok(super::YES)
}
