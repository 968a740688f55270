//! `quell demo`.
use std::process::ExitCode;
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}
pub(crate) fn run(_: &Args, _: &super::Context) -> anyhow::Result<ExitCode> {
    Ok(super::YES)
}
