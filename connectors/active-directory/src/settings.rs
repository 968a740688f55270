//! [`Settings`]: what the user writes under `connectors.active-directory`.

use std::path::PathBuf;
use std::time::Duration;

use quell_action::Problem;
use quell_alert::Identifier;
use quell_kit::SecretRef;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::address::Address;

/// How to reach one Active Directory domain.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The domain controllers of one domain, in the order in which they are asked: `ldaps://dc1.corp.example`.
    pub servers: Vec<String>,
    /// Whether passwords, lock-outs, disabling and enabling go to the PDC emulator first where it is one of `servers`:
    /// there they hold at once. Otherwise, and where it does not answer, the order of `servers` holds.
    #[serde(default = "yes")]
    pub prefer_pdc: bool,
    /// Whether to connect in clear and then change to TLS (StartTLS), for servers written as `ldap://`. The password
    /// is sent only after TLS stands.
    #[serde(default)]
    pub start_tls: bool,
    /// A file with the certificates, in PEM, of the authority that signed the controllers' certificates. When it is
    /// left out, the authorities that this computer trusts are used.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The account that signs in: `quell@corp.example`, `CORP\quell` or its distinguished name.
    pub account: String,
    /// Where its password lies: `{ env: NAME }` or `{ file: PATH }`.
    pub password: SecretRef,
    /// How many seconds connecting may take.
    #[serde(default = "five")]
    pub connect_timeout_secs: u64,
    /// How many seconds a controller may take to answer one request.
    #[serde(default = "ten")]
    pub operation_timeout_secs: u64,
    /// How many seconds a search with all its pages may take.
    #[serde(default = "thirty")]
    pub search_timeout_secs: u64,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) operation: Duration,
    pub(crate) search: Duration,
}

impl Settings {
    /// The addresses, as far as they can be read.
    pub(crate) fn addresses(&self) -> Vec<Address> {
        self.servers.iter().filter_map(|server| server.parse().ok()).collect()
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(self.connect_timeout_secs),
            operation: Duration::from_secs(self.operation_timeout_secs),
            search: Duration::from_secs(self.search_timeout_secs),
        }
    }

    /// Everything that is wrong with them, without looking at anything else.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |place: String, message: String| problems.push(Problem { place, message });
        if self.servers.is_empty() {
            problem("servers".into(), "name at least one domain controller: ldaps://dc1.corp.example".into());
        }
        for (index, server) in self.servers.iter().enumerate() {
            let place = format!("servers[{index}]");
            match server.parse::<Address>() {
                Err(why) => problem(place, why),
                Ok(address) => {
                    if let Some(why) = self.unfit(&address, index) {
                        problem(place, why);
                    }
                }
            }
        }
        if let Some(why) = unfit_account(&self.account) {
            problem("account".into(), why);
        }
        if self.ca_file.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
            problem(
                "ca_file".into(),
                "name the file, or leave it out to use what this computer trusts".into(),
            );
        }
        for (place, seconds) in [
            ("connect_timeout_secs", self.connect_timeout_secs),
            ("operation_timeout_secs", self.operation_timeout_secs),
            ("search_timeout_secs", self.search_timeout_secs),
        ] {
            if !(1..=600).contains(&seconds) {
                problem(place.into(), format!("{seconds} does not fit; choose from 1 to 600 seconds"));
            }
        }
        problems
    }

    fn unfit(&self, address: &Address, index: usize) -> Option<String> {
        if !address.tls_at_once && !self.start_tls {
            return Some(format!(
                "{address} would send the password in clear; write ldaps://{}, or set start_tls: true",
                address.host
            ));
        }
        if address.tls_at_once && self.start_tls {
            return Some(format!("start_tls is for ldap://; {address} has TLS from the start"));
        }
        let before = self.servers[..index].iter().filter_map(|server| server.parse::<Address>().ok());
        before.into_iter().any(|other| other == *address).then(|| format!("{address} stands here twice"))
    }
}

/// A simple bind takes a principal name, a down-level name or a distinguished name; a bare name is always refused.
fn unfit_account(account: &str) -> Option<String> {
    let fits = Identifier::upn(account).is_ok()
        || Identifier::dn(account).is_ok()
        || account.split_once('\\').is_some_and(|(domain, name)| Identifier::sam(domain, name).is_ok());
    (!fits).then(|| {
        format!(
            "{account:?} cannot sign in; write quell@corp.example, CORP\\quell or the account's distinguished name"
        )
    })
}

fn yes() -> bool {
    true
}

fn five() -> u64 {
    5
}

fn ten() -> u64 {
    10
}

fn thirty() -> u64 {
    30
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn settings(changes: Value) -> Settings {
        let mut all = json!({
            "servers": ["ldaps://dc1.corp.example"],
            "account": "quell@corp.example",
            "password": {"env": "QUELL_AD_PASSWORD"},
        });
        for (key, value) in changes.as_object().unwrap() {
            all[key] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    fn places(changes: Value) -> Vec<String> {
        settings(changes).problems().into_iter().map(|problem| problem.place).collect()
    }

    #[test]
    fn good_settings_have_no_problems() {
        for changes in [
            json!({}),
            json!({"servers": ["ldap://dc1"], "start_tls": true}),
            json!({"account": "CORP\\quell"}),
            json!({"account": "CN=quell,OU=Services,DC=corp,DC=example"}),
        ] {
            assert_eq!(places(changes.clone()), Vec::<String>::new(), "{changes}");
        }
    }

    #[test]
    fn every_problem_is_named_with_its_place() {
        for (changes, expected) in [
            (json!({"servers": []}), vec!["servers"]),
            (json!({"servers": ["ldap://dc1"]}), vec!["servers[0]"]),
            (json!({"servers": ["ldaps://dc1", "dc2", "ldaps://DC1:636"]}), vec!["servers[1]", "servers[2]"]),
            (json!({"start_tls": true}), vec!["servers[0]"]),
            (json!({"account": "quell"}), vec!["account"]),
            (json!({"account": ""}), vec!["account"]),
            (json!({"ca_file": ""}), vec!["ca_file"]),
            (
                json!({"connect_timeout_secs": 0, "search_timeout_secs": 601}),
                vec!["connect_timeout_secs", "search_timeout_secs"],
            ),
        ] {
            assert_eq!(places(changes.clone()), expected, "{changes}");
        }
    }

    #[test]
    fn there_is_no_way_to_write_a_password_or_to_trust_everybody() {
        for (key, value) in
            [("password", json!("hunter2")), ("insecure", json!(true)), ("verify", json!(false))]
        {
            let mut all = json!({"servers": [], "account": "", "password": {"env": "X"}});
            all[key] = value;
            assert!(serde_json::from_value::<Settings>(all).is_err(), "{key}");
        }
    }
}
