//! `quell`, the program: command line, configuration and wiring. It holds no logic of its own.

mod answers;
mod archive;
mod bench;
mod cli;
mod clock;
mod config;
mod connectors;
mod courier;
#[cfg(feature = "crash-points")]
mod crashing;
mod csv;
mod decider;
mod environment;
mod exclusions;
mod kafka;
mod letters;
mod lists;
mod openings;
mod operations;
mod pages;
mod people;
mod pipeline;
mod playbooks;
mod random;
mod reach;
mod records;
mod service;
mod show;
mod telemetry;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
