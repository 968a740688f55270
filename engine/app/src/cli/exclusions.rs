//! `quell exclusions`.

mod import;

use std::process::ExitCode;

use clap::{ArgGroup, Subcommand};
use quell_action::exclusion::{Entry, EntryId, Excludes, Source};
use quell_api::{AddExclusion, ExclusionTest};
use serde_json::{Map, Value, json};

use super::{Context, block_on, yes_if};
use crate::reach;
use crate::show::{BAD, GOOD, NAME, NOTE, Show, Table, styled};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  quell exclusions list
  quell exclusions add --upn ceo@contoso.example --because \"On a plane\"
  quell exclusions test CONTOSO\\bg1")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List all entries: the site's and the operators'.
    #[command(after_help = "Examples:
  quell exclusions list
  quell exclusions list --json")]
    List,
    /// Add an entry; in force for the next call.
    #[command(
        override_usage = "quell exclusions add <NAMES> --because <BECAUSE> [OPTIONS]",
        after_help = "Several names of one person, or of one device, make one entry.

Examples:
  quell exclusions add --upn ceo@contoso.example --because \"On a plane, call 555 first\" --until 2026-12-01
  quell exclusions add --sid S-1-5-21-1-2-3-500 --because \"Break glass\"
  quell exclusions add --group-name \"Tier 0 Service Accounts\" --because \"Would stop domain services\"
  quell exclusions add --device dc01.contoso.example --because \"Domain controller\""
    )]
    Add(Box<Add>),
    /// Add the rows of a table, all or none: kind, name, because, and whatever else an entry has.
    #[command(
        after_help = "The table is CSV; its first line names the columns: kind, name (or identifier), because (or reason), and where they
are wanted until (or expiry), owner, actions, only. A kind is upn, sid, sam, entra_id, okta_id, login, ad_guid, dn, mail;
group.name, group.sid and so on; device.name, device.mde_id and so on; device_tag, address, dn_subtree, name_pattern.
What is wrong is told with its line and column, and then nothing is added.

Examples:
  quell exclusions import vip.csv --dry-run
  quell exclusions import vip.csv
  quell exclusions import inventory.csv --partial"
    )]
    Import(import::Import),
    /// Remove an operator's entry. Entries of the site file are removed there.
    #[command(after_help = "Example:
  quell exclusions remove 08bb4a802186")]
    Remove {
        /// The entry's id, as `list` shows it.
        id: String,
    },
    /// Say whether the list would stop actions on somebody, and which entry does.
    #[command(
        after_help = "Exit code 0 when every disruptive action would be stopped; 1 when one would not, or when nobody is known under
that name.

Examples:
  quell exclusions test CONTOSO\\bg1
  quell exclusions test S-1-5-21-1004336348-1177238915-682003330-1150
  quell exclusions test wks-alice.contoso.example"
    )]
    Test {
        /// Any name: SID, UPN, DOMAIN\name, object id, Okta id, DN, device name or id.
        who: String,
    },
}

/// The names of the new entry, and why.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true))]
struct Add {
    /// A user principal name.
    #[arg(long, group = "what")]
    upn: Option<String>,
    /// A SID.
    #[arg(long, group = "what")]
    sid: Option<String>,
    /// A down-level name: DOMAIN\name.
    #[arg(long, group = "what")]
    sam: Option<String>,
    /// An Entra object id.
    #[arg(long, group = "what")]
    entra_id: Option<String>,
    /// An Okta user id.
    #[arg(long, group = "what")]
    okta_id: Option<String>,
    /// An Okta login.
    #[arg(long, group = "what")]
    login: Option<String>,
    /// An Active Directory object GUID.
    #[arg(long, group = "what")]
    ad_guid: Option<String>,
    /// A group, by its name.
    #[arg(long, group = "what")]
    group_name: Option<String>,
    /// A group, by its SID.
    #[arg(long, group = "what")]
    group_sid: Option<String>,
    /// A device, by its full DNS name or host name.
    #[arg(long, group = "what")]
    device: Option<String>,
    /// Every device with this tag.
    #[arg(long, group = "what")]
    device_tag: Option<String>,
    /// Every device in this network: 10.20.0.0/16.
    #[arg(long, group = "what")]
    address: Option<String>,
    /// Why.
    #[arg(long)]
    because: String,
    /// Who answers for it.
    #[arg(long)]
    owner: Option<String>,
    /// Stop only this action; may be repeated [default: every disruptive one]
    #[arg(long = "action", value_name = "ACTION")]
    actions: Vec<String>,
    /// The last day on which it holds: 2026-12-31.
    #[arg(long)]
    until: Option<String>,
}

