//! [`ExclusionList`]: asked immediately before every disruptive call.

use std::collections::BTreeSet;
use std::fmt;

use chrono::Duration;
use quell_alert::{Identifier, Provider, Timestamp};
use serde::{Deserialize, Serialize};

use super::index::{Index, names_of};
use super::names::texts;
use super::{Cleared, Entry, EntryId, built_in};
use crate::{
    AccountFacts, AccountKey, ActionSpec, DeviceFacts, GroupFacts, IdentityFacts, Impact, Protected, Subject,
    Target,
};

/// Who must not be touched: the site's entries, the operators' entries and what is built in.
#[derive(Debug)]
pub struct ExclusionList {
    entries: Vec<Entry>,
    index: Index,
    lifted: BTreeSet<Protected>,
    max_age: Duration,
}

/// Why a target was not cleared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{display} is left alone: {reason}")]
pub struct Excluded {
    /// Who or what was to be touched, for people to read.
    pub display: String,
    /// Why it was not.
    pub reason: Reason,
}

/// Why a target was not cleared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is on the list.
    Listed {
        /// The entry.
        entry: EntryId,
        /// The entry's reason.
        because: String,
    },
    /// It is protected without any entry.
    BuiltIn(Protected),
    /// Too little, or too old, is known of it: unknown never acts. Asking again later can help.
    Unknown(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed { entry, because } => write!(f, "excluded by {entry} ({because})"),
            Self::BuiltIn(protected) => write!(f, "built-in protection of {}", protected.name()),
            Self::Unknown(what) => write!(f, "unknown never acts: {what}"),
        }
    }
}

impl ExclusionList {
    /// A list of these entries. `lifted` are the built-in protections that the site has lifted by name; facts older
    /// than `max_age` do not clear.
    pub fn new(entries: Vec<Entry>, lifted: BTreeSet<Protected>, max_age: Duration) -> Self {
        Self { index: Index::new(&entries), entries, lifted, max_age }
    }

    /// All entries, those that have ended included.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Clears a target for one call of an action, now.
    ///
    /// # Errors
    /// When it is on the list, built in, or too little is known of it. Only disruptive actions can be stopped.
    pub fn clear(
        &self,
        subject: &Subject,
        target: Target,
        action: &ActionSpec,
        now: Timestamp,
    ) -> Result<Cleared, Excluded> {
        if action.impact == Impact::Disruptive {
            self.judge(subject, &target, action, now)
                .map_err(|reason| Excluded { display: display_of(subject, &target), reason })?;
        }
        Ok(Cleared::new(target))
    }

    /// Clears a call that has no target of its own and is about this subject all the same, now: as if it acted on all that
    /// the subject has.
    ///
    /// # Errors
    /// As [`Self::clear`].
    pub fn clear_about(
        &self,
        subject: &Subject,
        action: &ActionSpec,
        now: Timestamp,
    ) -> Result<Cleared, Excluded> {
        let about = match subject {
            Subject::Identity(identity) => {
                identity.accounts.first().map(|account| Target::Account(account.key.clone()))
            }
            Subject::Device(device) => Some(Target::Device(device.key.clone())),
            Subject::Nobody => None,
        };
        let about = about.unwrap_or(Target::None);
        if action.impact == Impact::Disruptive {
            self.judge(subject, &about, action, now)
                .map_err(|reason| Excluded { display: display_of(subject, &about), reason })?;
        }
        Ok(Cleared::new(Target::None))
    }

    /// The entries that name this subject and hold now, whatever action they stop: what `exclusions test` shows.
    pub fn naming(&self, subject: &Subject, now: Timestamp) -> Vec<&Entry> {
        let positions = match subject {
            Subject::Identity(identity) => self.index.of_identity(identity),
            Subject::Device(device) => self.index.of_device(device),
            Subject::Nobody => Vec::new(),
        };
        positions.into_iter().map(|at| &self.entries[at]).filter(|entry| entry.holds_at(now)).collect()
    }

    fn judge(
        &self,
        subject: &Subject,
        target: &Target,
        action: &ActionSpec,
        now: Timestamp,
    ) -> Result<(), Reason> {
        // What is known for certain comes first: an entry that fits is the better answer than "unknown".
        self.not_built_in(subject)?;
        let stops =
            self.naming(subject, now).into_iter().find(|entry| entry.stops(action.name, action.provider));
        if let Some(entry) = stops {
            return Err(Reason::Listed { entry: entry.id.clone(), because: entry.because.clone() });
        }
        match (subject, target) {
            (Subject::Identity(identity), Target::Account(key)) => {
                self.known_identity(identity, key, action, now)
            }
            (Subject::Device(device), Target::Device(key)) if device.key == *key => {
                self.known_device(device, action, now)
            }
            _ => Err(Reason::Unknown("the target is not what was resolved".into())),
        }
    }

    fn not_built_in(&self, subject: &Subject) -> Result<(), Reason> {
        let found: Vec<Protected> = match subject {
            Subject::Identity(identity) => built_in::of_identity(identity),
            Subject::Device(device) => device.protected.into_iter().collect(),
            Subject::Nobody => Vec::new(),
        };
        match found.into_iter().find(|protected| !self.lifted.contains(protected)) {
            Some(protected) => Err(Reason::BuiltIn(protected)),
            None => Ok(()),
        }
    }

    fn known_identity(
        &self,
        identity: &IdentityFacts,
        key: &AccountKey,
        action: &ActionSpec,
        now: Timestamp,
    ) -> Result<(), Reason> {
        if let Some((provider, why)) = identity.unanswered.first() {
            return Err(Reason::Unknown(format!("{provider} could not be asked: {why}")));
        }
        if !identity.accounts.iter().any(|account| account.key == *key) {
            return Err(Reason::Unknown("the account is not one of the resolved identity".into()));
        }
        self.known_accounts(&identity.accounts, action, now)
    }

