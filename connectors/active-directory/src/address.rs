//! [`Address`]: where a domain controller listens.

use std::fmt;
use std::str::FromStr;

/// The ports of the global catalog: it cannot be written, and lacks most of what is read here.
const GLOBAL_CATALOG: [u16; 2] = [3268, 3269];

/// Where a domain controller listens, and whether TLS stands from the first byte on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    /// `ldaps`, as against `ldap` with StartTLS.
    pub(crate) tls_at_once: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| format!("{text:?} is no address; write ldaps://dc1.corp.example"))?;
        let tls_at_once = match scheme.to_ascii_lowercase().as_str() {
            "ldaps" => true,
            "ldap" => false,
            other => return Err(format!("{other:?} is not known here; write ldaps:// or ldap://")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| format!("{port:?} is no port"))?),
            None => (rest, if tls_at_once { 636 } else { 389 }),
        };
        check_host(host)?;
        if GLOBAL_CATALOG.contains(&port) {
            return Err(format!("{port} is the global catalog, which can only be read; use 636"));
        }
        Ok(Self { tls_at_once, host: host.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls_at_once { "ldaps" } else { "ldap" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// A certificate names hosts: an address with anything else in it is a mistake.
fn check_host(host: &str) -> Result<(), String> {
    if host.is_empty() {
        return Err("the host is missing; write ldaps://dc1.corp.example".into());
    }
    if host.starts_with('[') {
        return Err("connect by name: certificates of domain controllers do not hold IPv6 addresses".into());
    }
    let fits = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    match fits {
        true => Ok(()),
        false => Err(format!("{host:?} is no host name; write ldaps://dc1.corp.example and nothing else")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for (text, written) in [
            ("ldaps://dc1.corp.example", "ldaps://dc1.corp.example:636"),
            ("LDAPS://DC1.corp.example:1636/", "ldaps://dc1.corp.example:1636"),
            ("ldap://dc1", "ldap://dc1:389"),
            ("ldaps://127.0.0.1:44183", "ldaps://127.0.0.1:44183"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), written);
            assert_eq!(written.parse::<Address>().unwrap(), address);
        }
    }

    #[test]
    fn what_is_no_controller_is_refused() {
        for text in [
            "",
            "dc1.corp.example",
            "https://dc1",
            "ldaps://",
            "ldaps://:636",
            "ldaps://dc1:port",
            "ldaps://dc1:70000",
            "ldaps://user:secret@dc1",
            "ldaps://dc1/dc=corp",
            "ldaps://[::1]",
            "ldaps://dc1:3269",
            "ldap://dc1:3268",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
