//! [`Meant`]: whom the directories meant when a step was worked out, in short: what the record keeps of it.

use quell_action::{AccountFacts, DeviceFacts, IdentityFacts, Target};
use quell_alert::{Provider, Timestamp};
use serde::{Deserialize, Serialize};

/// Whom the directories meant by a lane's entity, and when they said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meant {
    /// Their accounts or devices, in the order in which they are acted on; those included at which nothing is done.
    pub found: Vec<MeantOne>,
    /// The providers that were asked and know none.
    pub none_at: Vec<Provider>,
    /// When the directories said so: the earliest of them. Less the line's own time, it is how old that was.
    pub read_at: Timestamp,
}

/// One account or device of those who are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeantOne {
    /// Which.
    pub target: Target,
    /// What people call it.
    pub display: String,
    /// In how many groups it is, nested ones included; left out where they could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<usize>,
    /// Whether it holds administrative rights; left out where that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// Whether it could sign in; left out where that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl Meant {
    pub(crate) fn accounts(facts: IdentityFacts, asked: Vec<Provider>) -> Self {
        let read_at = facts.accounts.iter().map(|account| account.read_at).min();
        Self::of(facts.accounts.into_iter().map(account).collect(), read_at, asked)
    }

    pub(crate) fn devices(facts: Vec<DeviceFacts>, asked: Vec<Provider>) -> Self {
        let read_at = facts.iter().map(|device| device.read_at).min();
        Self::of(facts.into_iter().map(device).collect(), read_at, asked)
    }

    fn of(mut found: Vec<MeantOne>, read_at: Option<Timestamp>, mut asked: Vec<Provider>) -> Self {
        found.sort_by_key(|one| one.target.provider().map(safe_order));
        asked.retain(|provider| found.iter().all(|one| one.target.provider() != Some(provider)));
        Self { found, none_at: asked, read_at: read_at.unwrap_or(Timestamp::UNIX_EPOCH) }
    }
}

/// Active Directory first: what is synchronised from it would otherwise be switched on again from there.
pub(crate) fn safe_order(provider: &Provider) -> (usize, String) {
    let known = [Provider::ACTIVE_DIRECTORY, Provider::ENTRA_ID, Provider::OKTA];
    let place = known.iter().position(|name| *name == provider.as_str()).unwrap_or(known.len());
    (place, provider.to_string())
}

fn account(facts: AccountFacts) -> MeantOne {
    MeantOne {
        display: facts.display,
        groups: facts.groups.map(|groups| groups.len()),
        privileged: facts.privileged,
        enabled: facts.enabled,
        target: Target::Account(facts.key),
    }
}

fn device(facts: DeviceFacts) -> MeantOne {
    let target = Target::Device(facts.key);
    MeantOne { target, display: facts.display, groups: None, privileged: None, enabled: None }
}
