//! [`Rest`]: an interface of an outside system that is called with one fixed credential.

use std::num::NonZeroU32;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_action::{ActionError, ConnectError};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Answer, Call, Deadline, Http, HttpSettings, RateLimit, Redactor, SecretRef, clip};

/// More of what the other side says of a refusal would fill the record.
const LONGEST_REASON: usize = 300;

/// A name and a password, or a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Login {
    /// A name and a password (or a token in the place of one).
    Basic(NameAndPassword),
    /// A token, as `Authorization: Bearer …`.
    Bearer(SecretRef),
}

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameAndPassword {
    /// The name.
    pub user: String,
    /// Where the password lies.
    pub password: SecretRef,
}

/// An interface that is called with one fixed credential, at a pace that it bears.
#[derive(Debug)]
pub struct Rest {
    http: Http,
    base: Url,
    shown: HeaderValue,
    extra: Vec<(HeaderName, HeaderValue)>,
    rate: RateLimit,
    redactor: Redactor,
    /// Reads out of a refusal why it was refused.
    reason: fn(&Value) -> Option<String>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct RestCall<'a> {
    /// `GET` and so on.
    pub method: Method,
    /// The parts of the path below the base, which are escaped one by one.
    pub path: &'a [&'a str],
    /// The query.
    pub query: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: Option<Value>,
    /// What it does over there.
    pub call: Call,
}

impl Rest {
    /// The interface at this address. Reads the credential and reaches nobody.
    ///
    /// # Errors
    /// When the credential or a certificate is missing or unfit.
    pub fn new(
        base: Url,
        login: &Login,
        per_minute: u32,
        http: &HttpSettings,
        reason: fn(&Value) -> Option<String>,
    ) -> Result<Self, ConnectError> {
        let (text, secrets) = match login {
            Login::Bearer(reference) => {
                let secret = reference.resolve()?;
                (format!("Bearer {}", secret.expose_secret()), vec![secret])
            }
            Login::Basic(basic) => {
                let secret = basic.password.resolve()?;
                let pair = SecretString::from(format!("{}:{}", basic.user, secret.expose_secret()));
                // Sent together, the name and the password have a spelling of their own.
                (format!("Basic {}", STANDARD.encode(pair.expose_secret())), vec![secret, pair])
            }
        };
        let text = SecretString::from(text);
        let mut shown = HeaderValue::from_str(text.expose_secret())
            .map_err(|_| ConnectError("the credential holds characters that no header can hold".into()))?;
        shown.set_sensitive(true);
        let calls = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let burst = calls.min(NonZeroU32::MIN.saturating_add(9));
        Ok(Self {
            http: Http::new(http)?,
            base,
            shown,
            extra: Vec::new(),
            rate: RateLimit::new(calls, Duration::from_secs(60), burst),
            redactor: Redactor::new(&secrets),
            reason,
        })
    }

