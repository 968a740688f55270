//! Accounts, and the names by which one account can be known.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose accounts or devices something is about: `active_directory`, `entra_id`, `okta`, `defender_endpoint`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Provider(pub String);

impl Provider {
    /// Active Directory.
    pub const ACTIVE_DIRECTORY: &'static str = "active_directory";
    /// Entra ID.
    pub const ENTRA_ID: &'static str = "entra_id";
    /// Okta.
    pub const OKTA: &'static str = "okta";
    /// Defender for Endpoint.
    pub const DEFENDER_ENDPOINT: &'static str = "defender_endpoint";

    /// The provider's name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Provider {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One login, as an alert named it. Which real account it is, a directory must still say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whether it is somebody who can be acted on at all.
    pub kind: AccountKind,
    /// Every name it was given, normalised, without repetition; strongest first.
    pub identifiers: Vec<Identifier>,
    /// The logon name without domain, for people to read.
    pub name: Option<String>,
    /// The name that people know, for people to read. Never a key.
    pub display_name: Option<String>,
    /// The Entra tenant it is in.
    pub entra_tenant: Option<String>,
    /// The computer on which a local account lives, as named in the alert.
    pub host: Option<String>,
    /// What part it played.
    pub roles: Vec<Role>,
    /// Where in [`crate::Alert::document`] it stands (the first place of several).
    pub place: String,
}

/// Whether an account is somebody who can be acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A person or a service account in a directory: can be acted on once a directory has resolved it.
    Person,
    /// A computer account (`WKS01$`): a device, not a person.
    Machine,
    /// Local SYSTEM, service principals of Windows, built-in names: never acted on.
    System,
    /// An account local to one computer: no directory knows it.
    Local,
    /// Not an account of any directory (an ARN, a resource).
    Foreign,
}

/// One name of an account, normalised so that equal names are equal values.
///
/// Names fold case; ids that are case-sensitive at their vendor (Okta ids, immutable ids) do not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identifier {
    /// A security identifier, `S-1-5-21-…`, upper-case prefix. Entra cloud SIDs (`S-1-12-1-…`) too.
    Sid(String),
    /// An Active Directory object GUID, lower-case, dashed.
    AdGuid(String),
    /// An Entra object id, lower-case, dashed.
    EntraId(String),
    /// An Okta user id, as it is.
    OktaId(String),
    /// A source anchor (`onPremisesImmutableId`), as it is: case-sensitive.
    ImmutableId(String),
    /// A user principal name, in Active Directory or Entra ID, folded.
    Upn(String),
    /// An Okta login, folded.
    Login(String),
    /// A down-level name: NetBIOS or DNS domain and account name, both folded.
    Sam {
        /// The domain, as named: NetBIOS (`corp`) or DNS (`corp.example.com`).
        domain: String,
        /// The account name.
        name: String,
    },
    /// A distinguished name, folded and with its spaces normalised.
    Dn(String),
    /// A mail address, folded. Weak: never enough to act on.
    Mail(String),
    /// A bare name without any domain, folded. Weak: never enough to act on.
    Name(String),
}

/// What part an entity played, in the sender's words, folded (`compromised`, `attacker`, `source`, `destination`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Role(pub String);
