//! [`ExclusionList`]: asked immediately before every disruptive call.

use std::collections::BTreeSet;
use std::fmt;

use chrono::Duration;
use quell_alert::{Identifier, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Cleared, Entry, EntryId, index::Index};
use crate::{AccountKey, ActionSpec, DeviceFacts, IdentityFacts, Impact, Protected, Subject, Target};

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
            Subject::Identity(identity) => protections(identity),
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
        for account in &identity.accounts {
            self.fresh(account.read_at, now)?;
            if account.groups.is_none() && self.any(action, now, |entry| entry.excludes.is_group()) {
                return Err(Reason::Unknown(format!("the groups of {} could not be read", account.display)));
            }
        }
        Ok(())
    }

    fn known_device(&self, device: &DeviceFacts, action: &ActionSpec, now: Timestamp) -> Result<(), Reason> {
        self.fresh(device.read_at, now)?;
        if device.tags.is_none() && self.any(action, now, |entry| entry.excludes.is_tag()) {
            return Err(Reason::Unknown(format!("the tags of {} could not be read", device.display)));
        }
        if device.addresses.is_none() && self.any(action, now, |entry| entry.excludes.is_address()) {
            return Err(Reason::Unknown(format!("the addresses of {} could not be read", device.display)));
        }
        Ok(())
    }

    fn fresh(&self, read_at: Timestamp, now: Timestamp) -> Result<(), Reason> {
        if now - read_at > self.max_age {
            return Err(Reason::Unknown(format!("what is known of it was read at {read_at}, too long ago")));
        }
        Ok(())
    }

    fn any(&self, action: &ActionSpec, now: Timestamp, fits: impl Fn(&Entry) -> bool) -> bool {
        self.entries
            .iter()
            .any(|entry| fits(entry) && entry.holds_at(now) && entry.stops(action.name, action.provider))
    }
}

/// Built-in protections of any linked account, as the directories reported them and as the SIDs themselves show.
fn protections(identity: &IdentityFacts) -> Vec<Protected> {
    let reported = identity.accounts.iter().filter_map(|account| account.protected);
    let names = identity.accounts.iter().flat_map(|account| &account.identifiers).chain(&identity.mentioned);
    reported.chain(names.filter_map(by_sid)).collect()
}

fn by_sid(name: &Identifier) -> Option<Protected> {
    let Identifier::Sid(sid) = name else { return None };
    if ["S-1-5-18", "S-1-5-19", "S-1-5-20"].contains(&sid.as_str()) || sid.starts_with("S-1-5-80-") {
        return Some(Protected::System);
    }
    let (domain, rid) = sid.rsplit_once('-')?;
    match (domain.starts_with("S-1-5-21-"), rid) {
        (true, "500") => Some(Protected::BuiltInAdministrator),
        (true, "501") => Some(Protected::BuiltInGuest),
        (true, "502") => Some(Protected::Krbtgt),
        _ => None,
    }
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
