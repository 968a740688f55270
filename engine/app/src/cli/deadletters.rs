//! `quell deadletters`.

use std::collections::HashSet;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use quell_alert::{Decoded, decode};
use quell_api::{Submission, Submitted};
use quell_ingest::DeadLetter;
use serde_json::{Value, json};

use super::confirm::confirm;
use super::{Context, block_on};
use crate::config::{self, Site};
use crate::letters::each;
use crate::reach::{self, Reached};
use crate::show::{BAD, FAINT, GOOD, HEAD, NAME, NOTE, Show, Table, counted, moment, styled};
use crate::wire::{App, Reach};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What cannot be read does not hold up the rest: it goes to the dead letters, with its reason, the place and where it
came from. Once Quell can read it (a newer version, a sender's mistake mended by hand), send it in again.

Examples:
  quell deadletters list
  quell deadletters show 4f0c2a91b7de
  quell deadletters show 4f0c2a91b7de --raw | quell replay -
  quell deadletters retry --all"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them, oldest first, and say which could be read by now.
    #[command(after_help = "Examples:
  quell deadletters list
  quell deadletters list --readable
  quell deadletters list --json")]
    List {
        /// Only those that can be read by now.
        #[arg(long)]
        readable: bool,
        /// Only those written since this time.
        #[arg(long, value_name = "TIME")]
        since: Option<chrono::DateTime<chrono::Utc>>,
    },
    /// Show one with its bytes.
    #[command(after_help = "Examples:
  quell deadletters show 4f0c2a91b7de
  quell deadletters show 4f0c2a91b7de --raw > record.json")]
    Show {
        /// The letter: its id, or the beginning of it.
        letter: String,
        /// Only the bytes, untouched.
        #[arg(long)]
        raw: bool,
    },
    /// Send them in again: what can be read by now is decided, and acted upon.
    #[command(
        after_help = "An alert that was decided already is not decided again, however often it is sent in.

Examples:
  quell deadletters retry 4f0c2a91b7de
  quell deadletters retry --all --yes"
    )]
    Retry {
        /// The letters: their ids, or the beginnings of them.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        letters: Vec<String>,
        /// All that can be read by now.
        #[arg(long)]
        all: bool,
        /// The confirmation, where there is nobody to ask.
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let site = config::read(context.config.as_deref())?;
    block_on(answer(args, site, context))?
}

async fn answer(args: Args, site: Site, context: &Context) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::List { readable, since } => list(context.show, &site, readable, since).await,
        Command::Show { letter, raw } => show_one(context.show, &find(&site, &letter).await?, raw),
        Command::Retry { letters, all, yes } => {
            let chosen = choose(&site, &letters, all).await?;
            if chosen.is_empty() {
                context.show.aside("no dead letter can be read by now; nothing was sent in");
                return Ok(super::YES);
            }
            let what = format!("{} will be decided and acted upon", counted(chosen.len() as u64, "record"));
            confirm(context.show, yes, &what, "retry")?;
            retry(context.show, chosen, &operations(site).await?).await
        }
    }
}

/// What can be seen in a letter by now.
#[derive(Default)]
struct Understood {
    alerts: Vec<String>,
    passed: usize,
    refused: Option<String>,
}

impl Understood {
    fn of(letter: &DeadLetter) -> Self {
        let mut understood = Self::default();
        for record in decode(&letter.bytes) {
            match record {
                Decoded::Alert(alert) => understood.alerts.push(alert.title.clone()),
                Decoded::Passed { .. } => understood.passed += 1,
                Decoded::Refused(refusal) => understood.refused = Some(refusal.reason),
            }
        }
        understood
    }

    fn is_readable(&self) -> bool {
        self.refused.is_none()
    }

    fn words(&self) -> String {
        match (&self.refused, self.alerts.first()) {
            (Some(_), _) => styled(BAD, "not readable"),
            (None, Some(title)) => styled(GOOD, format_args!("readable: {title}")),
            (None, None) => styled(FAINT, "readable, no alert"),
        }
    }
}

async fn list(
    show: Show,
    site: &Site,
    readable: bool,
    since: Option<chrono::DateTime<chrono::Utc>>,
) -> anyhow::Result<ExitCode> {
    let mut table = Table::new(&["LETTER", "WRITTEN", "FROM", "WHY", "NOW"]);
    let (mut told, mut lines) = (HashSet::new(), Vec::new());
    each(site, |found| match found {
        Ok(letter) => {
            let understood = Understood::of(&letter);
            let wanted =
                since.is_none_or(|since| letter.time >= since) && (!readable || understood.is_readable());
            if !wanted || !told.insert(letter.id()) {
                return;
            }
            if show.json {
                lines.push(as_json(&letter, &understood));
            } else {
                table.row([
                    styled(NAME, letter.id()),
                    moment(letter.time),
                    letter.origin.to_string(),
                    reason(&letter),
                    understood.words(),
                ]);
            }
        }
        Err(error) => show.aside(format_args!("{} {error}", styled(NOTE, "no letter:"))),
    })
    .await?;
    if show.json {
        show.json(&lines)?;
    } else if told.is_empty() {
        show.line("there are no such dead letters");
    } else {
        show.line(table);
    }
    Ok(super::YES)
}