    /// Refuses where something that an entry goes by is not known of one of these accounts.
    fn known_accounts(
        &self,
        accounts: &[AccountFacts],
        action: &ActionSpec,
        now: Timestamp,
    ) -> Result<(), Reason> {
        for account in accounts {
            self.fresh(account.read_at, now)?;
        }
        let needing = &self.index.needing;
        let unknown = [
            (&needing.groups, unread_groups(accounts)),
            (&needing.subtrees, unread_dn(accounts)),
            (&needing.patterns, unread_name(accounts)),
        ];
        self.nothing_needs(unknown, action, now)?;
        self.no_group_is_nameless(accounts, action, now)
    }

    fn known_device(&self, device: &DeviceFacts, action: &ActionSpec, now: Timestamp) -> Result<(), Reason> {
        self.fresh(device.read_at, now)?;
        if let Some(account) = &device.account {
            self.known_accounts(std::slice::from_ref(account), action, now)?;
        }
        let unread = |what: &str| format!("the {what} of {} could not be read", device.display);
        // A machine that reports no address has one all the same.
        let no_address = device.addresses.as_ref().is_none_or(Vec::is_empty);
        let unknown = [
            (&self.index.needing.tags, device.tags.is_none().then(|| unread("tags"))),
            (&self.index.needing.addresses, no_address.then(|| unread("addresses"))),
        ];
        self.nothing_needs(unknown, action, now)
    }

    /// Refuses where something could not be read, and an entry that would stop this action depends on it.
    fn nothing_needs<const N: usize>(
        &self,
        unknown: [(&Vec<usize>, Option<String>); N],
        action: &ActionSpec,
        now: Timestamp,
    ) -> Result<(), Reason> {
        for (entries, unread) in unknown {
            let Some(unread) = unread else { continue };
            if self.stopping(entries, action, now).next().is_some() {
                return Err(Reason::Unknown(unread));
            }
        }
        Ok(())
    }

    /// Refuses where a group has no name, and an entry that would stop this action names a group by nothing that could
    /// be compared.
    fn no_group_is_nameless(
        &self,
        accounts: &[AccountFacts],
        action: &ActionSpec,
        now: Timestamp,
    ) -> Result<(), Reason> {
        for account in accounts {
            for group in account.groups.iter().flatten().filter(|group| is_nameless(group)) {
                let kinds: Vec<&str> = group.identifiers.iter().map(Identifier::kind).collect();
                let mut entries = self.stopping(&self.index.needing.groups, action, now);
                if entries.any(|entry| entry.excludes.needs_group_name(&kinds)) {
                    let (id, whose) = (group_id(group), &account.display);
                    return Err(Reason::Unknown(format!(
                        "the name of the group {id} of {whose} could not be read"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Those of these entries that hold now and would stop this action.
    fn stopping<'a>(
        &'a self,
        entries: &'a [usize],
        action: &'a ActionSpec,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Entry> {
        let entries = entries.iter().map(|at| &self.entries[*at]);
        entries.filter(move |entry| entry.holds_at(now) && entry.stops(action.name, action.provider))
    }

    fn fresh(&self, read_at: Timestamp, now: Timestamp) -> Result<(), Reason> {
        if now - read_at > self.max_age {
            return Err(Reason::Unknown(format!("what is known of it was read at {read_at}, too long ago")));
        }
        Ok(())
    }
}

fn unread_groups(accounts: &[AccountFacts]) -> Option<String> {
    let unread = accounts.iter().find(|account| account.groups.is_none())?;
    Some(format!("the groups of {} could not be read", unread.display))
}

/// An account of Active Directory, or one that is synchronised from there, has a distinguished name.
fn unread_dn(accounts: &[AccountFacts]) -> Option<String> {
    let names = || accounts.iter().flat_map(|account| &account.identifiers);
    let on_premises = accounts.iter().find(|account| {
        account.key.provider.as_str() == Provider::ACTIVE_DIRECTORY
            || account.identifiers.iter().any(is_on_premises)
    });
    let missing = !names().any(|name| matches!(name, Identifier::Dn(_)));
    on_premises.filter(|_| missing).map(|account| format!("where {} stands is not known", account.display))
}

fn unread_name(accounts: &[AccountFacts]) -> Option<String> {
    let nameless =
        accounts.iter().find(|account| account.identifiers.iter().all(|name| texts(name).is_empty()));
    nameless.map(|account| format!("the name of {} could not be read", account.display))
}

fn is_on_premises(name: &Identifier) -> bool {
    match name {
        Identifier::AdGuid(_) | Identifier::Sam { .. } | Identifier::ImmutableId(_) => true,
        Identifier::Sid(sid) => sid.starts_with("S-1-5-21-"),
        _ => false,
    }
}

/// Groups of Windows itself have no name that a list could give, and are the same everywhere.
fn is_nameless(group: &GroupFacts) -> bool {
    let of_windows = |id: &Identifier| id.as_sid().is_some_and(|sid| !sid.is_issued() && !sid.is_entra());
    names_of(group).is_empty() && !group.identifiers.iter().any(of_windows)
}

fn group_id(group: &GroupFacts) -> String {
    group.identifiers.first().map_or_else(|| "it has no id either".to_owned(), ToString::to_string)
}

fn display_of(subject: &Subject, target: &Target) -> String {
    match (subject, target) {
        (Subject::Identity(identity), Target::Account(key)) => identity
            .accounts
            .iter()
            .find(|account| account.key == *key)
            .map_or_else(|| key.to_string(), |account| account.display.clone()),
        (Subject::Device(device), _) => device.display.clone(),
        _ => target.to_string(),
    }
}
