//! [`Product`]: who found it, under one canonical name.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::folding::squeeze;

/// The product that found an alert, under its canonical name ("Microsoft Defender for Identity"), or in the sender's
/// own words where no canonical name is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Product(pub String);

impl Product {
    /// Defender for Identity.
    pub const DEFENDER_FOR_IDENTITY: &'static str = "Microsoft Defender for Identity";
    /// Defender for Endpoint.
    pub const DEFENDER_FOR_ENDPOINT: &'static str = "Microsoft Defender for Endpoint";
    /// Defender for Office 365.
    pub const DEFENDER_FOR_OFFICE_365: &'static str = "Microsoft Defender for Office 365";
    /// Sentinel's own rules.
    pub const SENTINEL: &'static str = "Microsoft Sentinel";
    /// What stands where a record does not say who found it.
    pub const UNKNOWN: &'static str = "unknown";

    /// The product behind the names that a record gives, the most telling name first. The first name that is an alias
    /// of a known product decides; where none is, the first name that says something is kept as it came.
    pub fn canonical<'a>(names: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        let known = names.clone().into_iter().find_map(canonical_name);
        let own_words = || names.into_iter().map(str::trim).find(|name| !name.is_empty());
        Self(known.or_else(own_words).unwrap_or(Self::UNKNOWN).to_owned())
    }

    /// Whether a text names this product, by its canonical name or by any alias. Case and blanks do not count.
    pub fn matches(&self, text: &str) -> bool {
        match canonical_name(text) {
            Some(name) => self.0 == name,
            None => squeeze(&self.0) == squeeze(text),
        }
    }

    /// Every name that is known, canonical ones first: for completion and for the nearest right name.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        let aliases = PRODUCTS.iter().flat_map(|(_, aliases)| aliases.iter().copied());
        PRODUCTS.iter().map(|(name, _)| *name).chain(aliases)
    }

    /// The canonical name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether its canonical name is known to the engine.
    pub fn is_known(&self) -> bool {
        PRODUCTS.iter().any(|(name, _)| *name == self.0)
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn canonical_name(text: &str) -> Option<&'static str> {
    BY_NAME.get(&squeeze(text)).copied()
}

/// Every name, squeezed, with the product it leads to.
static BY_NAME: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let names = PRODUCTS.iter().flat_map(|(name, aliases)| {
        let own = std::iter::once(name);
        own.chain(aliases.iter()).map(|alias| (squeeze(alias), *name))
    });
    names.collect()
});