fn reason(letter: &DeadLetter) -> String {
    letter.place.as_ref().map_or_else(|| letter.reason.clone(), |place| format!("{place}: {}", letter.reason))
}

fn as_json(letter: &DeadLetter, understood: &Understood) -> Value {
    json!({
        "id": letter.id(), "time": letter.time, "origin": letter.origin, "reason": letter.reason,
        "place": letter.place, "bytes": letter.bytes.len(), "engine_version": letter.engine_version,
        "now": { "readable": understood.is_readable(), "alerts": understood.alerts, "reason": understood.refused },
    })
}

fn show_one(show: Show, letter: &DeadLetter, raw: bool) -> anyhow::Result<ExitCode> {
    if raw {
        show.bytes(&letter.bytes);
        return Ok(super::YES);
    }
    let understood = Understood::of(letter);
    let text = String::from_utf8_lossy(&letter.bytes);
    if show.json {
        let mut value = as_json(letter, &understood);
        value["text"] = text.into();
        show.json(&value)?;
        return Ok(super::YES);
    }
    show.line(styled(HEAD, letter.id()));
    for (name, value) in [
        ("from", letter.origin.to_string()),
        (
            "written",
            format!("{} by version {}", letter.time.format("%Y-%m-%d %H:%M:%S UTC"), letter.engine_version),
        ),
        ("why", reason(letter)),
        ("now", understood.refused.clone().unwrap_or_else(|| understood.words())),
        ("bytes", letter.bytes.len().to_string()),
    ] {
        show.line(format_args!("  {name:<8} {value}"));
    }
    show.line(text.trim_end());
    Ok(super::YES)
}

/// The letter that was meant: by its id, or the beginning of it.
async fn find(site: &Site, name: &str) -> anyhow::Result<DeadLetter> {
    let mut chosen = choose(site, &[name.to_owned()], false).await?;
    chosen.pop().with_context(|| format!("there is no dead letter {name}"))
}

/// The letters that were meant; each record once.
async fn choose(site: &Site, names: &[String], all: bool) -> anyhow::Result<Vec<DeadLetter>> {
    let mut chosen: Vec<DeadLetter> = Vec::new();
    each(site, |found| {
        let Ok(letter) = found else { return };
        let id = letter.id();
        let meant = match all {
            true => Understood::of(&letter).is_readable(),
            false => names.iter().any(|name| !name.is_empty() && id.starts_with(name.as_str())),
        };
        if meant && !chosen.iter().any(|other| other.id() == id) {
            chosen.push(letter);
        }
    })
    .await?;
    for name in names {
        match chosen.iter().filter(|letter| letter.id().starts_with(name.as_str())).count() {
            1 => {}
            0 => bail!("there is no dead letter {name}: `quell deadletters list` names them"),
            _ => bail!("{name} is the beginning of several dead letters; write more of the id"),
        }
    }
    Ok(chosen)
}

/// The running engine decides; where none runs, one of this process that has the playbooks.
async fn operations(site: Site) -> anyhow::Result<Reached> {
    reach::reach(site, async |site| App::open(site, Reach::Acting).await).await
}

async fn retry(show: Show, letters: Vec<DeadLetter>, operations: &Reached) -> anyhow::Result<ExitCode> {
    let (mut answers, mut refused) = (Vec::new(), false);
    for letter in letters {
        let id = letter.id();
        let submission = Submission {
            by: operations.by(),
            origin: serde_json::to_value(&letter.origin).ok(),
            bytes: letter.bytes,
        };
        let records = operations.submit(&submission).await.with_context(|| format!("letter {id}"))?;
        refused |= records.iter().any(|record| matches!(record, Submitted::Refused { .. }));
        if show.json {
            answers.push(json!({ "letter": id, "records": records }));
        } else {
            records
                .iter()
                .for_each(|record| show.line(format_args!("{}  {}", styled(NAME, &id), words(record))));
        }
    }
    if show.json {
        show.json(&answers)?;
    }
    Ok(super::yes_if(!refused))
}

fn words(record: &Submitted) -> String {
    match record {
        Submitted::Decided { title, runs, .. } => {
            let runs = counted(runs.len() as u64, "run");
            format!("{} {title}: {runs}", styled(GOOD, "decided"))
        }
        Submitted::Repeated { title, .. } => format!("{} {title}", styled(FAINT, "decided before")),
        Submitted::Passed { what } => format!("{} {what}", styled(FAINT, "passed over")),
        Submitted::Refused { reason, place } => {
            format!("{} {place}: {reason}", styled(BAD, "still not readable"))
        }
    }
}
