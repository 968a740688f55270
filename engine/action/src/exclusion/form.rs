//! How people write the exclusion list: the site's file, and one entry as operators give it.
//!
//! These types are the shape; [`EntryForm::read`] and [`ExclusionFile::read`] turn them into what the engine asks.
//! Everything that is wrong is reported at once, each with its place. Nothing is passed over: an entry that would
//! never match anybody is worse than none.

mod names;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use ipnet::IpNet;
use quell_alert::{DistinguishedName, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::plain;
use super::{Added, Entry, EntryId, Excludes, Source};
use crate::{ActionName, Catalogue, Impact, Problem, Protected};

pub use names::{AccountForm, DeviceForm, GroupForm};

/// The exclusion file of a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExclusionFile {
    /// The version of this form: 1.
    pub language: u32,
    /// Who and what is left alone.
    #[serde(default)]
    pub exclusions: Vec<EntryForm>,
    /// What happens with somebody whom no directory knows: nothing is done to them.
    #[serde(default)]
    pub if_unresolved: IfUnresolved,
    /// Built-in protections that do not hold here, each with a reason.
    #[serde(default)]
    pub lift: Vec<LiftForm>,
}

/// What happens with somebody whom no directory knows. There is one answer: whether they are excluded is not known, and no
/// person who is asked in a hurry knows it better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfUnresolved {
    /// Nothing is done.
    #[default]
    Stop,
}

/// A built-in protection that does not hold here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftForm {
    /// Its name: own_account, krbtgt, built_in_administrator, built_in_guest, system or domain_controller.
    pub protection: String,
    /// Why.
    pub because: String,
}

/// One entry: exactly one of who or what, the reason, and how far it goes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EntryForm {
    /// A person or service, under any of its names, with all linked accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountForm>,
    /// Everybody in a group, nested members included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupForm>,
    /// Everybody below this distinguished name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dn_subtree: Option<String>,
    /// Everybody whose account name, UPN, login or mail fits; `*` stands for any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_pattern: Option<String>,
    /// A device, under any of its names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceForm>,
    /// Every device with this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_tag: Option<String>,
    /// Every device with this address, or with one in this network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Why. Compulsory: the next reader wants to know.
    pub because: String,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The actions that are stopped; left out, every disruptive one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// The providers at which it holds; left out, everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
    /// How long: a date (to the end of that day, UTC) or a time with its zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// What a site's file says, read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SiteExclusions {
    /// The entries, in the order of the file.
    pub entries: Vec<Entry>,
    /// The built-in protections that do not hold here, with their reasons.
    pub lifted: Vec<(Protected, String)>,
}

impl ExclusionFile {
    /// Reads the whole file. With a catalogue, the names of actions and providers are held against it: a misspelt one
    /// would never stop anything.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(&self, catalogue: Option<&Catalogue>) -> Result<SiteExclusions, Vec<Problem>> {
        let mut problems = Vec::new();
        if self.language != 1 {
            problems
                .push(problem("language", format!("is {}; this version reads language 1", self.language)));
        }
        let mut site = SiteExclusions::default();
        for (at, form) in self.exclusions.iter().enumerate() {
            let id = EntryId(format!("site:{}", at + 1));
            match form.read(id, Source::Site, None, catalogue) {
                Ok(entry) => site.entries.push(entry),
                Err(found) => problems.extend(below(&format!("exclusions[{at}]"), found)),
            }
        }
        for (at, lift) in self.lift.iter().enumerate() {
            match lift.read() {
                Ok(lifted) => site.lifted.push(lifted),
                Err(found) => problems.extend(below(&format!("lift[{at}]"), found)),
            }
        }
        if problems.is_empty() { Ok(site) } else { Err(problems) }
    }
}

impl SiteExclusions {
    /// The protections that do not hold here.
    pub fn lifted(&self) -> BTreeSet<Protected> {
        self.lifted.iter().map(|(protected, _)| *protected).collect()
    }
}

impl EntryForm {
    /// Reads one entry. With a catalogue, the names of actions and providers are held against it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(
        &self,
        id: EntryId,
        source: Source,
        added: Option<Added>,
        catalogue: Option<&Catalogue>,
    ) -> Result<Entry, Vec<Problem>> {
        let mut problems = Vec::new();
        let excludes = self.excludes(&mut problems);
        if self.because.trim().is_empty() {
            problems.push(problem("because", "is missing: write why this is left alone".into()));
        }
        let until = self.until.as_deref().and_then(|text| noted(&mut problems, "until", moment(text)));
        let actions = self.listed("actions", self.actions.as_deref(), &mut problems);
        let only = self.listed("only", self.only.as_deref(), &mut problems);
        if let Some(catalogue) = catalogue {
            problems.extend(unknown_actions(&actions, catalogue));
            problems.extend(unknown_providers(&only, catalogue));
        }
        match excludes {
            Some(excludes) if problems.is_empty() => Ok(Entry {
                id,
                excludes,
                because: self.because.trim().to_owned(),
                owner: self.owner.clone(),
                actions: actions.iter().map(|name| ActionName::from(name.as_str())).collect(),
                only: only.iter().map(|name| name.as_str().into()).collect(),
                until,
                source,
                added,
            }),
            _ => Err(problems),
        }
    }

    fn excludes(&self, problems: &mut Vec<Problem>) -> Option<Excludes> {
        let kinds = [
            ("account", self.account.is_some()),
            ("group", self.group.is_some()),
            ("dn_subtree", self.dn_subtree.is_some()),
            ("name_pattern", self.name_pattern.is_some()),
            ("device", self.device.is_some()),
            ("device_tag", self.device_tag.is_some()),
            ("address", self.address.is_some()),
        ];
        let given: Vec<&str> = kinds.iter().filter(|(_, given)| *given).map(|(kind, _)| *kind).collect();
        if given.len() != 1 {
            let all = kinds.map(|(kind, _)| kind).join(", ");
            let message = match given.is_empty() {
                true => format!("says nobody: write one of {all}"),
                false => format!("says {} at once: write an entry for each", given.join(" and ")),
            };
            problems.push(problem("", message));
            return None;
        }
        if let Some(account) = &self.account {
            return account.read(problems).map(Excludes::Account);
        }
        if let Some(group) = &self.group {
            return group.read(problems);
        }
        if let Some(device) = &self.device {
            return device.read(problems).map(Excludes::Device);
        }
        let text = [("dn_subtree", &self.dn_subtree), ("name_pattern", &self.name_pattern)];
        let more = [("device_tag", &self.device_tag), ("address", &self.address)];
        let (field, text) =
            text.into_iter().chain(more).find_map(|(field, text)| Some((field, text.as_deref()?)))?;
        noted(problems, field, by_text(field, text))
    }

    /// A list of names, which is left out or holds at least one.
    fn listed(&self, field: &str, names: Option<&[String]>, problems: &mut Vec<Problem>) -> Vec<String> {
        let Some(names) = names else { return Vec::new() };
        if names.is_empty() {
            problems.push(problem(field, "is empty: name at least one, or leave it out to mean all".into()));
        }
        names.iter().map(|name| name.trim().to_owned()).collect()
    }
}

