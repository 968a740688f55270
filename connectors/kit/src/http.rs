//! [`Http`]: the one HTTP client of the connectors.
//!
//! TLS is always verified and there is no switch against it. Redirects are not followed: they would carry the
//! credential to another host. Neither URLs nor bodies reach an error or a log: both can hold secrets.

use std::path::PathBuf;
use std::time::Duration;

use quell_action::{ActionError, ConnectError, Failure, Problem, VendorReply};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Method, RequestBuilder, Response, Url};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::classify::{self, Call};

mod addresses;

use addresses::PublicOnly;
pub use addresses::is_public;

/// An answer larger than this is cut off and counts as garbage.
const MAX_ANSWER: usize = 4 * 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// Kept-open connections are given up before the usual front doors close them silently.
const IDLE: Duration = Duration::from_secs(50);

/// How to reach an HTTP service. Proxies come from the system's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// A PEM file with the certificate authorities to trust. When it is given, only these are trusted; otherwise
    /// those of the system.
    pub ca_file: Option<PathBuf>,
    /// How long connecting may take.
    pub connect_timeout_secs: u64,
    /// How long one call may take, from connecting to the last byte of the answer.
    pub timeout_secs: u64,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { ca_file: None, connect_timeout_secs: 5, timeout_secs: 30 }
    }
}

impl HttpSettings {
    /// What is wrong with them; `place` is where they stand.
    pub fn check(&self, place: &str) -> Vec<Problem> {
        let at = |field: &str, message: &str| Problem {
            place: if place.is_empty() { field.to_owned() } else { format!("{place}.{field}") },
            message: message.to_owned(),
        };
        let mut problems = Vec::new();
        if !(1..=60).contains(&self.connect_timeout_secs) {
            problems.push(at("connect_timeout_secs", "must be between 1 and 60"));
        }
        if self.timeout_secs > 600 || self.timeout_secs <= self.connect_timeout_secs {
            problems.push(at("timeout_secs", "must be longer than connect_timeout_secs, and 600 at most"));
        }
        problems
    }
}

/// An HTTP client: one for each connector, shared by its calls.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    timeout: Duration,
}

impl Http {
    /// Makes the client; reads the certificate file and reaches nothing.
    ///
    /// # Errors
    /// When the certificate file cannot be read or holds no certificate.
    pub fn new(settings: &HttpSettings) -> Result<Self, ConnectError> {
        Self::build(settings, Client::builder())
    }

    /// Makes a client for which names lead to public addresses only: a name that somebody points into our network leads
    /// nowhere. Addresses that stand in a URL by themselves are for the caller to check, with [`is_public`].
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn public_only(settings: &HttpSettings) -> Result<Self, ConnectError> {
        Self::build(settings, Client::builder().dns_resolver(PublicOnly))
    }

