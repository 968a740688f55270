//! What the user writes under `connectors.http`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use quell_action::Problem;
use quell_kit::header::{HeaderName, HeaderValue};
use quell_kit::{HttpSettings, SecretRef, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::Verb;

/// The hosts that playbooks may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpConnectorSettings {
    /// The hosts, by the name that playbooks use.
    pub hosts: BTreeMap<String, HostSettings>,
}

/// One host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostSettings {
    /// Its address: `https://firewall.corp.example`. A path here stands in front of the path of every call, and nothing
    /// outside it is called.
    pub url: String,
    /// What is shown to it.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// Headers that every call gets.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What may be asked of it. Without this, everything.
    #[serde(default)]
    pub methods: Vec<Verb>,
    /// The header in which it wants a key, by which it recognises a repetition: `Idempotency-Key`. Without it, a writing
    /// call whose answer is lost may have happened.
    #[serde(default)]
    pub key_header: Option<String>,
    /// Whether its name may lead to an address that is not public. Without it, a name that somebody points into your
    /// network leads nowhere.
    #[serde(default)]
    pub allow_private: bool,
    /// How many calls it takes in a minute.
    #[serde(default = "default_rate")]
    pub per_minute: u32,
    /// How to reach it.
    #[serde(default)]
    pub http: HttpSettings,
}

/// What is shown to a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Auth {
    /// A token, as `Authorization: Bearer …`.
    Bearer(SecretRef),
    /// A name and a password.
    Basic(BasicAuth),
    /// A secret in a header of its own.
    Header(HeaderAuth),
}

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The name.
    pub user: String,
    /// Where the password lies.
    pub password: SecretRef,
}

/// A secret in a header of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderAuth {
    /// The header: `X-Api-Key`.
    pub name: String,
    /// Where the secret lies.
    pub secret: SecretRef,
}

impl HttpConnectorSettings {
    /// Everything that is wrong with them.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.hosts.is_empty() {
            problems.push(problem("hosts", "is empty: name at least one host"));
        }
        for (name, host) in &self.hosts {
            host.check(&format!("hosts.{name}"), &mut problems);
        }
        problems
    }
}

impl HostSettings {
    fn check(&self, place: &str, problems: &mut Vec<Problem>) {
        let mut at =
            |field: &str, message: &str| problems.push(problem(&format!("{place}.{field}"), message));
        if let Err(why) = self.address() {
            at("url", why);
        }
        if let Some(Auth::Basic(basic)) = &self.auth
            && (basic.user.is_empty() || basic.user.contains(':'))
        {
            at("auth.basic.user", "is empty or holds a colon");
        }
        if let Some(Auth::Header(header)) = &self.auth
            && !is_free(&header.name)
        {
            at("auth.header.name", "is no name of a header, or one that belongs to the protocol");
        }
        if self.key_header.as_ref().is_some_and(|name| !is_free(name)) {
            at("key_header", "is no name of a header, or one that belongs to the protocol");
        }
        for (name, value) in &self.headers {
            if !is_free(name) || HeaderValue::from_str(value).is_err() {
                at("headers", &format!("{name:?} cannot be set, or its value is none of a header"));
            }
        }
        if !(1..=6000).contains(&self.per_minute) {
            at("per_minute", "must be between 1 and 6000");
        }
        problems.extend(self.http.check(&format!("{place}.http")));
    }

    /// Its URL, where it is fit.
    pub(crate) fn address(&self) -> Result<Url, &'static str> {
        let url = Url::parse(&self.url).map_err(|_| "is not a URL: https://host")?;
        let host = url.host_str().unwrap_or_default();
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a name or a password: they stand under `auth`");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("takes no query: calls have their own");
        }
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let here = host == "localhost" || literal.is_some_and(|address| address.is_loopback());
        match url.scheme() {
            "https" if !host.is_empty() => {}
            "http" if here => {}
            "http" => {
                return Err(
                    "is not encrypted: write https, which only a host on this machine can do without",
                );
            }
            _ => return Err("must begin with https://"),
        }
        if !self.allow_private
            && (host == "localhost" || literal.is_some_and(|address| !quell_kit::is_public(address)))
        {
            return Err("is not a public address: set allow_private where that is meant");
        }
        Ok(url)
    }
}

/// Whether a header may be set: those that the protocol needs, and those that carry credentials, are not free.
pub(crate) fn is_free(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let taken = [
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    HeaderName::from_bytes(name.as_bytes()).is_ok()
        && !taken.contains(&lower.as_str())
        && !lower.starts_with("proxy-")
}

fn problem(place: &str, message: &str) -> Problem {
    Problem { place: place.to_owned(), message: message.to_owned() }
}

fn default_rate() -> u32 {
    60
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_checked_one_by_one() {
        for (change, places) in [
            (json!({}), vec![]),
            (json!({ "url": "http://api.example" }), vec!["url"]),
            (json!({ "url": "https://u:p@api.example" }), vec!["url"]),
            (json!({ "url": "https://api.example?key=1" }), vec!["url"]),
            (json!({ "url": "https://10.0.0.1" }), vec!["url"]),
            (json!({ "url": "https://169.254.169.254/latest" }), vec!["url"]),
            (json!({ "url": "https://[::1]/" }), vec!["url"]),
            (json!({ "url": "https://[::ffff:10.0.0.1]/" }), vec!["url"]),
            (json!({ "url": "https://2130706433/" }), vec!["url"]),
            (json!({ "url": "https://0x7f.1/" }), vec!["url"]),
            (json!({ "url": "https://10.0.0.1", "allow_private": true }), vec![]),
            (json!({ "url": "http://127.0.0.1:1", "allow_private": true }), vec![]),
            (json!({ "headers": { "Host": "x" } }), vec!["headers"]),
            (json!({ "headers": { "Proxy-Authorization": "x" } }), vec!["headers"]),
            (json!({ "headers": { "X-A": "a\nb" } }), vec!["headers"]),
            (json!({ "key_header": "Transfer-Encoding" }), vec!["key_header"]),
            (
                json!({ "auth": { "basic": { "user": "a:b", "password": { "env": "X" } } } }),
                vec!["auth.basic.user"],
            ),
            (
                json!({ "auth": { "header": { "name": "a b", "secret": { "env": "X" } } } }),
                vec!["auth.header.name"],
            ),
            (json!({ "per_minute": 0 }), vec!["per_minute"]),
        ] {
            let mut host = json!({ "url": "https://api.example" });
            host.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let settings: HttpConnectorSettings =
                serde_json::from_value(json!({ "hosts": { "x": host } })).unwrap();
            let found: Vec<String> = settings.problems().into_iter().map(|problem| problem.place).collect();
            let expected: Vec<String> = places.iter().map(|place| format!("hosts.x.{place}")).collect();
            assert_eq!(found, expected, "{change}");
        }
    }
}
