//! [`Api`]: one interface of an outside system, as one tenant may use it: signed in, at a pace that the other side
//! bears, left alone while it is down, and every call with a number.

use std::sync::Arc;

use quell_action::{ActionError, Failure};
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::oauth::{Challenge, Tokens};
use crate::{Answer, Breaker, Call, Deadline, Http, RateLimit, request_id};

/// One interface, as one tenant may use it.
#[derive(Debug)]
pub struct Api {
    http: Http,
    base: Url,
    tokens: Arc<Tokens>,
    limits: Vec<RateLimit>,
    breaker: Breaker,
    id_header: &'static str,
}

/// One call to make. Signing in, pace and number are added by [`Api::ask`].
#[derive(Debug, Clone)]
pub struct Ask {
    method: Method,
    url: Url,
    headers: Vec<(&'static str, &'static str)>,
    body: Option<Value>,
    call: Call,
    limit: Option<RateLimit>,
}

impl Ask {
    /// Reads something.
    pub fn get(url: Url) -> Self {
        Self::of(Method::GET, url, Call::Reads)
    }

    /// Writes something: a lost answer means that it may have happened.
    pub fn write(method: Method, url: Url) -> Self {
        Self::of(method, url, Call::Writes)
    }

    /// With this body.
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// With this header.
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Waits its turn at this limit, besides those of the whole interface.
    pub fn at_pace_of(mut self, limit: &RateLimit) -> Self {
        self.limit = Some(limit.clone());
        self
    }

    /// The same at another address.
    pub fn at(mut self, url: Url) -> Self {
        self.url = url;
        self
    }

    /// What it does over there.
    pub fn meaning(mut self, call: Call) -> Self {
        self.call = call;
        self
    }

    fn of(method: Method, url: Url, call: Call) -> Self {
        Self { method, url, headers: Vec::new(), body: None, call, limit: None }
    }
}

impl Api {
    /// The interface at this address. `id_header` is the header in which it wants the number of a call.
    pub fn new(
        http: Http,
        base: Url,
        tokens: Arc<Tokens>,
        limits: Vec<RateLimit>,
        id_header: &'static str,
    ) -> Self {
        Self { http, base, tokens, limits, breaker: Breaker::default(), id_header }
    }

    /// An address below the base. Each part is one part of the path, whatever letters are in it.
    pub fn url<'a>(&self, parts: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    /// An address that the other side has given for the rest of a list; only where it leads to the same host, so that
    /// the token goes nowhere else.
    pub fn next_page(&self, link: &str) -> Result<Url, ActionError> {
        let elsewhere =
            || ActionError::rejected("the link to the next page leads elsewhere; it is not followed");
        let url = Url::parse(link).map_err(|_| elsewhere())?;
        if url.origin() == self.base.origin() { Ok(url) } else { Err(elsewhere()) }
    }

    /// Makes the call and gives back the whole answer, whatever its status. A token that is refused is renewed once;
    /// that is safe for writes too, because a call without a good token does nothing.
    ///
    /// # Errors
    /// When it was not made (no turn, no token, the system rests), or no whole answer came.
    pub async fn ask(&self, ask: Ask, deadline: Deadline) -> Result<Answer, ActionError> {
        let (answer, token) = self.once(&ask, deadline).await?;
        if answer.status() != 401 {
            return Ok(answer);
        }
        let challenge = Challenge::of(answer.headers());
        self.tokens.refused(&token, challenge.as_ref());
        tracing::debug!(challenged = challenge.is_some(), "the token was refused; another one is asked for");
        let (answer, token) = self.once(&ask, deadline).await?;
        if answer.status() == 401 {
            self.tokens.refused(&token, None);
        }
        Ok(answer)
    }

    async fn once(
        &self,
        ask: &Ask,
        deadline: Deadline,
    ) -> Result<(Answer, Arc<crate::oauth::Token>), ActionError> {
        self.breaker.admit()?;
        for limit in self.limits.iter().chain(&ask.limit) {
            limit.turn(deadline.left()).await?;
        }
        let token = self.tokens.get(deadline).await?;
        let left = deadline.left();
        if left.is_zero() {
            return Err(ActionError::unavailable("no time was left for the call; nothing was sent"));
        }
        let mut request = self
            .http
            .request(ask.method.clone(), ask.url.clone())
            .header(AUTHORIZATION, token.authorization())
            .header("accept", "application/json")
            .header(self.id_header, request_id());
        for (name, value) in &ask.headers {
            request = request.header(*name, *value);
        }
        request = match &ask.body {
            Some(body) => request.json(body),
            None if ask.method == Method::GET || ask.method == Method::DELETE => request,
            None => request.header("content-length", "0"),
        };
        let answer = self.http.send(request, ask.call, left).await;
        self.breaker.saw(outcome(&answer));
        Ok((answer?, token))
    }
}

fn outcome(answer: &Result<Answer, ActionError>) -> Option<Failure> {
    match answer {
        Ok(answer) => answer.failure(),
        Err(error) => Some(error.failure),
    }
}

#[cfg(test)]
mod tests;
