//! The names by which an entry says whom or what it means: fields that each take one form.

use quell_alert::{DeviceIdentifier, Hint, Identifier, IdentifierError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem;
use crate::Problem;
use crate::exclusion::Excludes;
use crate::exclusion::names::plain;

/// A person or service. Each name is enough; ids are better than names, which are given to somebody else one day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccountForm {
    /// A SID: S-1-5-21-….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The object GUID in Active Directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_guid: Option<String>,
    /// The object id in Entra ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entra_id: Option<String>,
    /// The user id in Okta: 00u….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub okta_id: Option<String>,
    /// The source anchor (onPremisesImmutableId).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable_id: Option<String>,
    /// The user principal name: name@domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upn: Option<String>,
    /// The login in Okta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The down-level name: DOMAIN\name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sam: Option<String>,
    /// The distinguished name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dn: Option<String>,
    /// The mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// An account name without a domain: stands for that name in every domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A group. Each name is enough.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupForm {
    /// A SID: S-1-5-21-….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The object GUID in Active Directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_guid: Option<String>,
    /// The object id in Entra ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entra_id: Option<String>,
    /// The group id in Okta: 00g….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub okta_id: Option<String>,
    /// The distinguished name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dn: Option<String>,
    /// The name, without its domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A device. Each name is enough.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceForm {
    /// A DNS name, a DOMAIN\host, or a bare host name, which stands for that host in every domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The fully qualified DNS name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
    /// The machine id of Defender for Endpoint: 40 hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mde_id: Option<String>,
    /// The device id in Entra ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entra_id: Option<String>,
    /// The Azure resource id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_id: Option<String>,
    /// The SID of its computer account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

impl AccountForm {
    pub(super) fn read(&self, problems: &mut Vec<Problem>) -> Option<Vec<Identifier>> {
        let fields = [
            ("sid", &self.sid, Hint::Sid),
            ("ad_guid", &self.ad_guid, Hint::AdGuid),
            ("entra_id", &self.entra_id, Hint::EntraId),
            ("okta_id", &self.okta_id, Hint::OktaId),
            ("immutable_id", &self.immutable_id, Hint::ImmutableId),
            ("upn", &self.upn, Hint::Upn),
            ("login", &self.login, Hint::Login),
            ("sam", &self.sam, Hint::Sam),
            ("dn", &self.dn, Hint::Dn),
            ("mail", &self.mail, Hint::Mail),
            ("name", &self.name, Hint::Name),
        ];
        let read = fields.into_iter().map(|(field, text, hint)| (field, text, account_name(hint)));
        collect("account", read, problems)
    }
}

impl GroupForm {
    pub(super) fn read(&self, problems: &mut Vec<Problem>) -> Option<Excludes> {
        type Read = fn(&str) -> Result<Identifier, IdentifierError>;
        let fields: [(&str, &Option<String>, Read); 6] = [
            ("sid", &self.sid, Identifier::sid),
            ("ad_guid", &self.ad_guid, Identifier::ad_guid),
            ("entra_id", &self.entra_id, Identifier::entra_id),
            ("okta_id", &self.okta_id, okta_group_id),
            ("dn", &self.dn, Identifier::dn),
            ("name", &self.name, group_name),
        ];
        let read = collect("group", fields, problems)?;
        let (names, identifiers): (Vec<_>, Vec<_>) =
            read.into_iter().partition(|id| matches!(id, Identifier::Name(_)));
        let names = names.into_iter().filter_map(|name| match name {
            Identifier::Name(name) => Some(plain(&name)),
            _ => None,
        });
        Some(Excludes::Group { identifiers, names: names.collect() })
    }
}

impl DeviceForm {
    pub(super) fn read(&self, problems: &mut Vec<Problem>) -> Option<Vec<DeviceIdentifier>> {
        type Read = fn(&str) -> Result<DeviceIdentifier, IdentifierError>;
        let fields: [(&str, &Option<String>, Read); 6] = [
            ("name", &self.name, device_name),
            ("dns_name", &self.dns_name, DeviceIdentifier::dns_name),
            ("mde_id", &self.mde_id, DeviceIdentifier::mde_id),
            ("entra_id", &self.entra_id, DeviceIdentifier::entra_device_id),
            ("azure_id", &self.azure_id, DeviceIdentifier::azure_id),
            ("sid", &self.sid, DeviceIdentifier::sid),
        ];
        collect("device", fields, problems)
    }
}

/// Reads the fields that are given; at least one must be.
fn collect<'a, T>(
    kind: &str,
    fields: impl IntoIterator<Item = (&'a str, &'a Option<String>, impl Fn(&str) -> Result<T, IdentifierError>)>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<T>> {
    let (mut found, mut known, mut bad) = (Vec::new(), Vec::new(), false);
    for (field, text, read) in fields {
        known.push(field);
        let Some(text) = text else { continue };
        match read(text) {
            Ok(name) => found.push(name),
            Err(error) => {
                bad = true;
                problems.push(problem(&format!("{kind}.{field}"), error.to_string()));
            }
        }
    }
    if found.is_empty() && !bad {
        problems.push(problem(kind, format!("has no name: write at least one of {}", known.join(", "))));
    }
    (!found.is_empty() && !bad).then_some(found)
}

/// Takes exactly the form that the field is for: a SID written as a UPN would never match anybody.
fn account_name(hint: Hint) -> impl Fn(&str) -> Result<Identifier, IdentifierError> {
    move |text| match hint {
        Hint::Upn => Identifier::upn(text),
        Hint::Name => {
            bare(text, "account name without a domain (for DOMAIN\\name use sam, for name@domain use upn)")
        }
        hint => Identifier::recognise(text, hint),
    }
}

fn bare(text: &str, form: &'static str) -> Result<Identifier, IdentifierError> {
    match text.contains(['\\', '@', '=']) {
        true => Err(IdentifierError::NotA { form, text: text.to_owned() }),
        false => Identifier::bare_name(text),
    }
}

/// Directories give the names of groups without the domain.
fn group_name(text: &str) -> Result<Identifier, IdentifierError> {
    Identifier::bare_name(text.rsplit_once('\\').map_or(text, |(_, name)| name))
}

fn okta_group_id(text: &str) -> Result<Identifier, IdentifierError> {
    let text = text.trim();
    match text.len() == 20 && text.starts_with("00g") && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        true => Ok(Identifier::OktaId(text.to_owned())),
        false => Err(IdentifierError::NotA {
            form: "group id of Okta (00g and 17 letters or digits)",
            text: text.to_owned(),
        }),
    }
}

/// Only names, not ids: those have fields of their own, and an address is no name.
fn device_name(text: &str) -> Result<DeviceIdentifier, IdentifierError> {
    let refused = || IdentifierError::NotA {
        form: "name of a device (host.domain, DOMAIN\\host or host)",
        text: text.to_owned(),
    };
    match DeviceIdentifier::recognise(text)? {
        DeviceIdentifier::HostName(host) if host.contains(['.', ':', ' ', '/']) => Err(refused()),
        name @ (DeviceIdentifier::DnsName(_)
        | DeviceIdentifier::Netbios { .. }
        | DeviceIdentifier::HostName(_)) => Ok(name),
        _ => Err(refused()),
    }
}