    /// Adds a header to every call.
    ///
    /// # Errors
    /// When its value is none of a header.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Result<Self, ConnectError> {
        let unfit = |_| ConnectError(format!("{value:?} cannot stand in the header {name}"));
        self.extra.push((HeaderName::from_static(name), HeaderValue::from_str(value).map_err(unfit)?));
        Ok(self)
    }

    /// The address of the interface.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Makes a call.
    ///
    /// # Errors
    /// When it is refused, with the reason that the other side gives; or when no whole answer comes.
    pub async fn send(&self, call: RestCall<'_>, deadline: Deadline) -> Result<Answer, ActionError> {
        let left = self.rate.turn(deadline.left()).await?;
        if left.is_zero() {
            return Err(ActionError::unavailable("no time was left for the call; nothing was sent"));
        }
        let mut request = self
            .http
            .request(call.method, self.url(call.path, call.query))
            .header(AUTHORIZATION, self.shown.clone())
            .header("accept", "application/json");
        for (name, value) in &self.extra {
            request = request.header(name, value);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let answer = self.http.send(request, call.call, left).await?;
        let Some(failure) = answer.failure() else { return Ok(answer) };
        let mut error = answer.refusal(failure);
        let said = serde_json::from_slice(answer.body()).ok().as_ref().and_then(self.reason);
        if let Some(said) = said.filter(|said| !said.trim().is_empty()) {
            error
                .message
                .push_str(&format!("; it says: {}", clip(&self.redactor.redact(&said), LONGEST_REASON)));
        }
        Err(error)
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// The address of a system, where it is encrypted, or on this machine.
pub fn system_address(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL: https://host")?;
    let host = url.host_str().unwrap_or_default();
    let here =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err("takes the address alone: no name, no password, no query");
    }
    match url.scheme() {
        "https" if !host.is_empty() => Ok(url),
        "http" if here => Ok(url),
        _ => Err("must begin with https://"),
    }
}

#[cfg(test)]
mod tests {
    use quell_action::Failure;

    use super::*;
    use crate::scripted::{Reply, ScriptedServer};

    #[test]
    fn systems_are_reached_encrypted_or_on_this_machine() {
        for (text, fit) in [
            ("https://corp.service-now.com", true),
            ("http://127.0.0.1:80/x/", true),
            ("http://corp.service-now.com", false),
            ("https://u:p@x.example", false),
            ("https://x.example?y", false),
            ("x.example", false),
        ] {
            assert_eq!(system_address(text).is_ok(), fit, "{text}");
        }
    }

    async fn of(server: &ScriptedServer) -> (tempfile::TempDir, Rest) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "planted-secret").unwrap();
        let (base, login) = (Url::parse(&server.url()).unwrap(), Login::Bearer(SecretRef::File(file)));
        let said = |answer: &Value| answer["error"].as_str().map(str::to_owned);
        (folder, Rest::new(base, &login, 60, &HttpSettings::default(), said).unwrap())
    }

    fn ticket() -> RestCall<'static> {
        let (method, path) = (Method::POST, &["tickets"] as &[&str]);
        RestCall { method, path, query: &[], body: None, call: Call::Writes }
    }

    #[tokio::test]
    async fn what_a_refusal_says_is_told_without_the_secret() {
        let server = ScriptedServer::start(|seen| {
            let shown = &seen.headers["authorization"];
            Reply::json(400, &serde_json::json!({ "error": format!("what is {shown}?") }))
        });
        let server = server.await.unwrap();
        let (_folder, rest) = of(&server).await;
        let error = rest.send(ticket(), Deadline::after(Duration::from_secs(5))).await.unwrap_err();
        assert!(error.message.ends_with("it says: what is Bearer [redacted]?"), "{error}");
        assert!(!format!("{rest:?}").contains("planted"), "{rest:?}");
    }

    #[tokio::test]
    async fn a_refusal_that_repeats_a_name_with_its_password_is_told_without_them() {
        let server = ScriptedServer::start(|seen| {
            Reply::json(400, &serde_json::json!({ "error": seen.headers["authorization"] }))
        });
        let server = server.await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "planted-secret").unwrap();
        let password = SecretRef::File(file);
        let login = Login::Basic(NameAndPassword { user: "quell".into(), password });
        let said = |answer: &Value| answer["error"].as_str().map(str::to_owned);
        let base = Url::parse(&server.url()).unwrap();
        let rest = Rest::new(base, &login, 60, &HttpSettings::default(), said).unwrap();
        let error = rest.send(ticket(), Deadline::after(Duration::from_secs(5))).await.unwrap_err();
        assert!(error.message.ends_with("it says: Basic [redacted]"), "{error}");
    }

    #[tokio::test]
    async fn a_call_for_which_no_time_is_left_is_not_sent() {
        let server = ScriptedServer::start(|_| Reply::status(200)).await.unwrap();
        let (_folder, rest) = of(&server).await;
        let error = rest.send(ticket(), Deadline::after(Duration::ZERO)).await.unwrap_err();
        assert!(matches!(error.failure, Failure::Unavailable { .. } | Failure::Throttled { .. }), "{error}");
        assert!(server.seen().is_empty());
    }
}