    /// Makes a client that never goes through a proxy, for what is on this computer or just beside it and answers at once
    /// or is not there.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub(crate) fn beside() -> Result<Self, ConnectError> {
        let settings = HttpSettings { ca_file: None, connect_timeout_secs: 1, timeout_secs: 5 };
        Self::build(&settings, Client::builder().no_proxy())
    }

    fn build(settings: &HttpSettings, builder: ClientBuilder) -> Result<Self, ConnectError> {
        let timeout = Duration::from_secs(settings.timeout_secs);
        let mut builder = builder
            .user_agent(concat!("quell/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(Duration::from_secs(settings.connect_timeout_secs))
            .timeout(timeout)
            .pool_idle_timeout(IDLE);
        if let Some(path) = &settings.ca_file {
            builder = builder.tls_certs_only(authorities(path)?);
        }
        let client = builder
            .build()
            .map_err(|error| ConnectError(format!("the HTTP client cannot be made: {error}")))?;
        Ok(Self { client, timeout })
    }

    /// Begins a request, to be sent with [`Http::send`].
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When no whole answer came. `call` decides what a lost answer means.
    pub async fn send(
        &self,
        request: RequestBuilder,
        call: Call,
        time_limit: Duration,
    ) -> Result<Answer, ActionError> {
        let mut request =
            request.build().map_err(|error| classify::by_transport(error, "the service", call))?;
        let host = host_of(request.url());
        *request.timeout_mut() = Some(time_limit.min(self.timeout));
        let method = request.method().clone();
        let response = self.client.execute(request).await;
        let response = response.map_err(|error| classify::by_transport(error, &host, call))?;
        tracing::debug!(%method, host, status = response.status().as_u16(), "answered");
        Answer::read(response, host, call).await
    }
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    host: String,
    call: Call,
}

impl Answer {
    /// Its status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What was called.
    pub fn call(&self) -> Call {
        self.call
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Its body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Passes on an answer that says success.
    ///
    /// # Errors
    /// What any other status means. The body is left out: other sides repeat in it what they were sent.
    pub fn success(self) -> Result<Self, ActionError> {
        match self.failure() {
            None => Ok(self),
            Some(failure) => Err(self.refusal(failure)),
        }
    }

    /// What its status means; `None` for success.
    pub fn failure(&self) -> Option<Failure> {
        classify::by_status(self.status, &self.headers, self.call)
    }

    /// An error of this kind that names the host and the status.
    pub fn refusal(&self, failure: Failure) -> ActionError {
        let message = format!("{} answered with status {}{}", self.host, self.status, hint(failure));
        ActionError::new(failure, message).with_vendor(self.vendor_reply())
    }

    /// Its body as JSON.
    ///
    /// # Errors
    /// When it is none, or another. After a write that means that it may have happened.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ActionError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| self.unreadable(&format!("{:?} error in its JSON", error.classify())))
    }

    /// An error that says that this answer does not mean what it should.
    pub fn unreadable(&self, why: &str) -> ActionError {
        classify::unreadable(&self.host, self.status, why, self.call)
    }

    fn vendor_reply(&self) -> VendorReply {
        let header = |name: &str| self.headers.get(name)?.to_str().ok().map(str::to_owned);
        let request_id = ["request-id", "x-request-id", "x-okta-request-id", "x-ms-request-id"];
        VendorReply {
            status: Some(i64::from(self.status)),
            code: None,
            request_id: request_id.into_iter().find_map(header),
        }
    }

    /// Some begin a text with a mark of its encoding, which is no part of it.
    fn without_mark(mut self) -> Self {
        if self.body.starts_with(BYTE_ORDER_MARK) {
            self.body.drain(..BYTE_ORDER_MARK.len());
        }
        self
    }

    async fn read(mut response: Response, host: String, call: Call) -> Result<Self, ActionError> {
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut answer = Self { status, headers, body: Vec::new(), host, call };
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => answer.body.extend_from_slice(&chunk),
                Ok(None) => return Ok(answer.without_mark()),
                // The status of a refusal has been read: what is missing of its body changes nothing.
                Err(_) if answer.failure().is_some() => return Ok(answer),
                Err(error) => return Err(classify::by_transport(error, &answer.host, call)),
            }
            if answer.body.len() > MAX_ANSWER {
                return Err(answer.unreadable(&format!("it is larger than {MAX_ANSWER} bytes")));
            }
        }
    }
}

/// The part of a URL that may be shown. The rest of a webhook's URL is as good as a password.
pub fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("the service");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn hint(failure: Failure) -> &'static str {
    match failure {
        Failure::Credentials => ": it does not accept the credential",
        Failure::Forbidden => ": the credential lacks the right",
        Failure::NotFound => ": it does not know what was asked for",
        Failure::Throttled { .. } => ": too many calls",
        Failure::Uncertain => ": it may have happened",
        _ => "",
    }
}

fn authorities(path: &PathBuf) -> Result<Vec<Certificate>, ConnectError> {
    let refused = |why: String| ConnectError(format!("the certificate file {} {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|_| refused("is not in PEM form".into()))?;
    match found.is_empty() {
        true => Err(refused("holds no certificate".into())),
        false => Ok(found),
    }
}

#[cfg(test)]
mod proxied;
#[cfg(test)]
mod tests;