impl Add {
    /// The entry as the exclusion file would have it.
    fn entry(&self) -> Value {
        let account = [
            ("upn", &self.upn),
            ("sid", &self.sid),
            ("sam", &self.sam),
            ("entra_id", &self.entra_id),
            ("okta_id", &self.okta_id),
            ("login", &self.login),
            ("ad_guid", &self.ad_guid),
        ];
        let group = [("name", &self.group_name), ("sid", &self.group_sid)];
        let plain = [
            ("device_tag", &self.device_tag),
            ("address", &self.address),
            ("owner", &self.owner),
            ("until", &self.until),
        ];
        let mut entry = given(&plain);
        for (key, names) in [
            ("account", given(&account)),
            ("group", given(&group)),
            ("device", given(&[("name", &self.device)])),
        ] {
            if !names.is_empty() {
                entry.insert(key.to_owned(), Value::Object(names));
            }
        }
        if !self.actions.is_empty() {
            entry.insert("actions".into(), json!(self.actions));
        }
        entry.insert("because".into(), json!(self.because));
        Value::Object(entry)
    }
}

fn given(fields: &[(&str, &Option<String>)]) -> Map<String, Value> {
    fields.iter().filter_map(|(key, value)| Some(((*key).to_owned(), json!(value.as_ref()?)))).collect()
}

pub(crate) fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    block_on(answer(args, context))?
}

async fn answer(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let operations = match args.command {
        Command::Test { .. } => reach::operations(context).await?,
        Command::List | Command::Add(_) | Command::Remove { .. } | Command::Import(_) => {
            reach::records(context).await?
        }
    };
    let show = context.show;
    match args.command {
        Command::List => {
            let mut entries = operations.exclusions().await?;
            entries.sort_by_key(|entry| entry.added.as_ref().map(|added| added.at));
            list(show, &entries)
        }
        Command::Add(add) => {
            let entry = operations.exclude(&AddExclusion { entry: add.entry(), by: operations.by() }).await?;
            list(show, &[entry])
        }
        Command::Remove { id } => {
            let entry = operations.remove_exclusion(&EntryId(id), &operations.by()).await?;
            show.aside(format_args!("removed; it had been left alone because: {}", entry.because));
            list(show, &[entry])
        }
        Command::Import(args) => import::answer(args, &operations, show).await,
        Command::Test { who } => tested(show, &operations.test_exclusion(&who).await?),
    }
}

fn list(show: Show, entries: &[Entry]) -> anyhow::Result<ExitCode> {
    if show.json {
        show.json(&entries)?;
        return Ok(super::YES);
    }
    let mut table = Table::new(&["ID", "LEFT ALONE", "BECAUSE", "ACTIONS", "UNTIL", "FROM"]);
    for entry in entries {
        table.row([
            entry.id.to_string(),
            styled(NAME, names_of(&entry.excludes)),
            entry.because.clone(),
            if entry.actions.is_empty() { "all".into() } else { joined(&entry.actions) },
            entry.until.map(|until| until.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default(),
            match (&entry.source, &entry.added) {
                (Source::Site, _) => "site file".into(),
                (Source::Operator, added) => added.as_ref().map(|added| added.by.clone()).unwrap_or_default(),
            },
        ]);
    }
    show.line(table);
    Ok(super::YES)
}

fn names_of(excludes: &Excludes) -> String {
    match excludes {
        Excludes::Account(names) => joined(names),
        Excludes::Group { identifiers, names } => {
            let ids = identifiers.iter().map(ToString::to_string);
            format!("group {}", joined(&ids.chain(names.iter().cloned()).collect::<Vec<_>>()))
        }
        Excludes::DnSubtree(dn) => format!("below {dn}"),
        Excludes::NamePattern(pattern) => format!("names like {pattern}"),
        Excludes::Device(names) => format!("device {}", joined(names)),
        Excludes::DeviceTag(tag) => format!("devices tagged {tag}"),
        Excludes::Address(network) => format!("devices in {network}"),
    }
}

fn joined(things: &[impl ToString]) -> String {
    things.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn tested(show: Show, test: &ExclusionTest) -> anyhow::Result<ExitCode> {
    let stopped = !test.stopped.is_empty() && test.stopped.iter().all(|(_, stopped)| *stopped);
    if show.json {
        show.json(test)?;
        return Ok(yes_if(stopped));
    }
    for account in &test.found {
        show.line(format_args!("{} is {account}", styled(NAME, &test.who)));
    }
    for entry in &test.entries {
        let actions = if entry.actions.is_empty() {
            "every disruptive action".into()
        } else {
            entry.actions.join(", ")
        };
        show.line(format_args!("  entry {} stops {actions}: {}", entry.id, entry.because));
    }
    if let Some(built_in) = &test.built_in {
        show.line(format_args!("  built-in protection: {built_in}"));
    }
    if let Some(unknown) = &test.unknown {
        show.line(format_args!("  {} {unknown}", styled(NOTE, "unknown, so never acted on:")));
    }
    for (action, stopped) in &test.stopped {
        let word = if *stopped { styled(GOOD, "left alone") } else { styled(BAD, "can be acted on") };
        show.line(format_args!("  {action:<52} {word}"));
    }
    Ok(yes_if(stopped))
}
