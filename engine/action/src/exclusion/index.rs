//! Finds the entries that name a subject, without walking the list: a million entries cost a few look-ups.

use std::collections::HashMap;

use ipnet::IpNet;
use quell_alert::{DeviceIdentifier, Identifier};

use super::entry::{Entry, Excludes};
use crate::{AccountFacts, DeviceFacts, IdentityFacts};

/// Entries by what they name. Numbers are positions in the list.
#[derive(Debug, Default)]
pub(super) struct Index {
    accounts: HashMap<Alias, Vec<usize>>,
    groups: HashMap<Alias, Vec<usize>>,
    group_names: HashMap<String, Vec<usize>>,
    subtrees: Vec<(String, usize)>,
    patterns: Vec<(String, usize)>,
    devices: HashMap<DeviceAlias, Vec<usize>>,
    tags: HashMap<String, Vec<usize>>,
    networks: Vec<(IpNet, usize)>,
}

/// A name as the list compares it. Wider than equality on purpose: an address is the same name whether a directory
/// calls it UPN, login or mail, and a wrong hit only means not acting.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Alias {
    Address(String),
    Bare(String),
    Exact(Identifier),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum DeviceAlias {
    HostName(String),
    Exact(DeviceIdentifier),
}

impl Index {
    pub(super) fn new(entries: &[Entry]) -> Self {
        let mut index = Self::default();
        for (at, entry) in entries.iter().enumerate() {
            index.add(at, &entry.excludes);
        }
        index
    }

    fn add(&mut self, at: usize, excludes: &Excludes) {
        match excludes {
            Excludes::Account(names) => {
                names.iter().for_each(|name| self.accounts.entry(written(name)).or_default().push(at));
            }
            Excludes::Group { identifiers, names } => {
                identifiers.iter().for_each(|id| self.groups.entry(written(id)).or_default().push(at));
                names.iter().for_each(|name| self.group_names.entry(name.clone()).or_default().push(at));
            }
            Excludes::DnSubtree(dn) => self.subtrees.push((dn.clone(), at)),
            Excludes::NamePattern(pattern) => self.patterns.push((pattern.clone(), at)),
            Excludes::Device(names) => {
                names.iter().for_each(|name| self.devices.entry(written_device(name)).or_default().push(at));
            }
            Excludes::DeviceTag(tag) => self.tags.entry(tag.clone()).or_default().push(at),
            Excludes::Address(network) => self.networks.push((*network, at)),
        }
    }

    /// The positions of all entries that name this person or service, under any alias, in any linked account.
    pub(super) fn of_identity(&self, identity: &IdentityFacts) -> Vec<usize> {
        let mut hits = Vec::new();
        let names = identity.accounts.iter().flat_map(|account| &account.identifiers);
        for name in names.chain(&identity.mentioned) {
            for alias in known_as(name) {
                hits.extend(self.accounts.get(&alias).into_iter().flatten());
            }
            self.by_text(name, &mut hits);
        }
        identity.accounts.iter().for_each(|account| self.by_group(account, &mut hits));
        sorted(hits)
    }

    /// The positions of all entries that name this device.
    pub(super) fn of_device(&self, device: &DeviceFacts) -> Vec<usize> {
        let mut hits = Vec::new();
        for name in &device.identifiers {
            for alias in device_known_as(name) {
                hits.extend(self.devices.get(&alias).into_iter().flatten());
            }
            if let DeviceIdentifier::Sid(sid) = name {
                hits.extend(
                    self.accounts.get(&Alias::Exact(Identifier::Sid(sid.clone()))).into_iter().flatten(),
                );
            }
        }
        for tag in device.tags.iter().flatten() {
            hits.extend(self.tags.get(&tag.trim().to_lowercase()).into_iter().flatten());
        }
        for address in device.addresses.iter().flatten() {
            hits.extend(
                self.networks.iter().filter(|(network, _)| network.contains(address)).map(|(_, at)| at),
            );
        }
        sorted(hits)
    }

