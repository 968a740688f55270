//! A host entity: which of its many fields name it.

use crate::alert::Oddity;
use crate::decode::entities::layers::Layers;
use crate::decode::place::Place;
use crate::decode::record::as_text;
use crate::device::{Device, DeviceIdentifier};
use crate::error::IdentifierError;
use crate::folding::fold;

/// Fields that hold a host name, or a DNS name that somebody put into them.
const NAMES: [&str; 7] =
    ["HostName", "NetBiosName", "FQDN", "DeviceDnsName", "ComputerDnsName", "DeviceName", "friendlyName"];

/// A device has a handful of tags; what goes on for longer is an attack on our memory.
const MOST_TAGS: usize = 256;

/// Reads a device. Nothing where it has no name at all.
pub(super) fn read(facts: &Layers<'_>, place: Place<'_>, oddities: &mut Vec<Oddity>) -> Option<Device> {
    let mut identifiers = ids(facts, place, oddities);
    let written: Vec<&str> = NAMES.iter().filter_map(|field| facts.text(&[field])).collect();
    for name in &written {
        identifiers.extend(DeviceIdentifier::dns_name(name).ok());
    }
    if let Some(name) = facts.text(&["NetBiosName"]).filter(|name| name.contains('.')) {
        let what = format!("a DNS name, {name:?}, where a NetBIOS name belongs");
        oddities.push(Oddity { place: place.member("NetBiosName").to_string(), what });
    }
    let short = written.iter().copied().find(|name| DeviceIdentifier::dns_name(name).is_err());
    if let Some(name) = short {
        identifiers.extend(with_domain(facts, name));
        identifiers.extend(DeviceIdentifier::host_name(name).ok());
    }
    identifiers.sort();
    identifiers.dedup();
    let first_label = || written.first().and_then(|name| name.split('.').next());
    (!identifiers.is_empty()).then(|| Device {
        identifiers,
        name: short.or_else(first_label).map(str::to_owned),
        tags: tags(facts),
        os: facts.text(&["OSFamily", "OsPlatform", "os"]).map(str::to_owned),
        roles: facts.roles(),
        place: place.to_string(),
    })
}

/// What reads an id of a fixed form.
type Form = fn(&str) -> Result<DeviceIdentifier, IdentifierError>;

/// The ids of a fixed form. What does not have that form is named as odd and left out.
fn ids(facts: &Layers<'_>, place: Place<'_>, oddities: &mut Vec<Oddity>) -> Vec<DeviceIdentifier> {
    let forms: [(&[&str], Form); 4] = [
        (&["MdatpDeviceId", "MdeDeviceId", "MachineId", "DeviceId"], DeviceIdentifier::mde_id),
        (&["AadDeviceId", "AzureAdDeviceId"], DeviceIdentifier::entra_device_id),
        (&["AzureID", "AzureResourceId", "ResourceId"], DeviceIdentifier::azure_id),
        (&["Sid"], DeviceIdentifier::sid),
    ];
    let mut found = Vec::new();
    for (fields, of) in forms {
        for (field, text) in fields.iter().filter_map(|field| Some((field, facts.text(&[field])?))) {
            match of(text) {
                Ok(identifier) => found.push(identifier),
                Err(error) => {
                    oddities.push(Oddity { place: place.member(field).to_string(), what: error.to_string() });
                }
            }
        }
    }
    found
}

/// A short name with the domains that stand beside it.
fn with_domain(facts: &Layers<'_>, name: &str) -> Vec<DeviceIdentifier> {
    let dns = facts.text(&["DnsDomain"]).and_then(|domain| {
        let domain = domain.trim_matches('.');
        DeviceIdentifier::dns_name(&format!("{name}.{domain}")).ok()
    });
    let is_own_name = |domain: &&str| fold(domain) != fold(name);
    let netbios = facts
        .text(&["NTDomain"])
        .filter(is_own_name)
        .and_then(|domain| DeviceIdentifier::netbios(domain, name).ok());
    dns.into_iter().chain(netbios).collect()
}

fn tags(facts: &Layers<'_>) -> Vec<String> {
    let lists = ["tags", "MachineTags", "DeviceTags", "DeviceManualTags", "DeviceDynamicTags"];
    let mut found: Vec<String> = Vec::new();
    for tag in lists.iter().flat_map(|name| facts.list(&[name])).take(MOST_TAGS).filter_map(as_text) {
        if !found.iter().any(|known| known == tag) {
            found.push(tag.to_owned());
        }
    }
    found
}
