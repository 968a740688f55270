//! The names by which playbooks ask for what an alert, an account or another entity says: `alert.severity`,
//! `account.sid`. [`fields`] lists them all with their kinds, so that a playbook can be checked before it runs.

use std::borrow::Cow;
use std::fmt;

use crate::alert::{Alert, Severity, Timestamp};
use crate::device::Device;
use crate::entity::{FileEntity, HashEntity, IpEntity, MailboxEntity, UrlEntity};
use crate::identity::{Account, Role};
use crate::product::Product;

mod list;
pub use list::fields;

/// One name that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The dotted name: `alert.severity`.
    pub name: &'static str,
    /// What kind of value it gives.
    pub kind: FieldKind,
    /// What it means, for the reference.
    pub summary: &'static str,
}

/// The kinds of value that a field gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// Text, compared without case.
    Text,
    /// Several texts.
    TextList,
    /// A product: any alias equals the canonical name ([`Product::matches`]).
    Product,
    /// A severity, in order.
    Severity,
    /// A moment.
    Time,
    /// An IP address.
    Ip,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
}

/// What a field gives for one alert or entity. A field that has no value gives nothing at all.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// Several texts; an empty list is a value too.
    TextList(Vec<Cow<'a, str>>),
    /// A product.
    Product(&'a Product),
    /// A severity.
    Severity(Severity),
    /// A moment.
    Time(Timestamp),
    /// An IP address, in its normal spelling where it could be read.
    Ip(&'a str),
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
}

/// The field with this dotted name.
pub fn field(name: &str) -> Option<&'static Field> {
    fields().iter().find(|field| field.name == name)
}

impl Alert {
    /// The value of `alert.…`; nothing where the alert does not say, or where there is no such field.
    pub fn field(&self, name: &str) -> Option<FieldValue<'_>> {
        let value = match name.strip_prefix("alert.")? {
            "id" => text(self.id.as_str()),
            "provider_id" => maybe(self.provider_id.as_deref())?,
            "incident_id" => maybe(self.incident_id.as_deref())?,
            "format" => text(self.format.as_str()),
            "title" => text(&self.title),
            "description" => maybe(self.description.as_deref())?,
            "type" => maybe(self.alert_type.as_deref())?,
            "external_id" => maybe(self.external_id.as_deref())?,
            "detector_id" => maybe(self.detector_id.as_deref())?,
            "provider" => maybe(self.provider.as_deref())?,
            "product" => FieldValue::Product(&self.product),
            "severity" => FieldValue::Severity(self.severity?),
            "status" => text(self.status.as_str()),
            "tactics" => list(&self.tactics),
            "techniques" => list(&self.techniques),
            "start" => FieldValue::Time(self.times.start?),
            "end" => FieldValue::Time(self.times.end?),
            "updated" => FieldValue::Time(self.times.updated?),
            "link" => maybe(self.link.as_deref())?,
            "tenant" => maybe(self.tenant.as_deref())?,
            "changed" => list(self.before.as_ref().map_or(&[], |before| &before.changed)),
            "before.title" => text(&self.before.as_ref()?.title),
            "before.severity" => FieldValue::Severity(self.before.as_ref()?.severity?),
            "before.status" => text(self.before.as_ref()?.status.as_str()),
            other => return self.entity_list(other),
        };
        Some(value)
    }

    /// The entities of one kind, as the texts by which a person would name them.
    fn entity_list(&self, name: &str) -> Option<FieldValue<'_>> {
        let entities = &self.entities;
        let texts = match name {
            "accounts" => entities.persons().map(|account| Cow::Owned(account.display())).collect(),
            "devices" => entities.devices.iter().map(|device| Cow::Owned(device.display())).collect(),
            "ips" => entities.ips.iter().map(|ip| Cow::from(&ip.address)).collect(),
            "mailboxes" => entities.mailboxes.iter().map(|mailbox| Cow::from(&mailbox.address)).collect(),
            "files" => entities.files.iter().filter_map(|file| file.name.as_deref()).map(Cow::from).collect(),
            "hashes" => entities.hashes.iter().map(|hash| Cow::from(&hash.value)).collect(),
            "urls" => entities.urls.iter().map(|url| Cow::from(&url.url)).collect(),
            "domains" => entities.domains.iter().map(Cow::from).collect(),
            _ => return None,
        };
        Some(FieldValue::TextList(texts))
    }
}

