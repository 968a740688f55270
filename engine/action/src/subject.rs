//! Who or what a task is about, once the directories have said.

use std::fmt;

use quell_alert::{DeviceIdentifier, Identifier, Provider, Timestamp};
use serde::{Deserialize, Serialize};

use crate::TargetKind;

/// The key of an account: its provider and the immutable id that it has there. Names are for display only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountKey {
    /// Whose account.
    pub provider: Provider,
    /// The domain, tenant or organisation.
    pub realm: String,
    /// The immutable id: object GUID, object id, Okta id.
    pub id: String,
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.provider, self.realm, self.id)
    }
}

/// The key of a device: its provider and the immutable id that it has there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeviceKey {
    /// Whose device.
    pub provider: Provider,
    /// The tenant or domain.
    pub realm: String,
    /// The immutable id.
    pub id: String,
}

impl fmt::Display for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.provider, self.realm, self.id)
    }
}

/// What a call acts on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// One account.
    Account(AccountKey),
    /// One device.
    Device(DeviceKey),
    /// Nothing that can be excluded.
    None,
}

impl Target {
    /// What kind of thing it is.
    pub fn kind(&self) -> TargetKind {
        match self {
            Self::Account(_) => TargetKind::Account,
            Self::Device(_) => TargetKind::Device,
            Self::None => TargetKind::None,
        }
    }

    /// Whose account or device it is.
    pub fn provider(&self) -> Option<&Provider> {
        match self {
            Self::Account(key) => Some(&key.provider),
            Self::Device(key) => Some(&key.provider),
            Self::None => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(key) => key.fmt(f),
            Self::Device(key) => key.fmt(f),
            Self::None => f.write_str("-"),
        }
    }
}

/// Who or what a task is about, with all that the exclusion list asks about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A person or service, with all linked accounts.
    Identity(IdentityFacts),
    /// A device.
    Device(DeviceFacts),
    /// Nobody: a message, a ticket.
    Nobody,
}

/// One person or service: all the accounts that the configured directories tie to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IdentityFacts {
    /// Every name under which the alert knew it.
    pub mentioned: Vec<Identifier>,
    /// The linked accounts, as their directories describe them.
    pub accounts: Vec<AccountFacts>,
    /// Directories that were asked and could not answer, with the reason. While this is not empty, nothing disruptive
    /// is cleared: unknown never acts.
    pub unanswered: Vec<(Provider, String)>,
}

/// One account, as its directory described it when it was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// Which account.
    pub key: AccountKey,
    /// What people call it: `alice@contoso.example`.
    pub display: String,
    /// Every name that it has there.
    pub identifiers: Vec<Identifier>,
    /// The groups it is in, nested and primary ones included; `None` where they could not be read.
    pub groups: Option<Vec<GroupFacts>>,
    /// Whether it holds administrative rights; `None` where that could not be read.
    pub privileged: Option<bool>,
    /// Whether it can sign in; `None` where that could not be read.
    pub enabled: Option<bool>,
    /// Whether it is one of those that are built in and never touched.
    pub protected: Option<Protected>,
    /// When this was read.
    pub read_at: Timestamp,
}

/// Accounts and devices that are protected without any list entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protected {
    /// An account with which a connector of this engine signs in.
    OwnAccount,
    /// The key-distribution account of a domain.
    Krbtgt,
    /// The built-in Administrator (RID 500).
    BuiltInAdministrator,
    /// The built-in Guest (RID 501).
    BuiltInGuest,
    /// Local SYSTEM and the service principals of Windows.
    System,
    /// A domain controller.
    DomainController,
}

impl Protected {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::OwnAccount,
        Self::Krbtgt,
        Self::BuiltInAdministrator,
        Self::BuiltInGuest,
        Self::System,
        Self::DomainController,
    ];

    /// The name under which a site can lift it.
    pub fn name(self) -> &'static str {
        match self {
            Self::OwnAccount => "own_account",
            Self::Krbtgt => "krbtgt",
            Self::BuiltInAdministrator => "built_in_administrator",
            Self::BuiltInGuest => "built_in_guest",
            Self::System => "system",
            Self::DomainController => "domain_controller",
        }
    }
}

/// A group that an account is in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GroupFacts {
    /// Its ids: SID, object id, DN, vendor id; each under the kind it has.
    pub identifiers: Vec<Identifier>,
    /// Its name, where the directory gave one.
    pub name: Option<String>,
}

/// A device, as its system described it when it was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceFacts {
    /// Which device.
    pub key: DeviceKey,
    /// What people call it.
    pub display: String,
    /// Every name that it has there, and under which the alert knew it.
    pub identifiers: Vec<DeviceIdentifier>,
    /// Its tags; `None` where they could not be read.
    pub tags: Option<Vec<String>>,
    /// Its addresses; `None` where they could not be read.
    pub addresses: Option<Vec<std::net::IpAddr>>,
    /// Its own account in a directory, where one that knows it was asked. What excludes the account, and the groups it is
    /// in, excludes the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Box<AccountFacts>>,
    /// Whether it is one of those that are built in and never touched.
    pub protected: Option<Protected>,
    /// When this was read.
    pub read_at: Timestamp,
}
