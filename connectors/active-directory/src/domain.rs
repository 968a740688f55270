//! What a domain controller says of itself and of its forest: [`RootDse`], [`Forest`].

use quell_alert::{DistinguishedName, Identifier, Sid};

use crate::entry::Entry;

/// The capability of every domain controller.
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";
/// The capability of those that cannot be written to.
const READ_ONLY: &str = "1.2.840.113556.1.4.1920";

/// What a controller says of itself after somebody has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RootDse {
    /// Its own name: `dc1.corp.example`.
    pub(crate) host: String,
    /// The domain as a distinguished name, as it writes it.
    pub(crate) domain_dn: String,
    /// The domain's DNS name, in lower case: the realm of its accounts.
    pub(crate) domain: String,
    /// Where the forest keeps its configuration.
    pub(crate) configuration_dn: String,
    /// Whether it only has a copy.
    pub(crate) read_only: bool,
    /// The SIDs of the account that signed in and of its groups.
    pub(crate) own_sids: Vec<Sid>,
}

/// The attributes of [`RootDse`].
pub(crate) const ROOT_DSE: [&str; 5] = [
    "dnsHostName",
    "defaultNamingContext",
    "configurationNamingContext",
    "supportedCapabilities",
    "tokenGroups",
];

impl RootDse {
    /// Reads it; what is missing in words where it is no domain controller's.
    pub(crate) fn read(entry: &Entry) -> Result<Self, String> {
        let text = |name: &str| {
            entry.text(name).map(str::to_owned).ok_or_else(|| format!("its root entry has no {name}"))
        };
        if !entry.holds("supportedcapabilities", ACTIVE_DIRECTORY) {
            return Err("its root entry does not say that it is one".into());
        }
        let domain_dn = text("defaultnamingcontext")?;
        let domain = dns_name(&domain_dn).ok_or_else(|| format!("{domain_dn} is no domain"))?;
        Ok(Self {
            host: text("dnshostname")?.to_ascii_lowercase(),
            domain,
            domain_dn,
            configuration_dn: text("configurationnamingcontext")?,
            read_only: entry.holds("supportedcapabilities", READ_ONLY),
            own_sids: entry.sids("tokengroups").unwrap_or_default(),
        })
    }
}

/// The domains of a forest, and the endings that its principal names may have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Forest {
    pub(crate) domains: Vec<DomainNames>,
    /// In lower case, besides the DNS names of the domains.
    pub(crate) upn_suffixes: Vec<String>,
}

/// The names of one domain, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DomainNames {
    pub(crate) netbios: String,
    pub(crate) dns: String,
}

/// The attributes of [`Forest`].
pub(crate) const FOREST: [&str; 4] = ["nETBIOSName", "dnsRoot", "nCName", "uPNSuffixes"];

impl Forest {
    /// Reads it from what stands under the partitions of the configuration.
    pub(crate) fn read(entries: &[Entry]) -> Self {
        let mut forest = Self::default();
        for entry in entries {
            forest.upn_suffixes.extend(entry.texts("upnsuffixes").map(str::to_lowercase));
            let names = (entry.text("netbiosname"), entry.text("ncname").and_then(dns_name));
            if let (Some(netbios), Some(dns)) = names {
                forest.domains.push(DomainNames { netbios: netbios.to_lowercase(), dns });
            }
        }
        forest
    }

    /// The NetBIOS name of a domain, in lower case.
    pub(crate) fn netbios_of(&self, dns: &str) -> Option<&str> {
        self.domains.iter().find(|names| names.dns == dns).map(|names| names.netbios.as_str())
    }

    /// The DNS name of the domain with this name, in either form.
    pub(crate) fn dns_of(&self, name: &str) -> Option<&str> {
        self.domains
            .iter()
            .find(|names| names.netbios == name || names.dns == name)
            .map(|names| names.dns.as_str())
    }

    /// Whether principal names of this forest can end so.
    pub(crate) fn owns_suffix(&self, suffix: &str) -> bool {
        self.upn_suffixes.iter().any(|own| own == suffix)
            || self.domains.iter().any(|names| names.dns == suffix)
    }
}

/// `DC=corp,DC=example` as `corp.example`.
fn dns_name(dn: &str) -> Option<String> {
    let folded = dn.parse::<DistinguishedName>().ok()?.to_string();
    let labels: Option<Vec<&str>> = folded.split(',').map(|part| part.strip_prefix("dc=")).collect();
    Some(labels?.join("."))
}

/// The part of a principal name behind the `@`, folded.
pub(crate) fn suffix_of(upn: &Identifier) -> Option<&str> {
    match upn {
        Identifier::Upn(text) => text.split_once('@').map(|(_, suffix)| suffix),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(changes: &[(&str, &[&[u8]])]) -> Result<RootDse, String> {
        let mut attributes: Vec<(&str, &[&[u8]])> = vec![
            ("dnshostname", &[b"DC1.corp.example"]),
            ("defaultnamingcontext", &[b"DC=Corp,DC=Example"]),
            ("configurationnamingcontext", &[b"CN=Configuration,DC=Corp,DC=Example"]),
            ("supportedcapabilities", &[b"1.2.840.113556.1.4.800"]),
        ];
        for change in changes {
            attributes.retain(|(name, _)| *name != change.0);
            attributes.push(*change);
        }
        RootDse::read(&Entry::of("", &attributes))
    }

    #[test]
    fn a_controller_is_known_by_what_it_says() {
        let plain = root(&[]).unwrap();
        assert_eq!((plain.domain.as_str(), plain.host.as_str()), ("corp.example", "dc1.corp.example"));
        assert!(!plain.read_only);
        let copy: &[&[u8]] = &[b"1.2.840.113556.1.4.800", b"1.2.840.113556.1.4.1920"];
        assert!(root(&[("supportedcapabilities", copy)]).unwrap().read_only);
    }

    #[test]
    fn other_directories_are_refused() {
        let other: &[&[u8]] = &[b"o=x"];
        for change in
            [("supportedcapabilities", &[][..]), ("defaultnamingcontext", other), ("dnshostname", &[])]
        {
            assert!(root(&[change]).is_err(), "{}", change.0);
        }
    }

    #[test]
    fn a_forest_knows_its_domains_by_both_names() {
        let forest = Forest::read(&[
            Entry::of("CN=Partitions", &[("upnsuffixes", &[b"Example.com"])]),
            Entry::of("CN=CORP", &[("netbiosname", &[b"CORP"]), ("ncname", &[b"DC=corp,DC=example"])]),
            Entry::of("CN=Enterprise Schema", &[("ncname", &[b"CN=Schema,CN=Configuration,DC=corp"])]),
        ]);
        assert_eq!(forest.domains.len(), 1);
        assert_eq!(forest.dns_of("corp"), Some("corp.example"));
        assert_eq!(forest.dns_of("corp.example"), Some("corp.example"));
        assert_eq!(forest.dns_of("other"), None);
        assert_eq!(forest.netbios_of("corp.example"), Some("corp"));
        assert!(forest.owns_suffix("example.com") && forest.owns_suffix("corp.example"));
        assert!(!forest.owns_suffix("contoso.onmicrosoft.com"));
    }
}