impl Account {
    /// The value of `account.…`; nothing where the alert does not say, or where there is no such field.
    pub fn field(&self, name: &str) -> Option<FieldValue<'_>> {
        let value = match name.strip_prefix("account.")? {
            "name" => maybe(self.name.as_deref())?,
            "display_name" => maybe(self.display_name.as_deref())?,
            "upn" => maybe(self.upn())?,
            "sid" => maybe(self.sid())?,
            "sam" => FieldValue::Text(Cow::Owned(self.sam()?)),
            "domain" => maybe(self.domain())?,
            "entra_id" => maybe(self.entra_id())?,
            "ad_guid" => maybe(self.ad_guid())?,
            "okta_id" => maybe(self.okta_id())?,
            "mail" => maybe(self.mail())?,
            "tenant" => maybe(self.entra_tenant.as_deref())?,
            "host" => maybe(self.host.as_deref())?,
            "kind" => text(self.kind.as_str()),
            "key" => FieldValue::Text(Cow::Owned(self.key())),
            "roles" => roles(&self.roles),
            "is_actionable" => FieldValue::Boolean(self.is_actionable()),
            _ => return None,
        };
        Some(value)
    }
}

impl Device {
    /// The value of `device.…`; nothing where the alert does not say, or where there is no such field.
    pub fn field(&self, name: &str) -> Option<FieldValue<'_>> {
        let value = match name.strip_prefix("device.")? {
            "name" => maybe(self.name.as_deref())?,
            "dns_name" => maybe(self.dns_name())?,
            "mde_id" => maybe(self.mde_id())?,
            "entra_device_id" => maybe(self.entra_device_id())?,
            "azure_id" => maybe(self.azure_id())?,
            "sid" => maybe(self.sid())?,
            "os" => maybe(self.os.as_deref())?,
            "tags" => list(&self.tags),
            "key" => FieldValue::Text(Cow::Owned(self.key())),
            "roles" => roles(&self.roles),
            "is_actionable" => FieldValue::Boolean(self.is_actionable()),
            _ => return None,
        };
        Some(value)
    }
}

impl IpEntity {
    /// The value of `ip.…`.
    pub fn field(&self, name: &str) -> Option<FieldValue<'_>> {
        match name.strip_prefix("ip.")? {
            "address" => Some(FieldValue::Ip(&self.address)),
            "country" => maybe(self.country.as_deref()),
            "roles" => Some(roles(&self.roles)),
            _ => None,
        }
    }
}

impl MailboxEntity {
    /// The value of `mailbox.…`.
    pub fn field(&self, name: &str) -> Option<FieldValue<'_>> {
        match name.strip_prefix("mailbox.")? {
            "address" => Some(text(&self.address)),
            "display_name" => maybe(self.display_name.as_deref()),
            "upn" => maybe(self.upn.as_deref()),
            "entra_id" => maybe(self.entra_id.as_deref()),
            _ => None,
        }
    }
}

impl FileEntity {
    /// The value of `file.…`.
    pub fn field(&self, name: &str) -> Option<FieldValue<'_>> {
        match name.strip_prefix("file.")? {
            "name" => maybe(self.name.as_deref()),
            "directory" => maybe(self.directory.as_deref()),
            algorithm @ ("sha256" | "sha1" | "md5") => {
                maybe(self.hash(algorithm).map(|hash| hash.value.as_str()))
            }
            _ => None,
        }
    }
}

impl HashEntity {
    /// The value of `hash.…`.
    pub fn field(&self, name: &str) -> Option<FieldValue<'_>> {
        match name.strip_prefix("hash.")? {
            "algorithm" => Some(text(&self.algorithm)),
            "value" => Some(text(&self.value)),
            _ => None,
        }
    }
}

impl UrlEntity {
    /// The value of `url.…`.
    pub fn field(&self, name: &str) -> Option<FieldValue<'_>> {
        (name == "url.url").then(|| text(&self.url))
    }
}

/// The value as people read it; lists with commas.
impl fmt::Display for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::TextList(texts) => f.write_str(&texts.join(", ")),
            Self::Product(product) => f.write_str(product.as_str()),
            Self::Severity(severity) => f.write_str(severity.as_str()),
            Self::Time(time) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S%.fZ")),
            Self::Ip(address) => f.write_str(address),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
        }
    }
}

fn text(value: &str) -> FieldValue<'_> {
    FieldValue::Text(Cow::Borrowed(value))
}

fn maybe(value: Option<&str>) -> Option<FieldValue<'_>> {
    value.map(text)
}

fn list(values: &[String]) -> FieldValue<'_> {
    FieldValue::TextList(values.iter().map(Cow::from).collect())
}

fn roles(values: &[Role]) -> FieldValue<'_> {
    FieldValue::TextList(values.iter().map(|role| Cow::from(&role.0)).collect())
}

#[cfg(test)]
mod tests;