impl LiftForm {
    fn read(&self) -> Result<(Protected, String), Vec<Problem>> {
        let mut problems = Vec::new();
        let found = Protected::ALL.into_iter().find(|protected| protected.name() == self.protection.trim());
        if found.is_none() {
            let all = Protected::ALL.map(Protected::name).join(", ");
            problems
                .push(problem("protection", format!("{:?} is none: write one of {all}", self.protection)));
        }
        if self.because.trim().is_empty() {
            problems.push(problem("because", "is missing: write why the protection is lifted".into()));
        }
        match found {
            Some(protected) if problems.is_empty() => Ok((protected, self.because.trim().to_owned())),
            _ => Err(problems),
        }
    }
}

fn by_text(field: &str, text: &str) -> Result<Excludes, String> {
    match field {
        "dn_subtree" => text
            .parse::<DistinguishedName>()
            .map(|dn| Excludes::DnSubtree(dn.to_string()))
            .map_err(|_| format!("{text:?} is not a distinguished name (OU=People,DC=contoso,DC=example)")),
        "name_pattern" => match plain(text).chars().all(|letter| letter == '*') {
            true => Err("would leave everybody alone: write at least one letter".into()),
            false => Ok(Excludes::NamePattern(plain(text))),
        },
        "device_tag" => match plain(text) {
            tag if tag.is_empty() => Err("is empty".into()),
            tag => Ok(Excludes::DeviceTag(tag)),
        },
        _ => network(text).map(Excludes::Address),
    }
}

/// An address, or a network; one that is larger than it looks (`10.20.1.5/16`) is refused.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let refused = || format!("{text:?} is neither an address nor a network (10.20.0.0/16)");
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return Ok(IpNet::from(address.to_canonical()));
    }
    let network: IpNet = text.parse().map_err(|_| refused())?;
    if network.trunc() != network {
        return Err(format!("{text:?} has digits behind its prefix: write {}", network.trunc()));
    }
    match network.prefix_len() {
        0 => Err("would leave every device alone".into()),
        _ => Ok(network),
    }
}

/// A date stands for the end of that day.
fn moment(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(date) = text.parse::<NaiveDate>() {
        let midnight = date.and_time(NaiveTime::MIN).and_utc();
        return Ok(midnight + chrono::TimeDelta::days(1) - chrono::TimeDelta::nanoseconds(1));
    }
    DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc)).map_err(|_| {
        format!("{text:?} is neither a date (2027-06-30) nor a time with its zone (2027-06-30T18:00:00Z)")
    })
}

fn unknown_actions(actions: &[String], catalogue: &Catalogue) -> Vec<Problem> {
    let fault = |name: &String| match catalogue.named(name).map(|info| info.spec.impact).next() {
        None => Some(format!("{name:?} is no action that any connector offers")),
        Some(Impact::Disruptive) => None,
        Some(_) => Some(format!("{name:?} takes nothing away from anybody, so nothing can stop it")),
    };
    actions.iter().filter_map(fault).map(|message| problem("actions", message)).collect()
}

fn unknown_providers(only: &[String], catalogue: &Catalogue) -> Vec<Problem> {
    let known: BTreeSet<&str> = catalogue.iter().map(|info| info.spec.provider).collect();
    let unknown = only.iter().filter(|name| !known.contains(name.as_str()));
    unknown
        .map(|name| problem("only", format!("{name:?} is no provider that any connector reaches")))
        .collect()
}

/// Keeps what was read, or notes why it could not be.
fn noted<T>(problems: &mut Vec<Problem>, field: &str, read: Result<T, String>) -> Option<T> {
    read.map_err(|message| problems.push(problem(field, message))).ok()
}

fn problem(place: &str, message: String) -> Problem {
    Problem { place: place.to_owned(), message }
}

fn below(place: &str, found: Vec<Problem>) -> Vec<Problem> {
    let joined = |inner: &str| if inner.is_empty() { place.to_owned() } else { format!("{place}.{inner}") };
    found.into_iter().map(|found| Problem { place: joined(&found.place), message: found.message }).collect()
}

#[cfg(test)]
mod tests;