    fn by_group(&self, account: &AccountFacts, hits: &mut Vec<usize>) {
        for group in account.groups.iter().flatten() {
            for id in &group.identifiers {
                hits.extend(known_as(id).iter().filter_map(|alias| self.groups.get(alias)).flatten());
            }
            let name = group.name.as_ref().map(|name| name.trim().to_lowercase());
            hits.extend(name.and_then(|name| self.group_names.get(&name)).into_iter().flatten());
        }
    }

    fn by_text(&self, name: &Identifier, hits: &mut Vec<usize>) {
        match name {
            Identifier::Dn(dn) => {
                hits.extend(
                    self.subtrees.iter().filter(|(subtree, _)| is_below(dn, subtree)).map(|(_, at)| at),
                );
            }
            Identifier::Upn(text)
            | Identifier::Login(text)
            | Identifier::Name(text)
            | Identifier::Sam { name: text, .. } => {
                hits.extend(
                    self.patterns.iter().filter(|(pattern, _)| fits(pattern, text)).map(|(_, at)| at),
                );
            }
            _ => {}
        }
    }
}

fn sorted(mut hits: Vec<usize>) -> Vec<usize> {
    hits.sort_unstable();
    hits.dedup();
    hits
}

/// How an entry's name stands in the index.
fn written(name: &Identifier) -> Alias {
    match name {
        Identifier::Upn(text) | Identifier::Login(text) | Identifier::Mail(text) => {
            Alias::Address(text.clone())
        }
        Identifier::Name(text) => Alias::Bare(text.clone()),
        other => Alias::Exact(other.clone()),
    }
}

/// Every way in which an entry may have written this name. A bare name on the list stands for that account name in
/// every domain.
fn known_as(name: &Identifier) -> Vec<Alias> {
    match name {
        Identifier::Sam { name: account, .. } => {
            vec![Alias::Exact(name.clone()), Alias::Bare(account.clone())]
        }
        Identifier::Upn(text) | Identifier::Login(text) => {
            let bare = text.split('@').next().unwrap_or(text);
            vec![Alias::Address(text.clone()), Alias::Bare(bare.to_owned())]
        }
        other => vec![written(other)],
    }
}

fn written_device(name: &DeviceIdentifier) -> DeviceAlias {
    match name {
        DeviceIdentifier::HostName(text) => DeviceAlias::HostName(text.clone()),
        other => DeviceAlias::Exact(other.clone()),
    }
}

/// A bare host name on the list stands for that host in every domain.
fn device_known_as(name: &DeviceIdentifier) -> Vec<DeviceAlias> {
    let exact = written_device(name);
    match name {
        DeviceIdentifier::DnsName(full) => {
            let host = full.split('.').next().unwrap_or(full);
            vec![exact, DeviceAlias::HostName(host.to_owned())]
        }
        DeviceIdentifier::Netbios { name: host, .. } => vec![exact, DeviceAlias::HostName(host.clone())],
        _ => vec![exact],
    }
}

/// Whether a distinguished name is this one or lies below it, on a boundary between its parts.
fn is_below(dn: &str, subtree: &str) -> bool {
    dn == subtree
        || dn.strip_suffix(subtree).is_some_and(|rest| rest.ends_with(',') && !rest.ends_with("\\,"))
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("svc-*", "svc-backup", true),
            ("svc-*", "alice", false),
            ("*admin*", "the-admin-of-all", true),
            ("a*a", "a", false),
            ("alice", "alice", true),
            ("alice", "alice2", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} against {text}");
        }
    }

    #[test]
    fn subtrees_end_at_a_boundary() {
        assert!(is_below("cn=a,ou=vip,dc=x", "ou=vip,dc=x"));
        assert!(is_below("ou=vip,dc=x", "ou=vip,dc=x"));
        assert!(!is_below("cn=a,ou=notvip,dc=x", "ou=vip,dc=x"));
        assert!(!is_below("cn=a\\,ou=vip,dc=x", "ou=vip,dc=x"));
    }
}
