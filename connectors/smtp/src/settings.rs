//! What the user writes under `connectors.smtp`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use lettre::Address;
use lettre::message::Mailbox;
use quell_action::Problem;
use quell_kit::SecretRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One relay, and whom playbooks may write to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// The relay: `smtp.corp.example`.
    pub host: String,
    /// Its port. Without it, 587, or 465 for TLS from the start.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the way there is encrypted.
    #[serde(default)]
    pub encryption: Encryption,
    /// A PEM file with the certificate authorities to trust, and no others. Without it, those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The account that signs in, where the relay wants one.
    #[serde(default)]
    pub login: Option<SmtpLogin>,
    /// Who the mail is from: `Quell <quell@corp.example>`.
    pub from: String,
    /// Whom playbooks may write to: a name, and the addresses behind it.
    #[serde(default)]
    pub recipients: BTreeMap<String, Vec<String>>,
    /// Whom questions reach that are asked through this connection: a person's name as under `teams`, and the address of
    /// that person alone. Whoever reads the mail can answer in their name.
    #[serde(default)]
    pub people: BTreeMap<String, String>,
    /// The domains to whose addresses playbooks may write, whoever it is: somebody's manager, for one.
    #[serde(default)]
    pub domains: Vec<String>,
    /// How many mails it takes in a minute.
    #[serde(default = "default_rate")]
    pub per_minute: u32,
    /// How long connecting and signing in may take.
    #[serde(default = "default_connect")]
    pub connect_timeout_secs: u64,
    /// How long handing a mail over may take.
    #[serde(default = "default_timeout")]
    pub timeout_secs: u64,
}

/// How the way to the relay is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// First in clear, then TLS, before anything that matters is said. A relay that does not offer it gets nothing.
    #[default]
    Starttls,
    /// TLS from the start.
    Tls,
    /// None: only for a relay on this machine.
    None,
}

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpLogin {
    /// The name.
    pub user: String,
    /// Where the password lies.
    pub password: SecretRef,
}

impl SmtpSettings {
    /// Everything that is wrong with them.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut at = |place: &str, why: &str| {
            problems.push(Problem { place: place.to_owned(), message: why.to_owned() })
        };
        if self.host.is_empty() || self.host.contains(['/', ':', ' ', '@']) {
            at("host", "is the relay's name alone: smtp.corp.example");
        }
        if self.encryption == Encryption::None && !self.is_here() {
            at("encryption", "can be none only for a relay on this machine: write starttls or tls");
        }
        if self.encryption == Encryption::None && self.login.is_some() {
            at("login", "would go in clear: set encryption to starttls or tls");
        }
        if self.from.parse::<Mailbox>().is_err() {
            at("from", "is no address: Quell <quell@corp.example>");
        }
        if self.recipients.is_empty() && self.domains.is_empty() && self.people.is_empty() {
            at("recipients", "is empty, and so are `domains` and `people`: nobody could be written to");
        }
        for (name, addresses) in &self.recipients {
            if addresses.is_empty() || name.contains('@') {
                at(&format!("recipients.{name}"), "has no addresses, or is one: a name stands for addresses");
            }
            for (index, address) in addresses.iter().enumerate() {
                if address.parse::<Address>().is_err() {
                    at(&format!("recipients.{name}[{index}]"), "is no address: soc@corp.example");
                }
            }
        }
        for (name, _) in self.people.iter().filter(|(_, address)| address.parse::<Address>().is_err()) {
            at(&format!("people.{name}"), "is no address: ann@corp.example");
        }
        for (index, domain) in self.domains.iter().enumerate() {
            if !domain.contains('.') || domain.contains(['@', '*', ' ', '/']) {
                at(&format!("domains[{index}]"), "is no domain: corp.example");
            }
        }
        for (place, value, most) in [
            ("per_minute", u64::from(self.per_minute), 6000),
            ("connect_timeout_secs", self.connect_timeout_secs, 60),
            ("timeout_secs", self.timeout_secs, 600),
        ] {
            if !(1..=most).contains(&value) {
                at(place, &format!("must be between 1 and {most}"));
            }
        }
        problems
    }

    /// The port, where none is set the usual one.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.encryption {
            Encryption::Starttls => 587,
            Encryption::Tls => 465,
            Encryption::None => 25,
        })
    }

    fn is_here(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

fn default_rate() -> u32 {
    60
}

fn default_connect() -> u64 {
    10
}

fn default_timeout() -> u64 {
    60
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_checked_one_by_one() {
        let login = || json!({ "user": "quell", "password": { "env": "X" } });
        for (change, places) in [
            (json!({}), vec![]),
            (json!({ "host": "smtp://x" }), vec!["host"]),
            (json!({ "encryption": "none" }), vec!["encryption"]),
            (json!({ "encryption": "none", "host": "127.0.0.1" }), vec![]),
            (json!({ "encryption": "none", "host": "127.0.0.1", "login": login() }), vec!["login"]),
            (json!({ "login": login() }), vec![]),
            (json!({ "from": "Quell" }), vec!["from"]),
            (json!({ "recipients": {} }), vec!["recipients"]),
            (json!({ "recipients": { "soc": ["a@x.example", "b"] } }), vec!["recipients.soc[1]"]),
            (json!({ "domains": ["*.corp.example", "corp.example"] }), vec!["domains[0]"]),
            (json!({ "timeout_secs": 0 }), vec!["timeout_secs"]),
        ] {
            let mut settings = json!({
                "host": "smtp.corp.example", "from": "Quell <quell@corp.example>",
                "recipients": { "soc": ["soc@corp.example"] },
            });
            settings.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let settings: SmtpSettings = serde_json::from_value(settings).unwrap();
            let found: Vec<String> = settings.problems().into_iter().map(|problem| problem.place).collect();
            assert_eq!(found, places, "{change}");
        }
    }
}
