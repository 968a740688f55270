//! Devices, and the ids by which one can be named.

use serde::{Deserialize, Serialize};

use crate::Role;

/// A machine, as an alert named it (Sentinel calls it host).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Every name it was given, normalised, without repetition; strongest first.
    pub identifiers: Vec<DeviceIdentifier>,
    /// The host name, for people to read.
    pub name: Option<String>,
    /// Tags that the sender had on it, as written.
    pub tags: Vec<String>,
    /// The platform, where the sender said so.
    pub os: Option<String>,
    /// What part it played.
    pub roles: Vec<Role>,
    /// Where in [`crate::Alert::document`] it stands (the first place of several).
    pub place: String,
}

/// One name of a device, normalised so that equal names are equal values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceIdentifier {
    /// The machine id of Defender for Endpoint, 40 hex digits, lower-case.
    MdeId(String),
    /// The Entra device id, lower-case, dashed.
    EntraDeviceId(String),
    /// The Azure resource id, folded.
    AzureId(String),
    /// The SID of its computer account.
    Sid(String),
    /// The fully qualified DNS name, folded. Compared exactly.
    DnsName(String),
    /// A down-level name: domain and host name, both folded.
    Netbios {
        /// The domain, as named.
        domain: String,
        /// The host name.
        name: String,
    },
    /// A bare host name, folded. Weak: never enough to act on.
    HostName(String),
}
