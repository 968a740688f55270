//! [`World`]: everything that the lab file holds.

use std::collections::BTreeMap;
use std::net::IpAddr;

use quell_action::{AccountKey, DeviceKey, Protected, Target};
use quell_alert::{DeviceIdentifier, Identifier, Provider, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::Fault;

/// Everything that the lab file holds. People may edit it by hand while nothing runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The version of this form.
    pub version: u32,
    /// Faults on demand, on top of those of the settings.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// The accounts of all personas.
    pub accounts: Vec<Account>,
    /// Their groups.
    pub groups: Vec<Group>,
    /// The fleet.
    pub devices: Vec<Device>,
    /// Every change that took effect, in order.
    #[serde(default)]
    pub history: Vec<Change>,
    /// Jobs that were asked for, by the key of their request: asking twice starts one.
    #[serde(default)]
    pub jobs: BTreeMap<String, Job>,
}

/// One account at one provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Whose it is: all accounts of one person have the same.
    pub person: String,
    /// At which provider.
    pub provider: String,
    /// The domain, tenant or organisation.
    pub realm: String,
    /// The immutable id there.
    pub id: String,
    /// What people call it.
    pub display: String,
    /// Every name that it has there.
    pub identifiers: Vec<Identifier>,
    /// The names of the groups that it is in directly.
    pub groups: Vec<String>,
    /// Whether it holds administrative rights of its own; groups may give it more.
    pub privileged: bool,
    /// Whether it is built in and never touched.
    pub protected: Option<Protected>,
    /// What can be changed.
    pub attributes: BTreeMap<String, Value>,
    /// Somebody who will change something back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
}

/// A group at one provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name: by it accounts and groups say that they are members.
    pub name: String,
    /// At which provider.
    pub provider: String,
    /// Its ids.
    pub identifiers: Vec<Identifier>,
    /// The names of the groups that it is in itself.
    #[serde(default)]
    pub member_of: Vec<String>,
    /// Whether its members hold administrative rights.
    #[serde(default)]
    pub privileged: bool,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its host name.
    pub name: String,
    /// At which provider.
    pub provider: String,
    /// The tenant.
    pub realm: String,
    /// The immutable id there.
    pub id: String,
    /// Every name that it has there.
    pub identifiers: Vec<DeviceIdentifier>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether it is built in and never touched.
    pub protected: Option<Protected>,
    /// What can be changed.
    pub attributes: BTreeMap<String, Value>,
    /// Somebody who will change something back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
}

/// Somebody who changes attributes back after they have been looked at so many times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// What they will stand at.
    pub back_to: BTreeMap<String, Value>,
    /// After how many more looks.
    pub after_reads: u32,
}

/// A change that took effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Of whose account, or of which device.
    pub of: String,
    /// At which provider.
    pub provider: String,
    /// What was changed.
    pub attribute: String,
    /// What stood there.
    pub from: Value,
    /// What stands there now.
    pub to: Value,
    /// The action, `undo of` the action, or `somebody`.
    pub by: String,
    /// The key of the request, where it was one of ours.
    pub key: Option<String>,
}

/// A job that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its number over there.
    pub id: String,
    /// The action.
    pub action: String,
    /// The device.
    pub device: String,
}

/// Who made a change that was none of ours.
pub const SOMEBODY: &str = "somebody";

impl World {
    /// How many changes of this attribute took effect that were ours, for a person's account or a device.
    pub fn changes(&self, of: &str, provider: &str, attribute: &str) -> usize {
        let ours = |change: &&Change| {
            change.of == of
                && change.provider == provider
                && change.attribute == attribute
                && change.by != SOMEBODY
        };
        self.history.iter().filter(ours).count()
    }

    /// A person's account at a provider.
    pub fn account(&self, person: &str, provider: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.person == person && account.provider == provider)
    }

    /// A device by its host name, at a provider.
    pub fn device(&self, name: &str, provider: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.name == name && device.provider == provider)
    }

    /// The groups that an account is in, nested ones included.
    pub(crate) fn groups_of(&self, account: &Account) -> Vec<&Group> {
        let (mut found, mut open): (Vec<&Group>, Vec<&String>) =
            (Vec::new(), account.groups.iter().collect());
        while let Some(name) = open.pop() {
            let group = self
                .groups
                .iter()
                .find(|group| group.provider == account.provider && group.name.eq_ignore_ascii_case(name));
            if let Some(group) = group.filter(|group| !found.contains(group)) {
                found.push(group);
                open.extend(&group.member_of);
            }
        }
        found
    }

    /// What people call a target.
    pub(crate) fn display_of(&self, target: &Target) -> String {
        let found = match target {
            Target::Account(key) => {
                self.accounts.iter().find(|account| account.key() == *key).map(|account| &account.display)
            }
            Target::Device(key) => {
                self.devices.iter().find(|device| device.key() == *key).map(|device| &device.name)
            }
            Target::None => None,
        };
        found.cloned().unwrap_or_else(|| target.to_string())
    }

    /// What a target is, to be changed.
    pub(crate) fn target_mut(&mut self, target: &Target) -> Option<Subject<'_>> {
        match target {
            Target::Account(key) => {
                self.accounts.iter_mut().find(|account| account.key() == *key).map(Subject::of_account)
            }
            Target::Device(key) => {
                self.devices.iter_mut().find(|device| device.key() == *key).map(Subject::of_device)
            }
            Target::None => None,
        }
    }
}

impl Account {
    /// Its key.
    pub fn key(&self) -> AccountKey {
        let provider = Provider::from(self.provider.as_str());
        AccountKey { provider, realm: self.realm.clone(), id: self.id.clone() }
    }
}

impl Device {
    /// Its key.
    pub fn key(&self) -> DeviceKey {
        let provider = Provider::from(self.provider.as_str());
        DeviceKey { provider, realm: self.realm.clone(), id: self.id.clone() }
    }
}

/// The parts of an account or a device that actions change.
pub(crate) struct Subject<'a> {
    pub(crate) of: &'a str,
    pub(crate) attributes: &'a mut BTreeMap<String, Value>,
    /// The groups of an account, the tags of a device.
    pub(crate) labels: &'a mut Vec<String>,
    pub(crate) drift: &'a mut Option<Drift>,
}

impl<'a> Subject<'a> {
    fn of_account(account: &'a mut Account) -> Self {
        let Account { person, attributes, groups, drift, .. } = account;
        Self { of: person, attributes, labels: groups, drift }
    }

    fn of_device(device: &'a mut Device) -> Self {
        let Device { name, attributes, tags, drift, .. } = device;
        Self { of: name, attributes, labels: tags, drift }
    }
}
