//! What an alert names: accounts and devices, which can be acted on, and things that inform.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Account, AccountKind, Device, Role};

/// All that one alert names, merged: one person listed by SID and by UPN is one account.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Entities {
    /// Logins, those of machines and of the system included; see [`Account::kind`].
    pub accounts: Vec<Account>,
    /// Machines.
    pub devices: Vec<Device>,
    /// Addresses.
    pub ips: Vec<IpEntity>,
    /// Files.
    pub files: Vec<FileEntity>,
    /// Hashes of files, those inside files included.
    pub hashes: Vec<HashEntity>,
    /// URLs.
    pub urls: Vec<UrlEntity>,
    /// DNS domains.
    pub domains: Vec<String>,
    /// Mailboxes.
    pub mailboxes: Vec<MailboxEntity>,
    /// Everything else, kept as it came.
    pub others: Vec<OtherEntity>,
}

impl Entities {
    /// The accounts that are somebody: `alert.accounts` in the playbook language. Machines, the system, accounts local
    /// to one computer and cloud resources are left out.
    pub fn persons(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().filter(|account| account.kind == AccountKind::Person)
    }
}

impl EntityKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Account,
        Self::Device,
        Self::Ip,
        Self::Mailbox,
        Self::File,
        Self::Hash,
        Self::Url,
        Self::Domain,
    ];

    /// The word for it in playbooks.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Device => "device",
            Self::Ip => "ip",
            Self::Mailbox => "mailbox",
            Self::File => "file",
            Self::Hash => "hash",
            Self::Url => "url",
            Self::Domain => "domain",
        }
    }
}

impl IpEntity {
    /// One text for this address within its alert.
    pub fn key(&self) -> String {
        format!("ip:{}", self.address)
    }
}

impl FileEntity {
    /// One text for this file within its alert: its strongest hash, else folder and name.
    pub fn key(&self) -> String {
        let strongest =
            ["sha256", "sha1", "sha256ac", "md5", "unknown"].iter().find_map(|wanted| self.hash(wanted));
        if let Some(hash) = strongest {
            return hash.key();
        }
        let (directory, name) = (self.directory.as_deref().unwrap_or(""), self.name.as_deref().unwrap_or(""));
        format!("file:{}|{}", directory.to_lowercase(), name.to_lowercase())
    }

    /// Its hash by one algorithm: `sha256`.
    pub fn hash(&self, algorithm: &str) -> Option<&HashEntity> {
        self.hashes.iter().find(|hash| hash.algorithm == algorithm)
    }
}

impl HashEntity {
    /// One text for this hash within its alert.
    pub fn key(&self) -> String {
        format!("hash:{}:{}", self.algorithm, self.value)
    }
}

impl UrlEntity {
    /// One text for this URL within its alert.
    pub fn key(&self) -> String {
        format!("url:{}", self.url)
    }
}

impl MailboxEntity {
    /// One text for this mailbox within its alert.
    pub fn key(&self) -> String {
        format!("mailbox:{}", self.address)
    }
}

/// The kinds of entity that a playbook can go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// A login.
    Account,
    /// A machine.
    Device,
    /// An address.
    Ip,
    /// A mailbox.
    Mailbox,
    /// A file.
    File,
    /// A hash of a file.
    Hash,
    /// A URL.
    Url,
    /// A DNS domain.
    Domain,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpEntity {
    /// The address, in its normal spelling where it can be read as one.
    pub address: String,
    /// Two-letter country, where the sender knew it.
    pub country: Option<String>,
    /// What part it played.
    pub roles: Vec<Role>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntity {
    /// Its name.
    pub name: Option<String>,
    /// The folder it is in.
    pub directory: Option<String>,
    /// Its hashes.
    pub hashes: Vec<HashEntity>,
}

/// A hash of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashEntity {
    /// `md5`, `sha1`, `sha256`, `sha256ac` or `unknown`.
    pub algorithm: String,
    /// The digest in lower-case hex.
    pub value: String,
}

/// A URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlEntity {
    /// As written.
    pub url: String,
}

/// A mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxEntity {
    /// Its primary address, folded.
    pub address: String,
    /// The name that people know.
    pub display_name: Option<String>,
    /// The user principal name of its owner, folded.
    pub upn: Option<String>,
    /// The Entra object id of its owner.
    pub entra_id: Option<String>,
}

/// An entity of a kind that cannot be gone through, kept as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtherEntity {
    /// Its type, folded and without hyphens: `process`, `registrykey`.
    pub kind: String,
    /// What it holds.
    pub fields: Value,
}
