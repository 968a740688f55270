//! [`Entity`]: the thing that a lane is about, and its fields.

use std::borrow::Cow;

use quell_action::{AccountFacts, DeviceFacts, IdentityFacts};
use quell_alert::{
    Account, AccountKind, Alert, Device, DeviceIdentifier, EntityKind, FileEntity, HashEntity, Identifier,
    IpEntity, MailboxEntity, Role, UrlEntity,
};

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

    pub(crate) fn seen(
        &self,
        field: &str,
        identity: Option<&'a IdentityFacts>,
        device: Option<&'a DeviceFacts>,
    ) -> Seen<'a> {
        match self {
            Self::Account(account) => of_account(account, field, identity),
            Self::Device(found) => of_device(found, field, device),
            Self::Ip(ip) => match field {
                "address" => Seen::text(Some(ip.address.as_str())),
                "country" => Seen::text(ip.country.as_deref()),
                "roles" => roles(&ip.roles),
                _ => Seen::Missing,
            },
            Self::Mailbox(mailbox) => match field {
                "address" => Seen::text(Some(mailbox.address.as_str())),
                "display_name" => Seen::text(mailbox.display_name.as_deref()),
                "upn" => Seen::text(mailbox.upn.as_deref()),
                "entra_id" => Seen::text(mailbox.entra_id.as_deref()),
                _ => Seen::Missing,
            },
            Self::File(file) => of_file(file, field),
            Self::Hash(hash) => match field {
                "algorithm" => Seen::text(Some(hash.algorithm.as_str())),
                "value" => Seen::text(Some(hash.value.as_str())),
                _ => Seen::Missing,
            },
            Self::Url(url) if field == "url" => Seen::text(Some(url.url.as_str())),
            Self::Domain(name) if field == "name" => Seen::text(Some(*name)),
            Self::Url(_) | Self::Domain(_) => Seen::Missing,
        }
    }
}

fn of_account<'a>(account: &'a Account, field: &str, facts: Option<&'a IdentityFacts>) -> Seen<'a> {
    let linked = facts.map_or(&[][..], |facts| &facts.accounts);
    match field {
        "name" => Seen::text(account.name.as_deref().or_else(|| sam(account, linked).map(|(_, name)| name))),
        "display_name" => Seen::text(account.display_name.as_deref()),
        "host" => Seen::text(account.host.as_deref()),
        "tenant" => Seen::text(account.entra_tenant.as_deref()),
        "kind" => Seen::text(Some(match account.kind {
            AccountKind::Person => "person",
            AccountKind::Machine => "machine",
            AccountKind::System => "system",
            AccountKind::Local => "local",
            AccountKind::Foreign => "foreign",
        })),
        "roles" => roles(&account.roles),
        "domain" => Seen::text(sam(account, linked).map(|(domain, _)| domain)),
        "sam" => Seen::text(sam(account, linked).map(|(domain, name)| format!("{domain}\\{name}"))),
        "canonical_id" => Seen::text(account.identifiers.first().map(plain)),
        "groups" => groups(facts),
        "privileged" => any_of_them(linked, |account| account.privileged),
        "enabled" => any_of_them(linked, |account| account.enabled),
        _ => {
            let wanted = |identifier: &&Identifier| field_of(identifier) == Some(field);
            Seen::text(identifiers(account, linked).find(wanted).map(plain))
        }
    }
}

fn of_device<'a>(device: &'a Device, field: &str, facts: Option<&'a DeviceFacts>) -> Seen<'a> {
    let known = device.identifiers.iter().chain(facts.into_iter().flat_map(|facts| &facts.identifiers));
    let named = |pick: fn(&DeviceIdentifier) -> Option<&str>| Seen::text(known.clone().find_map(pick));
    match field {
        "name" => Seen::text(device.name.as_deref()),
        "os" => Seen::text(device.os.as_deref()),
        "roles" => roles(&device.roles),
        "tags" => match facts.and_then(|facts| facts.tags.as_ref()) {
            Some(tags) => Seen::list(tags.as_slice()),
            // What the sender wrote down may not be all of them.
            None => Seen::List(SeenList { members: Cow::Borrowed(&device.tags), complete: false }),
        },
        "dns_name" => named(|id| match id {
            DeviceIdentifier::DnsName(name) => Some(name),
            _ => None,
        }),
        "mde_id" => named(|id| match id {
            DeviceIdentifier::MdeId(id) => Some(id),
            _ => None,
        }),
        "entra_device_id" => named(|id| match id {
            DeviceIdentifier::EntraDeviceId(id) => Some(id),
            _ => None,
        }),
        "sid" => named(|id| match id {
            DeviceIdentifier::Sid(sid) => Some(sid),
            _ => None,
        }),
        "canonical_id" => Seen::text(device.identifiers.first().map(|id| match id {
            DeviceIdentifier::MdeId(text)
            | DeviceIdentifier::EntraDeviceId(text)
            | DeviceIdentifier::AzureId(text)
            | DeviceIdentifier::Sid(text)
            | DeviceIdentifier::DnsName(text)
            | DeviceIdentifier::HostName(text) => text.clone(),
            DeviceIdentifier::Netbios { domain, name } => format!("{domain}\\{name}"),
        })),
        _ => Seen::Missing,
    }
}

fn of_file<'a>(file: &'a FileEntity, field: &str) -> Seen<'a> {
    match field {
        "name" => Seen::text(file.name.as_deref()),
        "directory" => Seen::text(file.directory.as_deref()),
        algorithm => {
            let hash = file.hashes.iter().find(|hash| hash.algorithm == algorithm);
            Seen::text(hash.map(|hash| hash.value.as_str()))
        }
    }
}

/// Names that the alert gave first, then those that directories know.
fn identifiers<'a>(account: &'a Account, linked: &'a [AccountFacts]) -> impl Iterator<Item = &'a Identifier> {
    account.identifiers.iter().chain(linked.iter().flat_map(|account| &account.identifiers))
}

fn sam<'a>(account: &'a Account, linked: &'a [AccountFacts]) -> Option<(&'a str, &'a str)> {
    identifiers(account, linked).find_map(|identifier| match identifier {
        Identifier::Sam { domain, name } => Some((domain.as_str(), name.as_str())),
        _ => None,
    })
}

fn field_of(identifier: &Identifier) -> Option<&'static str> {
    match identifier {
        Identifier::Sid(_) => Some("sid"),
        Identifier::EntraId(_) => Some("entra_id"),
        Identifier::OktaId(_) => Some("okta_id"),
        Identifier::Upn(_) => Some("upn"),
        Identifier::Mail(_) => Some("mail"),
        _ => None,
    }
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

fn roles<'a>(roles: &[Role]) -> Seen<'a> {
    if roles.is_empty() {
        return Seen::Missing;
    }
    Seen::list(roles.iter().map(|role| role.0.clone()).collect::<Vec<_>>())
}
