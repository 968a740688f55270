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

impl Device {
    /// The name for people: the DNS name, else the host name, else what there is.
    pub fn display(&self) -> String {
        let named = self.dns_name().or(self.name.as_deref()).map(str::to_owned);
        named.or_else(|| self.strongest().map(ToString::to_string)).unwrap_or_default()
    }

    /// The identifier that says most surely which device it is.
    pub fn strongest(&self) -> Option<&DeviceIdentifier> {
        self.identifiers.first()
    }

    /// One text for this device within its alert: the strongest identifier in its written form.
    pub fn key(&self) -> String {
        self.strongest().map(ToString::to_string).unwrap_or_default()
    }

    /// The fully qualified DNS name.
    pub fn dns_name(&self) -> Option<&str> {
        self.pick(|identifier| match identifier {
            DeviceIdentifier::DnsName(text) => Some(text),
            _ => None,
        })
    }

    /// The machine id of Defender for Endpoint.
    pub fn mde_id(&self) -> Option<&str> {
        self.pick(|identifier| match identifier {
            DeviceIdentifier::MdeId(text) => Some(text),
            _ => None,
        })
    }

    /// The Entra device id.
    pub fn entra_device_id(&self) -> Option<&str> {
        self.pick(|identifier| match identifier {
            DeviceIdentifier::EntraDeviceId(text) => Some(text),
            _ => None,
        })
    }

    /// The Azure resource id.
    pub fn azure_id(&self) -> Option<&str> {
        self.pick(|identifier| match identifier {
            DeviceIdentifier::AzureId(text) => Some(text),
            _ => None,
        })
    }

    /// The SID of its computer account.
    pub fn sid(&self) -> Option<&str> {
        self.pick(|identifier| match identifier {
            DeviceIdentifier::Sid(text) => Some(text),
            _ => None,
        })
    }

    /// Whether it may be acted on: named by more than a bare host name.
    pub fn is_actionable(&self) -> bool {
        self.identifiers.iter().any(DeviceIdentifier::is_strong)
    }

    fn pick<'a>(&'a self, of: impl Fn(&'a DeviceIdentifier) -> Option<&'a String>) -> Option<&'a str> {
        self.identifiers.iter().find_map(of).map(String::as_str)
    }
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
