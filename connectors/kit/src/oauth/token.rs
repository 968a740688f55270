//! [`Token`]: a token, and for how long it is good.

use std::fmt;
use std::time::Duration;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::reply::Given;

/// A token is renewed so long before it ends.
const AHEAD: Duration = Duration::from_secs(300);

/// A token. It is never shown.
pub struct Token {
    secret: SecretString,
    authorization: HeaderValue,
    bound: bool,
    scopes: Option<Vec<String>>,
    pub(super) renew_at: Instant,
    pub(super) ends_at: Instant,
}

impl Token {
    /// What was given out in answer to a question of that moment; `now` is the time of day.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(super) fn new(given: Given, asked_at: Instant, now: i64) -> Result<Self, &'static str> {
        let lasts = given.lasts(now).ok_or("it does not say how long its token is good")?;
        let lasts = Duration::from_secs(lasts);
        let bound = given.token_type.is_some_and(|kind| kind.eq_ignore_ascii_case("DPoP"));
        let scheme = if bound { "DPoP" } else { "Bearer" };
        let text = SecretString::from(format!("{scheme} {}", given.access_token.expose_secret()));
        let mut authorization = HeaderValue::from_str(text.expose_secret())
            .map_err(|_| "its token cannot be sent in a header")?;
        authorization.set_sensitive(true);
        Ok(Self {
            secret: given.access_token,
            authorization,
            bound,
            scopes: given.scope.map(|scopes| scopes.split_whitespace().map(str::to_owned).collect()),
            renew_at: asked_at + (lasts / 2).min(lasts.saturating_sub(AHEAD)).max(lasts / 4),
            ends_at: asked_at + lasts,
        })
    }

    /// As it goes into the `authorization` header; marked as not to be shown.
    pub fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }

    /// Whether it is worth nothing without our key.
    pub fn is_bound(&self) -> bool {
        self.bound
    }

    /// What it is for, where that was said.
    pub fn scopes(&self) -> Option<&[String]> {
        self.scopes.as_deref()
    }

    /// The token itself, to take it out of texts that come from outside.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}
