//! The command line: one file for each command. Commands parse, call a room, and show what it said.

mod actions;
mod approvals;
mod attention;
mod audit;
mod bench;
mod check;
mod completions;
mod confirm;
mod connectors;
mod deadletters;
mod decode;
mod demo;
mod exclusions;
mod explain;
mod explain_code;
mod fmt;
mod identity;
mod init;
mod limits;
mod lists;
mod new;
mod pause;
mod reference;
mod replay;
mod run;
mod runs;
mod schema;
mod start;
mod store;
mod test;
mod undo;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::show::Show;

/// The answer is yes, or the work is done.
const YES: ExitCode = ExitCode::SUCCESS;

/// What the program was asked.
#[derive(Debug, Parser)]
#[command(
    name = "quell",
    version,
    about = "Automatic attack disruption: alerts in, playbooks matched, exclusions honoured, actions carried out.",
    after_help = "Exit codes:
  0  done, or the answer is yes
  1  the answer is no: a mistake was found, a record was refused
  2  the command line is wrong
  3  it could not be done: a file, the store, a system out of reach

With --json, answers are JSON on standard output, and failures are JSON on standard error.

Whoever has a token of their own (`api.people` in the site file) shows it in QUELL_TOKEN: what they do is then written down
under their name.

First steps:
  quell demo             watch it work on a made-up tenant; no service needed
  quell init FOLDER      write a commented configuration, a first playbook and an exclusion file
  quell check            check all of them before anything runs",
    disable_help_subcommand = true,
    propagate_version = true,
    max_term_width = 110
)]
struct Cli {
    /// The site file [default: ./quell.yaml, then /etc/quell/quell.yaml]
    #[arg(long, short, global = true, env = "QUELL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    json: bool,

    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,

    #[command(subcommand)]
    command: Command,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the engine: read alerts, decide, act, record.
    Run(run::Args),
    /// Watch the engine work on a made-up tenant, with sample alerts and no outside service.
    Demo(demo::Args),
    /// Send past alerts in again; dry unless told otherwise.
    Replay(replay::Args),
    /// Show what Quell understands of alerts.
    Decode(decode::Args),
    /// Say for each playbook whether an alert starts it, and why.
    Explain(explain::Args),
    /// Explain a code that `quell check` prints.
    ExplainCode(explain_code::Args),
    /// Write a first version of a playbook and of its test.
    New(new::Args),
    /// Check playbooks, the site file and the exclusion file.
    Check(check::Args),
    /// Lay playbooks out as all are: order, indentation, spaces; comments stay.
    Fmt(fmt::Args),
    /// Play the tests of playbooks, in a world of their own.
    Test(test::Args),
    /// Print every key, name, operator and word of the language, on one page.
    Reference(reference::Args),
    /// Print the form of a playbook as a JSON Schema, for editors.
    Schema(schema::Args),
    /// Start a playbook by hand; says what it would do first.
    Start(start::Args),
    /// Look at runs.
    Runs(runs::Args),
    /// Take back what a run changed.
    Undo(undo::Args),
    /// Answer what the engine asks people.
    Approvals(approvals::Args),
    /// Settle calls of which nobody can say whether they took effect.
    Attention(attention::Args),
    /// Show what the limits on identities and devices have let through.
    Limits(limits::Args),
    /// Look at what could not be read, and send it in again.
    Deadletters(deadletters::Args),
    /// Stop everything disruptive, at once, until told to go on.
    Pause(pause::PauseArgs),
    /// Go on after a pause.
    Resume(pause::ResumeArgs),
    /// Show a person as Quell sees them: accounts, groups, privilege, exclusions, what is in force.
    Identity(identity::Args),
    /// Look at and change the exclusion list.
    Exclusions(exclusions::Args),
    /// Look at and change the named lists that playbooks ask and write.
    Lists(lists::Args),
    /// List what can be done, or explain one action.
    Actions(actions::Args),
    /// Check the connectors' settings, or ask the systems what Quell may do there.
    Connectors(connectors::Args),
    /// Verify and export the audit log: everything that was decided and done, as a chain.
    Audit(audit::Args),
    /// Look after the store.
    Store(store::Args),
    /// Measure how long understanding and deciding take.
    Bench(bench::Args),
    /// Write a commented configuration, a first playbook and an exclusion file.
    Init(init::Args),
    /// Print a completion script for a shell.
    Completions(completions::Args),
}

/// What every command is given.
pub(crate) struct Context {
    /// The site file that was named.
    pub(crate) config: Option<PathBuf>,
    /// How answers are shown.
    pub(crate) show: Show,
}

pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.color {
        Colour::Auto => {}
        Colour::Always => anstream::ColorChoice::Always.write_global(),
        Colour::Never => anstream::ColorChoice::Never.write_global(),
    }
    let context = Context { config: cli.config, show: Show { json: cli.json } };
    match dispatch(cli.command, &context) {
        Ok(_) if context.show.is_cut_short() => {
            context.show.failure(&anyhow::anyhow!("the answer could not be written to its end"));
            ExitCode::from(3)
        }
        Ok(code) => code,
        Err(error) => {
            context.show.failure(&error);
            ExitCode::from(3)
        }
    }
}

fn dispatch(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(args) => run::run(&args, context),
        Command::Demo(args) => demo::run(&args, context),
        Command::Replay(args) => replay::run(args, context),
        Command::Decode(args) => decode::run(args, context),
        Command::Explain(args) => explain::run(args, context),
        Command::ExplainCode(args) => explain_code::run(&args, context),
        Command::New(args) => new::run(&args, context),
        Command::Check(args) => check::run(&args, context),
        Command::Fmt(args) => fmt::run(&args, context),
        Command::Test(args) => test::run(&args, context),
        Command::Reference(args) => reference::run(&args, context),
        Command::Schema(args) => schema::run(&args, context),
        Command::Start(args) => start::run(args, context),
        Command::Runs(args) => runs::run(args, context),
        Command::Undo(args) => undo::run(args, context),
        Command::Approvals(args) => approvals::run(args, context),
        Command::Attention(args) => attention::run(args, context),
        Command::Limits(args) => limits::run(&args, context),
        Command::Deadletters(args) => deadletters::run(args, context),
        Command::Pause(args) => pause::pause(args, context),
        Command::Resume(args) => pause::resume(&args, context),
        Command::Identity(args) => identity::run(&args, context),
        Command::Exclusions(args) => exclusions::run(args, context),
        Command::Lists(args) => lists::run(args, context),
        Command::Actions(args) => actions::run(&args, context),
        Command::Connectors(args) => connectors::run(&args, context),
        Command::Audit(args) => audit::run(args, context),
        Command::Store(args) => store::run(args, context),
        Command::Bench(args) => bench::run(&args, context),
        Command::Init(args) => init::run(&args, context),
        Command::Completions(args) => completions::run(&args, context),
    }
}

/// How long threads may take to notice that nobody waits for them any more.
const GIVEN_UP: Duration = Duration::from_secs(1);

/// Runs a future to its end on a runtime of its own.
pub(crate) fn block_on<F: Future>(future: F) -> anyhow::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let answer = runtime.block_on(future);
    // What still blocks a thread, such as a look at brokers that say nothing, was given up: it is not waited for.
    runtime.shutdown_timeout(GIVEN_UP);
    Ok(answer)
}

/// 0 for yes, 1 for no.
pub(crate) fn yes_if(yes: bool) -> ExitCode {
    if yes { YES } else { ExitCode::from(1) }
}
