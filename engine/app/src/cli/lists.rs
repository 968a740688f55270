//! `quell lists`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use clap::Subcommand;
use quell_action::lists::ListEntry;
use quell_api::{AddToList, ListContent, ListSummary, NewEntry, RemoveFromList};

use super::{Context, block_on};
use crate::lists::table;
use crate::reach;
use crate::show::{BAD, NAME, Show, Table, counted, styled};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Which lists there are stands in the site file, under `lists`. Playbooks ask them with `in_list`, and write
them with the actions list.add and list.remove.

Examples:
  quell lists list
  quell lists show vip-users
  quell lists add vip-users ceo@contoso.example --because \"A person decides\"
  quell lists import known-addresses addresses.csv"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List all named lists.
    #[command(after_help = "Examples:
  quell lists list
  quell lists list --json")]
    List,
    /// Show what is in a list now.
    #[command(after_help = "Examples:
  quell lists show vip-users
  quell lists show vip-users --json")]
    Show {
        /// The list.
        list: String,
    },
    /// Put a value into a list; it counts for the next decision.
    #[command(after_help = "Examples:
  quell lists add vip-users ceo@contoso.example --because \"A person decides\"
  quell lists add known-addresses 203.0.113.0/24 --until 2026-12-31")]
    Add {
        /// The list.
        list: String,
        /// The value: a name, an address, a network.
        value: String,
        /// Why.
        #[arg(long)]
        because: Option<String>,
        /// The last day on which it counts (2026-12-31), or a moment.
        #[arg(long)]
        until: Option<String>,
    },
    /// Take a value out of a list. What stands in the file of a list is removed there.
    #[command(after_help = "Example:
  quell lists remove vip-users ceo@contoso.example")]
    Remove {
        /// The list.
        list: String,
        /// The value.
        value: String,
    },
    /// Put all values of a file into a list, or none of them.
    #[command(
        after_help = "The file has one value in each line, or is CSV with a first line that names its columns: value, because, until.

Example:
  quell lists import known-addresses addresses.csv"
    )]
    Import {
        /// The list.
        list: String,
        /// The file.
        file: PathBuf,
    },
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context))?
}

async fn answer(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let show = context.show;
    match args.command {
        Command::List => all(show, &reach::records(context).await?.lists().await?),
        Command::Show { list } => content(show, &reach::records(context).await?.list(&list).await?),
        Command::Add { list, value, because, until } => {
            let until =
                until.as_deref().map(table::end).transpose().map_err(|why| anyhow!("--until: {why}"))?;
            add(context, list, vec![NewEntry { value, because, until }]).await
        }
        Command::Import { list, file } => add(context, list, read(&file)?).await,
        Command::Remove { list, value } => {
            let operations = reach::records(context).await?;
            let order = RemoveFromList { list, value, by: operations.by() };
            let removed = operations.remove_from_list(&order).await?;
            entries(show, &[removed])
        }
    }
}

async fn add(context: &Context, list: String, new: Vec<NewEntry>) -> anyhow::Result<ExitCode> {
    let operations = reach::records(context).await?;
    let order = AddToList { list, entries: new, by: operations.by() };
    let added = operations.add_to_list(&order).await?;
    if !context.show.json {
        let number = counted(u64::try_from(added.len()).unwrap_or(u64::MAX), "value");
        context.show.aside(format_args!("{number} in {}", order.list));
    }
    entries(context.show, &added)
}

fn read(file: &PathBuf) -> anyhow::Result<Vec<NewEntry>> {
    let text = fs::read_to_string(file).with_context(|| format!("{} could not be read", file.display()))?;
    let entries = table::read(&text).map_err(|why| anyhow!("{}, {why}", file.display()))?;
    Ok(entries
        .into_iter()
        .map(|ListEntry { value, because, until, .. }| NewEntry { value, because, until })
        .collect())
}

fn all(show: Show, lists: &[ListSummary]) -> anyhow::Result<ExitCode> {
    if show.json {
        show.json(&lists)?;
        return Ok(super::YES);
    }
    let mut table = Table::new(&["LIST", "ENTRIES", "CHANGED", "ABOUT"]);
    for list in lists {
        table.row([
            styled(NAME, &list.name),
            match &list.trouble {
                Some(_) => styled(BAD, "unreadable"),
                None => list.entries.to_string(),
            },
            list.changed.map(|at| at.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default(),
            list.trouble.clone().or_else(|| list.about.clone()).unwrap_or_default(),
        ]);
    }
    show.line(table);
    Ok(super::YES)
}

fn content(show: Show, list: &ListContent) -> anyhow::Result<ExitCode> {
    if show.json {
        show.json(&list)?;
        return Ok(super::yes_if(list.summary.trouble.is_none()));
    }
    if let Some(trouble) = &list.summary.trouble {
        show.aside(styled(BAD, format_args!("it cannot be read: {trouble}")));
        return Ok(super::yes_if(false));
    }
    entries(show, &list.content)
}

fn entries(show: Show, entries: &[ListEntry]) -> anyhow::Result<ExitCode> {
    if show.json {
        show.json(&entries)?;
        return Ok(super::YES);
    }
    let mut table = Table::new(&["VALUE", "BECAUSE", "UNTIL", "FROM"]);
    for entry in entries {
        table.row([
            styled(NAME, &entry.value),
            entry.because.clone().unwrap_or_default(),
            entry.until.map(|until| until.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default(),
            match (&entry.by, entry.in_file) {
                (_, true) => "its file".to_owned(),
                (by, false) => by.clone().unwrap_or_default(),
            },
        ]);
    }
    show.line(table);
    Ok(super::YES)
}