/// Each product with the names under which it was met: in `ProviderName`, `ProductName`, the service source of
/// Defender XDR and of Graph, and older names. They are compared without case and blanks.
const PRODUCTS: [(&str, &[&str]); 15] = [
    (
        Product::DEFENDER_FOR_IDENTITY,
        &[
            "Azure Advanced Threat Protection",
            "Azure ATP",
            "AATP",
            "MDI",
            "Defender for Identity",
            // One vendor documents it with this spelling.
            "microsoftDefenderForIdenity",
        ],
    ),
    (
        Product::DEFENDER_FOR_ENDPOINT,
        &[
            "MDATP",
            "MDE",
            "Defender for Endpoint",
            "Microsoft Defender Advanced Threat Protection",
            "Microsoft Defender ATP",
            "Windows Defender ATP",
            "Windows Defender Advanced Threat Protection",
        ],
    ),
    (
        Product::DEFENDER_FOR_OFFICE_365,
        &[
            "OATP",
            "MDO",
            "Defender for Office 365",
            "Office 365 Advanced Threat Protection",
            "Office ATP",
            "Office 365 ATP",
            "Office 365 Security & Compliance",
            "Office 365 Security and Compliance",
        ],
    ),
    (
        "Microsoft Defender for Cloud Apps",
        &["MCAS", "MDA", "Defender for Cloud Apps", "Microsoft Cloud App Security", "Cloud App Security"],
    ),
    (
        "Microsoft Entra ID Protection",
        &[
            "IPC",
            "Azure Active Directory Identity Protection",
            "AAD Identity Protection",
            "Azure AD Identity Protection",
            "Entra ID Protection",
            "Identity Protection",
        ],
    ),
    (
        "Microsoft Defender for Cloud",
        &["Azure Security Center", "ASC", "MDC", "Defender for Cloud", "Detection", "Azure Defender"],
    ),
    (
        "Microsoft Defender for IoT",
        &["IoTSecurity", "Defender for IoT", "Azure Security Center for IoT", "Azure Defender for IoT"],
    ),
    (
        Product::SENTINEL,
        &[
            "Azure Sentinel",
            "Sentinel",
            "ASI Scheduled Alerts",
            "ASI NRT Alerts",
            "CustomAlertRule",
            "Alert Rule",
            "Microsoft Azure Sentinel",
        ],
    ),
    (
        "Microsoft Defender XDR",
        &["Microsoft 365 Defender", "M365 Defender", "Defender XDR", "Microsoft Threat Protection", "MTP"],
    ),
    ("Microsoft App Governance", &["App Governance"]),
    (
        "Microsoft Purview Data Loss Prevention",
        &["dataLossPrevention", "Microsoft Data Loss Prevention", "MicrosoftDataLossPrevention"],
    ),
    (
        "Microsoft Purview Insider Risk Management",
        &["Microsoft Insider Risk Management", "Insider Risk Management"],
    ),
    ("Microsoft Threat Intelligence", &["Microsoft Defender Threat Intelligence"]),
    ("Microsoft Security for AI", &[]),
    ("Microsoft Entra ID", &["Azure Active Directory", "Azure AD"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Product {
        Product::canonical(names.iter().copied())
    }

    #[test]
    fn every_alias_leads_to_its_product() {
        for (name, aliases) in PRODUCTS {
            for alias in aliases {
                assert_eq!(of(&[alias]).as_str(), name, "{alias}");
                assert_eq!(of(&[&alias.to_uppercase().replace(' ', "")]).as_str(), name, "{alias}");
                assert!(Product(name.to_owned()).matches(alias), "{alias}");
            }
        }
    }

    #[test]
    fn no_name_leads_to_two_products() {
        let mut seen = std::collections::HashMap::new();
        for (name, aliases) in PRODUCTS {
            for text in aliases.iter().chain([&name]) {
                if let Some(other) = seen.insert(squeeze(text), name) {
                    assert_eq!(other, name, "{text} names both");
                }
            }
        }
    }

    #[test]
    fn names_in_the_wild_are_known() {
        for (text, name) in [
            ("microsoftDefenderForIdentity", Product::DEFENDER_FOR_IDENTITY),
            ("MicrosoftDefenderATP", Product::DEFENDER_FOR_ENDPOINT),
            ("WindowsDefenderAtp", Product::DEFENDER_FOR_ENDPOINT),
            ("MicrosoftDefenderforOffice365", Product::DEFENDER_FOR_OFFICE_365),
            ("azureAdIdentityProtection", "Microsoft Entra ID Protection"),
            ("microsoft365Defender", "Microsoft Defender XDR"),
        ] {
            assert_eq!(of(&[text]).as_str(), name);
        }
    }

    #[test]
    fn the_first_known_name_decides_and_unknown_ones_are_kept() {
        assert_eq!(of(&["ASI Scheduled Alerts", "Azure Sentinel"]).as_str(), Product::SENTINEL);
        assert_eq!(of(&["", "Traps", "Palo Alto Networks"]).as_str(), "Traps");
        assert_eq!(of(&[]).as_str(), Product::UNKNOWN);
        assert!(!of(&["Traps"]).is_known());
        assert!(of(&["Traps"]).matches("traps"));
        assert!(!of(&["MDATP"]).matches("Microsoft Defender"));
    }
}
