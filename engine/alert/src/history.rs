//! [`Before`]: how an alert stood before the version at hand, and what has changed since.

use serde::{Deserialize, Serialize};

use crate::alert::{Alert, Severity, Status};

/// How an alert stood in the version before the one at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// What it was called.
    pub title: String,
    /// How bad it was.
    pub severity: Option<Severity>,
    /// Where it stood.
    pub status: Status,
    /// What has changed since, by the names of [`CHANGEABLE`].
    pub changed: Vec<String>,
}

/// What can change from one version of an alert to the next, by the names that playbooks use.
pub const CHANGEABLE: &[&str] = &[
    "title",
    "description",
    "severity",
    "status",
    "tactics",
    "techniques",
    "accounts",
    "devices",
    "ips",
    "mailboxes",
    "files",
    "hashes",
    "urls",
    "domains",
];

impl Alert {
    /// The same, knowing how it stood in this earlier version of it.
    pub fn since(mut self, earlier: &Self) -> Self {
        let changed = CHANGEABLE.iter().filter(|name| {
            let name = format!("alert.{name}");
            self.field(&name) != earlier.field(&name)
        });
        self.before = Some(Before {
            title: earlier.title.clone(),
            severity: earlier.severity,
            status: earlier.status,
            changed: changed.map(|name| (*name).to_owned()).collect(),
        });
        self
    }
}
