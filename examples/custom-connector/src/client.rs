//! The few calls that the badge office knows, typed, on top of the kit's HTTP client.

use quell_action::{ActionError, ConnectError};
use quell_kit::{Call, Deadline, Http, Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::settings::Settings;

/// Talks to the badge office.
pub(crate) struct Client {
    http: Http,
    base: Url,
    token: SecretString,
}

/// A badge, as the badge office describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Badge {
    pub(crate) id: String,
    pub(crate) login: String,
    pub(crate) blocked: bool,
}

impl Client {
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConnectError> {
        let base = Url::parse(&settings.url).map_err(|error| ConnectError(format!("url: {error}")))?;
        Ok(Self { http: Http::new(&settings.http)?, base, token: settings.token.resolve()? })
    }

    /// Where it is, for people.
    pub(crate) fn system(&self) -> String {
        quell_kit::host_of(&self.base)
    }

    /// The badge with this id.
    pub(crate) async fn badge(&self, id: &str, deadline: Deadline) -> Result<Badge, ActionError> {
        let request = self.request(Method::GET, &["badges", id]);
        self.http.send(request, Call::Reads, deadline.left()).await?.success()?.json()
    }

    /// The badges of this login. The login is a query value, never pasted into the URL.
    pub(crate) async fn badges_of(&self, login: &str, deadline: Deadline) -> Result<Vec<Badge>, ActionError> {
        let request = self.request(Method::GET, &["badges"]).query(&[("login", login)]);
        self.http.send(request, Call::Reads, deadline.left()).await?.success()?.json()
    }

    /// Blocks a badge, or frees it. `Call::Writes` tells the kit that a lost answer means "it may have happened".
    pub(crate) async fn set_blocked(
        &self,
        id: &str,
        blocked: bool,
        deadline: Deadline,
    ) -> Result<(), ActionError> {
        let request = self.request(Method::PUT, &["badges", id]).json(&json!({ "blocked": blocked }));
        self.http.send(request, Call::Writes, deadline.left()).await?.success().map(drop)
    }

    fn request(&self, method: Method, path: &[&str]) -> quell_kit::RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        self.http.request(method, url).bearer_auth(self.token.expose_secret())
    }
}
