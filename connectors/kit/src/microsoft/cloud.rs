//! [`Cloud`]: Microsoft's separate clouds, each with addresses of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// In which of Microsoft's clouds the tenant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cloud {
    /// The public cloud.
    #[default]
    Global,
    /// US Government, GCC: the public cloud, with a Defender for Endpoint of its own.
    Gcc,
    /// US Government, GCC High.
    GccHigh,
    /// US Government, Department of Defense.
    Dod,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// Where programs sign in.
    pub fn login(self) -> &'static str {
        match self {
            Self::Global | Self::Gcc => "https://login.microsoftonline.com",
            Self::GccHigh | Self::Dod => "https://login.microsoftonline.us",
            Self::China => "https://login.partner.microsoftonline.cn",
        }
    }

    /// Where Microsoft Graph is.
    pub fn graph(self) -> &'static str {
        match self {
            Self::Global | Self::Gcc => "https://graph.microsoft.com",
            Self::GccHigh => "https://graph.microsoft.us",
            Self::Dod => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }

    /// Where Defender for Endpoint is; it is not offered in China.
    pub fn defender_endpoint(self) -> Option<&'static str> {
        match self {
            Self::Global => Some("https://api.security.microsoft.com"),
            Self::Gcc => Some("https://api-gcc.securitycenter.microsoft.us"),
            Self::GccHigh | Self::Dod => Some("https://api-gov.securitycenter.microsoft.us"),
            Self::China => None,
        }
    }

    /// What tokens for Defender for Endpoint are asked for. In the public cloud it still is the older name.
    pub fn defender_endpoint_scope(self) -> Option<&'static str> {
        match self {
            Self::Global => Some("https://api.securitycenter.microsoft.com/.default"),
            Self::Gcc => Some("https://api-gcc.securitycenter.microsoft.us/.default"),
            Self::GccHigh | Self::Dod => Some("https://api-gov.securitycenter.microsoft.us/.default"),
            Self::China => None,
        }
    }

    /// Where Azure Resource Manager is, through which Sentinel is reached.
    pub fn resource_manager(self) -> &'static str {
        match self {
            Self::Global | Self::Gcc => "https://management.azure.com",
            Self::GccHigh | Self::Dod => "https://management.usgovcloudapi.net",
            Self::China => "https://management.chinacloudapi.cn",
        }
    }

    /// Whether users at risk (Identity Protection) can be asked about there.
    pub fn has_risky_users(self) -> bool {
        self != Self::China
    }

    /// Whether the incidents of Defender XDR can be asked about there.
    pub fn has_incidents(self) -> bool {
        self != Self::China
    }

    /// Whether the accounts of Defender for Identity can be asked about there.
    pub fn has_identity_accounts(self) -> bool {
        matches!(self, Self::Global | Self::Gcc)
    }
}
