//! [`Entity`]: the thing that a lane is about, and its fields.

use std::borrow::Cow;

use quell_action::{AccountFacts, DeviceFacts, IdentityFacts};
use quell_alert::{
    Account, AccountKind, Alert, Device, DeviceIdentifier, EntityKind, FileEntity, HashEntity, Identifier,
    IpEntity, MailboxEntity, UrlEntity,
};

use super::alert::of_field;
use crate::condition::{Seen, SeenList};
use crate::names;

/// The thing that a lane is about.
#[derive(Debug, Clone, Copy)]
pub enum Entity<'a> {
    /// A login.
    Account(&'a Account),
    /// A machine.
    Device(&'a Device),
    /// An address.
    Ip(&'a IpEntity),
    /// A mailbox.
    Mailbox(&'a MailboxEntity),
    /// A file.
    File(&'a FileEntity),
    /// A hash of a file.
    Hash(&'a HashEntity),
    /// A URL.
    Url(&'a UrlEntity),
    /// A DNS domain.
    Domain(&'a str),
}

impl<'a> Entity<'a> {
    /// The entity of this kind at this position of its list in the alert.
    pub fn at(alert: &'a Alert, kind: EntityKind, position: usize) -> Option<Self> {
        let entities = &alert.entities;
        match kind {
            EntityKind::Account => entities.accounts.get(position).map(Self::Account),
            EntityKind::Device => entities.devices.get(position).map(Self::Device),
            EntityKind::Ip => entities.ips.get(position).map(Self::Ip),
            EntityKind::Mailbox => entities.mailboxes.get(position).map(Self::Mailbox),
            EntityKind::File => entities.files.get(position).map(Self::File),
            EntityKind::Hash => entities.hashes.get(position).map(Self::Hash),
            EntityKind::Url => entities.urls.get(position).map(Self::Url),
            EntityKind::Domain => entities.domains.get(position).map(|name| Self::Domain(name)),
        }
    }

    /// Every entity of this kind with its position: persons only among the accounts, since machines and the system
    /// are nobody to go through.
    pub fn all(alert: &'a Alert, kind: EntityKind) -> Vec<(usize, Self)> {
        (0..)
            .map_while(|position| Self::at(alert, kind, position).map(|entity| (position, entity)))
            .filter(|(_, entity)| entity.is_gone_through())
            .collect()
    }

    /// The name under which a lane has it.
    pub fn root(&self) -> &'static str {
        names::root_of(match self {
            Self::Account(_) => EntityKind::Account,
            Self::Device(_) => EntityKind::Device,
            Self::Ip(_) => EntityKind::Ip,
            Self::Mailbox(_) => EntityKind::Mailbox,
            Self::File(_) => EntityKind::File,
            Self::Hash(_) => EntityKind::Hash,
            Self::Url(_) => EntityKind::Url,
            Self::Domain(_) => EntityKind::Domain,
        })
    }

    fn is_gone_through(&self) -> bool {
        !matches!(self, Self::Account(account) if account.kind != AccountKind::Person)
    }

    /// The names that are its own in this alert: none that another thing of its kind could have as well.
    pub(crate) fn own_names(&self) -> Vec<String> {
        let texts = |names: &[Option<&str>]| names.iter().flatten().map(|name| (*name).to_owned()).collect();
        match self {
            Self::Account(account) => {
                let mut names: Vec<String> = texts(&[
                    account.upn(),
                    account.sid(),
                    account.entra_id(),
                    account.ad_guid(),
                    account.okta_id(),
                ]);
                names.extend(account.sam());
                names
            }
            Self::Device(device) => texts(&[
                device.dns_name(),
                device.mde_id(),
                device.entra_device_id(),
                device.azure_id(),
                device.sid(),
            ]),
            Self::Ip(ip) => texts(&[Some(&ip.address)]),
            Self::Mailbox(mailbox) => texts(&[Some(&mailbox.address), mailbox.upn.as_deref()]),
            Self::File(file) => texts(&[file.name.as_deref()]),
            Self::Hash(hash) => texts(&[Some(&hash.value)]),
            Self::Url(url) => texts(&[Some(&url.url)]),
            Self::Domain(name) => texts(&[Some(name)]),
        }
    }

    /// Every field that it has a value for, by its own name, as JSON: a row of a table.
    pub(crate) fn row(
        &self,
        identity: Option<&'a IdentityFacts>,
        device: Option<&'a DeviceFacts>,
    ) -> serde_json::Value {
        let root = self.root();
        let of_it = names::names().iter().filter_map(|name| {
            let field = name.name.strip_prefix(root)?.strip_prefix('.')?;
            Some((field.to_owned(), self.seen(name.name, identity, device).to_json()?))
        });
        of_it.collect::<serde_json::Map<_, _>>().into()
    }

    /// All its names, for being looked up in a list.
    pub(crate) fn named(
        &self,
        identity: Option<&'a IdentityFacts>,
        device: Option<&'a DeviceFacts>,
    ) -> Seen<'a> {
        match self {
            Self::Account(account) => names_of_account(account, identity),
            Self::Device(found) => names_of_device(found, device),
            _ => Seen::Missing,
        }
    }

    /// The value of one of its fields, by its whole name.
    pub(crate) fn seen(
        &self,
        name: &str,
        identity: Option<&'a IdentityFacts>,
        device: Option<&'a DeviceFacts>,
    ) -> Seen<'a> {
        let value = match self {
            Self::Account(account) => return of_account(account, name, identity),
            Self::Device(found) => return of_device(found, name, device),
            Self::Ip(ip) => ip.field(name),
            Self::Mailbox(mailbox) => mailbox.field(name),
            Self::File(file) => file.field(name),
            Self::Hash(hash) => hash.field(name),
            Self::Url(url) => url.field(name),
            Self::Domain(domain) if name == "domain.name" => return Seen::text(Some(*domain)),
            Self::Domain(_) => None,
        };
        value.map_or(Seen::Missing, of_field)
    }
}

/// All names of an account, by which lists may have it: those that the alert gives and those that directories know. The
/// list is open while any directory could not say.
fn names_of_account<'a>(account: &Account, facts: Option<&IdentityFacts>) -> Seen<'a> {
    const NAMES: [&str; 8] = [
        "account.upn",
        "account.sam",
        "account.sid",
        "account.entra_id",
        "account.okta_id",
        "account.ad_guid",
        "account.mail",
        "account.key",
    ];
    let said = NAMES.iter().filter_map(|name| account.field(name)).map(|value| value.to_string());
    let known = facts.iter().flat_map(|facts| &facts.accounts);
    let known = known.flat_map(|account| account.identifiers.iter().map(plain));
    let complete = facts.is_some_and(|facts| facts.unanswered.is_empty() && !facts.accounts.is_empty());
    open_list(said.chain(known).collect(), complete)
}

fn names_of_device<'a>(device: &Device, facts: Option<&DeviceFacts>) -> Seen<'a> {
    const NAMES: [&str; 7] = [
        "device.dns_name",
        "device.name",
        "device.mde_id",
        "device.entra_device_id",
        "device.azure_id",
        "device.sid",
        "device.key",
    ];
    let said = NAMES.iter().filter_map(|name| device.field(name)).map(|value| value.to_string());
    let known = facts.iter().flat_map(|facts| &facts.identifiers).map(device_name);
    open_list(said.chain(known).collect(), facts.is_some())
}

fn device_name(identifier: &DeviceIdentifier) -> String {
    let text = identifier.to_string();
    text.split_once(':').map_or(text.clone(), |(_, name)| name.to_owned())
}

fn open_list<'a>(mut members: Vec<String>, complete: bool) -> Seen<'a> {
    members.sort_unstable();
    members.dedup();
    Seen::List(SeenList { members: Cow::Owned(members), complete })
}

fn of_account<'a>(account: &'a Account, name: &str, facts: Option<&'a IdentityFacts>) -> Seen<'a> {
    let linked = facts.map_or(&[][..], |facts| &facts.accounts);
    let name = if name == "account.canonical_id" { "account.key" } else { name };
    match name {
        "account.groups" => groups(facts),
        "account.privileged" => any_of_them(linked, |account| account.privileged),
        "account.enabled" => any_of_them(linked, |account| account.enabled),
        "account.roles" if account.roles.is_empty() => Seen::Missing,
        _ => match account.field(name) {
            Some(value) => of_field(value),
            // What the alert left out, a directory may know.
            None => linked
                .iter()
                .flat_map(|account| &account.identifiers)
                .find_map(|identifier| of_identifier(identifier, name))
                .or_else(|| (name == "account.name").then(|| cloud_name(account, facts?)).flatten())
                .map_or(Seen::Missing, |text| Seen::text(Some(text))),
        },
    }
}

/// The logon name of somebody whom every directory knows and none by a down-level name: the front of the user principal
/// name. While a directory could still say another one, it is unknown.
fn cloud_name(account: &Account, facts: &IdentityFacts) -> Option<String> {
    let identifiers = || facts.accounts.iter().flat_map(|account| &account.identifiers);
    let may_have_another = identifiers().any(|identifier| matches!(identifier, Identifier::Sam { .. }));
    if may_have_another || facts.accounts.is_empty() || !facts.unanswered.is_empty() {
        return None;
    }
    let upn = account.upn().or_else(|| {
        identifiers().find_map(|identifier| match identifier {
            Identifier::Upn(upn) | Identifier::Login(upn) => Some(upn.as_str()),
            _ => None,
        })
    })?;
    upn.split_once('@').map(|(name, _)| name.to_owned())
}

fn of_identifier(identifier: &Identifier, name: &str) -> Option<String> {
    match (identifier, name) {
        (Identifier::Sid(text), "account.sid")
        | (Identifier::EntraId(text), "account.entra_id")
        | (Identifier::AdGuid(text), "account.ad_guid")
        | (Identifier::OktaId(text), "account.okta_id")
        | (Identifier::Upn(text), "account.upn")
        | (Identifier::Mail(text), "account.mail") => Some(text.clone()),
        (Identifier::Sam { domain, .. }, "account.domain") => Some(domain.clone()),
        (Identifier::Sam { name, .. }, "account.name") => Some(name.clone()),
        (Identifier::Sam { domain, name }, "account.sam") => Some(format!("{domain}\\{name}")),
        _ => None,
    }
}

fn of_device<'a>(device: &'a Device, name: &str, facts: Option<&'a DeviceFacts>) -> Seen<'a> {
    let name = if name == "device.canonical_id" { "device.key" } else { name };
    match name {
        "device.tags" => match facts.and_then(|facts| facts.tags.as_ref()) {
            Some(tags) => Seen::list(tags.as_slice()),
            // What the sender wrote down may not be all of them.
            None => Seen::List(SeenList { members: Cow::Borrowed(&device.tags), complete: false }),
        },
        "device.roles" if device.roles.is_empty() => Seen::Missing,
        _ => match device.field(name) {
            Some(value) => of_field(value),
            None => {
                let known = facts.into_iter().flat_map(|facts| &facts.identifiers);
                let found = known.filter_map(|identifier| match (identifier, name) {
                    (DeviceIdentifier::DnsName(text), "device.dns_name")
                    | (DeviceIdentifier::MdeId(text), "device.mde_id")
                    | (DeviceIdentifier::EntraDeviceId(text), "device.entra_device_id")
                    | (DeviceIdentifier::AzureId(text), "device.azure_id")
                    | (DeviceIdentifier::Sid(text), "device.sid") => Some(text.as_str()),
                    _ => None,
                });
                Seen::text(found.into_iter().next())
            }
        },
    }
}

/// All groups of all linked accounts, by name and by id. The list is open while any directory could not say.
fn groups<'a>(facts: Option<&'a IdentityFacts>) -> Seen<'a> {
    let Some(facts) = facts else { return Seen::Missing };
    let complete = facts.unanswered.is_empty()
        && !facts.accounts.is_empty()
        && facts.accounts.iter().all(|account| account.groups.is_some());
    let groups = facts.accounts.iter().filter_map(|account| account.groups.as_ref()).flatten();
    let mut members: Vec<String> = groups
        .flat_map(|group| group.name.iter().cloned().chain(group.identifiers.iter().map(plain)))
        .collect();
    members.sort_unstable();
    members.dedup();
    if members.is_empty() && !complete {
        return Seen::Missing;
    }
    Seen::List(SeenList { members: Cow::Owned(members), complete })
}

/// True where one of the linked accounts has it; false only where each is known not to.
fn any_of_them<'a>(linked: &[AccountFacts], has: impl Fn(&AccountFacts) -> Option<bool>) -> Seen<'a> {
    let answers: Vec<Option<bool>> = linked.iter().map(has).collect();
    if answers.contains(&Some(true)) {
        return Seen::Boolean(true);
    }
    if answers.is_empty() || answers.contains(&None) { Seen::Missing } else { Seen::Boolean(false) }
}

fn plain(identifier: &Identifier) -> String {
    match identifier {
        Identifier::Sid(text)
        | Identifier::AdGuid(text)
        | Identifier::EntraId(text)
        | Identifier::OktaId(text)
        | Identifier::ImmutableId(text)
        | Identifier::Upn(text)
        | Identifier::Login(text)
        | Identifier::Dn(text)
        | Identifier::Mail(text)
        | Identifier::Name(text) => text.clone(),
        Identifier::Sam { domain, name } => format!("{domain}\\{name}"),
    }
}
