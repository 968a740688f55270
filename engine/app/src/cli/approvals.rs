//! `quell approvals`: what the engine asks people.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use quell_api::{AnswerOrder, Operations};
use quell_run::OpenQuestion;

use super::confirm::confirm;
use super::{Context, block_on};
use crate::reach;
use crate::show::{FAINT, HEAD, NAME, NOTE, Show, asked, plain, styled};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  quell approvals list
  quell approvals approve 3f2a91c0/0/confirm
  quell approvals approve 3f2a91c0/limits --all

Runs that meet the same limit ask one question. Without --all an answer goes for the run that is named; with it, for all
that were shown, and nobody else.

Where the site file says who has a token of their own (`api.people`), only they answer, with their token in QUELL_TOKEN:
  QUELL_TOKEN=$(cat ~/.quell-token) quell approvals approve 3f2a91c0/0/confirm")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the questions that wait for an answer; what expires first comes first.
    #[command(after_help = "Example:
  quell approvals list")]
    List,
    /// Say yes.
    #[command(after_help = "Examples:
  quell approvals approve 3f2a91c0/0/confirm
  quell approvals approve 3f2a91c0/0/confirm --choice only_sessions --remark 'Ticket 4711'")]
    Approve(Answer),
    /// Say no: what was asked about is not done.
    #[command(after_help = "Example:
  quell approvals reject 3f2a91c0/plan --remark 'A planned test'")]
    Reject(Answer),
}

#[derive(Debug, clap::Args)]
struct Answer {
    /// The question, as the list names it: the run, or the beginning of it, and the question's name.
    question: String,
    /// Which answer, where several would do.
    #[arg(long)]
    choice: Option<String>,
    /// What else there is to say, for the record.
    #[arg(long)]
    remark: Option<String>,
    /// Answer for all runs that are asked about together; they are shown first.
    #[arg(long)]
    all: bool,
    /// Do not ask again whether all are meant.
    #[arg(long, requires = "all")]
    yes: bool,
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context))?
}

async fn answer(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (order, stops) = match args.command {
        Command::List => return list(context.show, &reach::records(context).await?.questions().await?),
        Command::Approve(order) => (order, false),
        Command::Reject(order) => (order, true),
    };
    let operations = reach::operations(context).await?;
    let asked = find(&*operations, &order.question).await?;
    let choice = choose(&asked, order.choice, stops)?;
    let with = if order.all { asked.with.clone() } else { Vec::new() };
    if !with.is_empty() {
        let texts: Vec<&str> =
            std::iter::once(asked.question.text.as_str()).chain(of_others(&asked)).collect();
        let what = format!(
            "{} answers {} runs, about {}:\n  {}",
            plain(&choice),
            with.len() + 1,
            plain(&everybody(&asked).join(", ")),
            texts.into_iter().map(plain).collect::<Vec<_>>().join("\n  ")
        );
        confirm(context.show, order.yes, &what, &choice)?;
    }
    let others = with.len();
    let order = AnswerOrder {
        run: asked.run.0.clone(),
        question: asked.question.id.clone(),
        choice: choice.clone(),
        bond: asked.question.bond.clone(),
        by: operations.by(),
        remark: order.remark,
        with,
    };
    let summary = operations.answer(&order, &operations.caller).await?;
    if context.show.json {
        context.show.json(&summary)?;
    } else {
        context.show.line(format_args!("answered {choice:?}: {}", plain(&asked.question.text)));
        if others > 0 {
            context.show.line(format_args!("and the same for {others} more runs"));
        }
    }
    Ok(super::YES)
}

/// The question that was meant: `RUN/QUESTION`, the run by the beginning of its id.
async fn find(operations: &dyn Operations, name: &str) -> anyhow::Result<OpenQuestion> {
    let Some((run, question)) = name.split_once('/') else {
        bail!("{name} names no question: write RUN/QUESTION, as `quell approvals list` does");
    };
    let open = operations.questions().await?;
    let mut meant =
        open.into_iter().filter(|one| one.run.0.starts_with(run) && one.question.id.0 == question);
    match (meant.next(), meant.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => {
            bail!("no question {name} waits for an answer; it may have been answered, or have expired")
        }
        (Some(_), Some(_)) => bail!("{name} is the beginning of several; write more of the run's id"),
    }
}

/// The answer that was meant: the one that was named, or the only one that says yes, or no.
fn choose(asked: &OpenQuestion, named: Option<String>, stops: bool) -> anyhow::Result<String> {
    let question = &asked.question;
    let mut fitting = question.choices.iter().filter(|choice| question.stopping.contains(choice) == stops);
    if let Some(named) = named {
        if !fitting.any(|choice| *choice == named) {
            let word = if stops { "no" } else { "yes" };
            bail!("{named:?} is no answer that says {word}; the answers are {}", question.choices.join(", "));
        }
        return Ok(named);
    }
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only.clone()),
        _ => bail!("say which answer with --choice: {}", question.choices.join(", ")),
    }
}

/// What the runs that are asked about together ask, each once; what this one asks itself apart.
fn of_others(one: &OpenQuestion) -> Vec<&str> {
    let mut texts: Vec<&str> = Vec::new();
    for other in one.with.iter().map(|other| other.text.as_str()) {
        if !other.is_empty() && other != one.question.text && !texts.contains(&other) {
            texts.push(other);
        }
    }
    texts
}

/// Whom a question is about, those of other runs that ask the same included.
fn everybody(one: &OpenQuestion) -> Vec<&str> {
    let others = one.with.iter().flat_map(|other| &other.subjects);
    one.subjects.iter().chain(others).map(String::as_str).collect()
}

fn list(show: Show, open: &[OpenQuestion]) -> anyhow::Result<ExitCode> {
    if show.json {
        show.json(&open)?;
        return Ok(super::YES);
    }
    if open.is_empty() {
        show.line("no question waits for an answer");
    }
    for one in open {
        let run: String = one.run.0.chars().take(8).collect();
        let question = &one.question;
        show.line(format_args!(
            "{}  {}",
            styled(NAME, format_args!("{run}/{}", question.id)),
            styled(HEAD, plain(&question.text))
        ));
        show.line(format_args!(
            "  {} starts {}, about {}",
            plain(&one.alert_title),
            one.playbook,
            plain(&everybody(one).join(", "))
        ));
        if !one.with.is_empty() {
            for text in of_others(one) {
                show.line(format_args!("  {}", styled(HEAD, plain(text))));
            }
            let more = one.with.len();
            show.line(styled(
                NOTE,
                format_args!("  {more} more runs ask such a question; --all answers for all"),
            ));
        }
        show.line(format_args!("  answers: {}; asked: {}", question.choices.join(", "), asked(&question.of)));
        let so_far = match one.replies.len() {
            0 => String::new(),
            replies => format!(", {replies} of {} so far", question.quorum),
        };
        show.line(format_args!(
            "  {}{}",
            styled(NOTE, format_args!("until {}", question.expires.format("%Y-%m-%d %H:%M:%S UTC"))),
            styled(FAINT, so_far)
        ));
    }
    Ok(super::YES)
}
