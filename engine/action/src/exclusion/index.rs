//! Finds the entries that name a subject, without walking the list: a million entries cost a few look-ups.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;
use quell_alert::{DeviceIdentifier, Identifier};

use super::entry::{Entry, Excludes};
use super::names::{Alias, Place, and_above, fits, known_as, plain, texts, written};
use crate::{AccountFacts, DeviceFacts, GroupFacts, IdentityFacts};

/// NetBIOS keeps so many characters of a host name.
const NETBIOS_LENGTH: usize = 15;

/// Entries by what they name. Numbers are positions in the list.
#[derive(Debug, Default)]
pub(super) struct Index {
    accounts: HashMap<Alias, Vec<usize>>,
    /// Down-level names: by account name, with the domain that the entry gives.
    down_level: HashMap<String, Vec<(Place, usize)>>,
    groups: HashMap<Alias, Vec<usize>>,
    group_names: HashMap<String, Vec<usize>>,
    subtrees: HashMap<String, Vec<usize>>,
    patterns: Vec<(String, usize)>,
    /// Ids of devices, as they are written; the case of none of them counts.
    devices: HashMap<String, Vec<usize>>,
    /// Names of devices: by host, with the domain that the entry gives.
    hosts: HashMap<String, Vec<(Place, usize)>>,
    tags: HashMap<String, Vec<usize>>,
    networks: HashMap<IpNet, Vec<usize>>,
    prefixes: BTreeSet<(bool, u8)>,
    /// The entries of each kind that needs a fact which a directory may not have given.
    pub(super) needing: Needing,
}

/// The entries that can only be judged with a certain fact.
#[derive(Debug, Default)]
pub(super) struct Needing {
    pub(super) groups: Vec<usize>,
    pub(super) subtrees: Vec<usize>,
    pub(super) patterns: Vec<usize>,
    pub(super) tags: Vec<usize>,
    pub(super) addresses: Vec<usize>,
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
            Excludes::Account(names) => names.iter().for_each(|name| self.add_account(at, name)),
            Excludes::Group { identifiers, names } => {
                identifiers
                    .iter()
                    .flat_map(written)
                    .for_each(|alias| self.groups.entry(alias).or_default().push(at));
                names.iter().for_each(|name| self.group_names.entry(plain(name)).or_default().push(at));
                self.needing.groups.push(at);
            }
            Excludes::DnSubtree(dn) => {
                self.subtrees.entry(plain(dn)).or_default().push(at);
                self.needing.subtrees.push(at);
            }
            Excludes::NamePattern(pattern) => {
                self.patterns.push((plain(pattern), at));
                self.needing.patterns.push(at);
            }
            Excludes::Device(names) => names.iter().for_each(|name| self.add_device(at, name)),
            Excludes::DeviceTag(tag) => {
                self.tags.entry(plain(tag)).or_default().push(at);
                self.needing.tags.push(at);
            }
            Excludes::Address(network) => {
                let network = network.trunc();
                self.prefixes.insert((network.addr().is_ipv4(), network.prefix_len()));
                self.networks.entry(network).or_default().push(at);
                self.needing.addresses.push(at);
            }
        }
    }

    fn add_account(&mut self, at: usize, name: &Identifier) {
        for alias in written(name) {
            self.accounts.entry(alias).or_default().push(at);
        }
        if let Identifier::Sam { domain, name } = name {
            self.down_level.entry(plain(name)).or_default().push((Place::of(domain), at));
            // The account of a computer stands for the computer.
            if let Some(host) = name.strip_suffix('$') {
                self.hosts.entry(plain(host)).or_default().push((Place::of(domain), at));
            }
        }
    }

    fn add_device(&mut self, at: usize, name: &DeviceIdentifier) {
        let hosts = hosts_of(name);
        if hosts.is_empty() {
            self.devices.entry(plain(&name.to_string())).or_default().push(at);
        }
        for (host, place) in hosts {
            self.hosts.entry(host).or_default().push((place, at));
        }
    }

    /// The positions of all entries that name this person or service, under any alias, in any linked account.
    pub(super) fn of_identity(&self, identity: &IdentityFacts) -> Vec<usize> {
        let mut hits = Vec::new();
        let known: Vec<&Identifier> =
            identity.accounts.iter().flat_map(|account| &account.identifiers).collect();
        for account in &identity.accounts {
            self.by_account(account, &mut hits);
        }
        // What the alert says of the domain is held against what the directories know of it.
        let mentioned: Vec<&Identifier> = identity.mentioned.iter().collect();
        let all: Vec<&Identifier> = mentioned.iter().copied().chain(known).collect();
        self.by_names(&mentioned, &all, &mut hits);
        sorted(hits)
    }

    /// The positions of all entries that name this device.
    pub(super) fn of_device(&self, device: &DeviceFacts) -> Vec<usize> {
        let mut hits = Vec::new();
        let names: Vec<(String, Place)> = device.identifiers.iter().flat_map(hosts_of).collect();
        for (host, _) in &names {
            let places = places_of(&names, host);
            add_those(self.hosts.get(host), &places, &mut hits);
        }
        for name in &device.identifiers {
            hits.extend(self.devices.get(&plain(&name.to_string())).into_iter().flatten());
            if let DeviceIdentifier::Sid(sid) = name {
                hits.extend(self.accounts.get(&Alias::Sid(sid.clone())).into_iter().flatten());
            }
        }
        for tag in device.tags.iter().flatten() {
            hits.extend(self.tags.get(&plain(tag)).into_iter().flatten());
        }
        for address in device.addresses.iter().flatten() {
            self.by_address(*address, &mut hits);
        }
        if let Some(account) = &device.account {
            self.by_account(account, &mut hits);
        }
        sorted(hits)
    }

    fn by_account(&self, account: &AccountFacts, hits: &mut Vec<usize>) {
        let own: Vec<&Identifier> = account.identifiers.iter().collect();
        self.by_names(&own, &own, hits);
        self.by_groups(account, hits);
    }

    /// The entries that name one of these names; `context` is all that is known of where its owner is at home.
    fn by_names(&self, names: &[&Identifier], context: &[&Identifier], hits: &mut Vec<usize>) {
        let places: Vec<(String, Place)> = context.iter().filter_map(|name| domain_of(name)).collect();
        for name in names {
            for alias in known_as(name) {
                hits.extend(self.accounts.get(&alias).into_iter().flatten());
            }
            if let Some((account, _)) = domain_of(name) {
                let known = places_of(&places, &account);
                add_those(self.down_level.get(&account), &known, hits);
                let host = account.strip_suffix('$').and_then(|host| self.hosts.get(host));
                add_those(host, &known, hits);
            }
            if let Identifier::Dn(dn) = name {
                let above = and_above(dn);
                hits.extend(above.iter().filter_map(|dn| self.subtrees.get(dn)).flatten());
            }
            for text in texts(name) {
                let fitting = self.patterns.iter().filter(|(pattern, _)| fits(pattern, &text));
                hits.extend(fitting.map(|(_, at)| at));
            }
        }
    }

    fn by_groups(&self, account: &AccountFacts, hits: &mut Vec<usize>) {
        for group in account.groups.iter().flatten() {
            for id in &group.identifiers {
                hits.extend(known_as(id).iter().filter_map(|alias| self.groups.get(alias)).flatten());
            }
            for name in names_of(group) {
                hits.extend(self.group_names.get(&name).into_iter().flatten());
            }
        }
    }

    fn by_address(&self, address: IpAddr, hits: &mut Vec<usize>) {
        // An IPv4 address in IPv6 clothes is an IPv4 address.
        let address = address.to_canonical();
        for (is_v4, length) in &self.prefixes {
            if *is_v4 != address.is_ipv4() {
                continue;
            }
            let network = IpNet::new(address, *length).ok().map(|network| network.trunc());
            hits.extend(network.and_then(|network| self.networks.get(&network)).into_iter().flatten());
        }
    }
}

