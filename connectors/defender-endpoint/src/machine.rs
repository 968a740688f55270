//! [`Machine`]: one device as Defender for Endpoint describes it, and the names that it has.

use std::net::IpAddr;

use quell_alert::DeviceIdentifier;
use serde::Deserialize;

/// One device.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) computer_dns_name: Option<String>,
    #[serde(default)]
    pub(crate) aad_device_id: Option<String>,
    #[serde(default)]
    onboarding_status: Option<String>,
    #[serde(default)]
    pub(crate) health_status: Option<String>,
    #[serde(default)]
    pub(crate) os_platform: Option<String>,
    #[serde(default)]
    last_ip_address: Option<String>,
    #[serde(default)]
    ip_addresses: Option<Vec<Address>>,
    #[serde(default)]
    pub(crate) machine_tags: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    #[serde(default)]
    ip_address: Option<String>,
}

impl Machine {
    /// What people call it.
    pub(crate) fn display(&self) -> String {
        self.computer_dns_name.clone().unwrap_or_else(|| self.id.clone())
    }

    /// Every name that it has. A name without a domain is weak.
    pub(crate) fn identifiers(&self) -> Vec<DeviceIdentifier> {
        let mut names: Vec<DeviceIdentifier> = DeviceIdentifier::mde_id(&self.id).into_iter().collect();
        names.extend(self.aad_device_id.as_deref().and_then(|id| DeviceIdentifier::entra_device_id(id).ok()));
        if let Some(name) = &self.computer_dns_name {
            names.extend(DeviceIdentifier::dns_name(name));
            names.extend(name.split('.').next().and_then(|host| DeviceIdentifier::host_name(host).ok()));
        }
        names
    }

    /// Its own addresses; that of the network it stands behind is none of them.
    pub(crate) fn addresses(&self) -> Option<Vec<IpAddr>> {
        let others = self.ip_addresses.iter().flatten().filter_map(|one| one.ip_address.as_ref());
        let all = self.last_ip_address.iter().chain(others);
        let mut found: Vec<IpAddr> = all.filter_map(|text| text.parse().ok()).collect();
        found.sort_unstable();
        found.dedup();
        (self.last_ip_address.is_some() || self.ip_addresses.is_some()).then_some(found)
    }

    /// Whether it has this tag.
    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.machine_tags.iter().flatten().any(|have| have.eq_ignore_ascii_case(tag))
    }

    fn is_onboarded(&self) -> bool {
        self.onboarding_status.as_deref().is_none_or(|status| status.eq_ignore_ascii_case("onboarded"))
    }

    fn is_active(&self) -> bool {
        self.health_status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("active"))
    }
}

/// The one that is meant, of all that have a name. A device that was set up anew leaves its old self behind: that does
/// not count, where it is no longer onboarded, or where only one of them is active.
pub(crate) fn the_one(all: Vec<Machine>) -> Result<Option<Machine>, String> {
    let mut onboarded: Vec<Machine> = all.into_iter().filter(Machine::is_onboarded).collect();
    if onboarded.len() > 1 && onboarded.iter().filter(|machine| machine.is_active()).count() == 1 {
        onboarded.retain(Machine::is_active);
    }
    match (onboarded.pop(), onboarded.len()) {
        (one, 0) => Ok(one),
        (_, others) => Err(format!("{} devices have that name", others + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn machine(changes: Value) -> Machine {
        let mut all = json!({
            "id": "1E5bc9d7e413ddd7902c2932e418702b84d0cc07", "computerDnsName": "WKS1.corp.example",
            "aadDeviceId": "73d664e4-0886-4a73-b745-c694da45ddb4", "onboardingStatus": "Onboarded",
            "healthStatus": "Active", "lastIpAddress": "192.0.2.10",
            "ipAddresses": [{ "ipAddress": "192.0.2.10" }, { "ipAddress": "fe80::1" }, { "ipAddress": null }],
        });
        for (key, value) in changes.as_object().unwrap() {
            all[key] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn names_and_addresses_are_read() {
        let one = machine(json!({}));
        let names: Vec<String> = one.identifiers().iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            [
                "mde_id:1e5bc9d7e413ddd7902c2932e418702b84d0cc07",
                "entra_device_id:73d664e4-0886-4a73-b745-c694da45ddb4",
                "dns_name:wks1.corp.example",
                "host_name:wks1",
            ]
        );
        assert_eq!(one.addresses().unwrap().len(), 2);
        let bare = json!({ "lastIpAddress": null, "ipAddresses": null });
        assert_eq!(machine(bare).addresses(), None, "unknown, and not none");
        assert_eq!(machine(json!({ "computerDnsName": "wks1" })).identifiers().len(), 3);
    }

    #[test]
    fn old_selves_do_not_count_and_two_that_live_are_ambiguous() {
        let with = |id: &str, onboarding: &str, health: &str| {
            machine(json!({ "id": id, "onboardingStatus": onboarding, "healthStatus": health }))
        };
        let one = |all: Vec<Machine>| the_one(all).map(|found| found.map(|machine| machine.id));
        let (here, old) = (with("a", "Onboarded", "Active"), with("b", "CanBeOnboarded", "Active"));
        assert_eq!(one(vec![here.clone(), old]), Ok(Some("a".into())));
        assert_eq!(one(vec![with("c", "Onboarded", "Inactive"), here.clone()]), Ok(Some("a".into())));
        assert!(one(vec![with("d", "Onboarded", "Active"), here.clone()]).is_err());
        let asleep = |id| with(id, "Onboarded", "Inactive");
        assert!(one(vec![asleep("e"), asleep("f")]).is_err());
        assert_eq!(one(Vec::new()), Ok(None));
    }
}