/// The names of a group, in the form in which they are compared; empty where its directory gave none.
pub(super) fn names_of(group: &GroupFacts) -> Vec<String> {
    let by_id = group.identifiers.iter().filter_map(|id| match id {
        Identifier::Name(name) | Identifier::Sam { name, .. } => Some(name),
        _ => None,
    });
    group.name.iter().chain(by_id).map(|name| plain(name)).collect()
}

/// The account name and the domain, of a down-level name.
fn domain_of(name: &Identifier) -> Option<(String, Place)> {
    match name {
        Identifier::Sam { domain, name } => Some((plain(name), Place::of(domain))),
        _ => None,
    }
}

/// The host and the domain, of a name that has them; a long host also as NetBIOS cuts it off.
fn hosts_of(name: &DeviceIdentifier) -> Vec<(String, Place)> {
    let (host, place) = match name {
        DeviceIdentifier::HostName(host) => (plain(host), Place::Anywhere),
        DeviceIdentifier::Netbios { domain, name } => (plain(name), Place::of(domain)),
        DeviceIdentifier::DnsName(full) => {
            let full = plain(full);
            let (host, domain) = full.split_once('.').unwrap_or((&full, ""));
            (host.to_owned(), Place::Dns(domain.to_owned()))
        }
        _ => return Vec::new(),
    };
    let cut: String = host.chars().take(NETBIOS_LENGTH).collect();
    let also = (cut != host).then(|| (cut, place.clone()));
    std::iter::once((host, place)).chain(also).collect()
}

/// Where the bearer of this name is known to be at home.
fn places_of(names: &[(String, Place)], name: &str) -> Vec<Place> {
    names.iter().filter(|(known, _)| known == name).map(|(_, place)| place.clone()).collect()
}

fn add_those(entries: Option<&Vec<(Place, usize)>>, known: &[Place], hits: &mut Vec<usize>) {
    hits.extend(
        entries.into_iter().flatten().filter(|(place, _)| place.may_be_one_of(known)).map(|(_, at)| at),
    );
}

fn sorted(mut hits: Vec<usize>) -> Vec<usize> {
    hits.sort_unstable();
    hits.dedup();
    hits
}
