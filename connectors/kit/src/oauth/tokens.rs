//! [`Tokens`]: the token for one scope, kept for as long as it is good.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use quell_action::{ActionError, Failure};
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, RequestBuilder, Url};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::challenge::Challenge;
use super::dpop::{DPOP, Desk, Dpop};
use super::grant::Grant;
use super::reply::{Given, Refused, Said, refused_proof};
use super::token::Token;
use super::vendor_clock::VendorClock;
use crate::{Answer, Call, Deadline, Http};

/// After a refusal nobody asks again for so long: whoever asks meanwhile gets the same refusal.
const REST: Duration = Duration::from_secs(5);

/// What the word and the number of a refusal mean and what to do, where the vendor has a number.
pub type Explain = fn(&str, Option<i64>) -> Option<&'static str>;

/// Gets tokens for one scope and keeps them. At most one is asked for at a time; while a new one cannot be had, the old
/// one is used for as long as it is good.
pub struct Tokens {
    http: Http,
    grant: Grant,
    explain: Explain,
    dpop: Option<Arc<Dpop>>,
    clock: Arc<VendorClock>,
    kept: RwLock<Option<Arc<Token>>>,
    refused: Mutex<Option<(Instant, ActionError)>>,
    claims: Mutex<Option<String>>,
    asking: tokio::sync::Mutex<()>,
}

impl Tokens {
    /// Tokens that are asked for so. `explain` says what the vendor's refusals mean.
    pub fn new(http: Http, grant: Grant, explain: Explain) -> Self {
        Self {
            http,
            grant,
            explain,
            dpop: None,
            clock: Arc::default(),
            kept: RwLock::new(None),
            refused: Mutex::new(None),
            claims: Mutex::new(None),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// The same, and each token is bound to this key where the other side does that.
    pub fn with_dpop(mut self, dpop: Dpop) -> Self {
        self.dpop = Some(Arc::new(dpop));
        self
    }

    /// Tokens of another kind from the same place, with the same explanations, clock and proofs: for a probe.
    pub fn like(&self, grant: Grant) -> Self {
        let mut like = Self::new(self.http.clone(), grant, self.explain);
        like.dpop = self.dpop.clone();
        like.clock = Arc::clone(&self.clock);
        like
    }

    /// A token that is good at this moment.
    ///
    /// # Errors
    /// [`Failure::Credentials`] when the credential is refused; otherwise why none can be had. Nothing was done.
    pub async fn get(&self, deadline: Deadline) -> Result<Arc<Token>, ActionError> {
        let kept = self.kept.read().clone();
        match kept {
            Some(token) if Instant::now() < token.renew_at => Ok(token),
            // Somebody renews it already, or it cannot be had: the old one is still good.
            Some(token) if Instant::now() < token.ends_at => match self.asking.try_lock() {
                Ok(_asking) => Ok(self.ask(deadline).await.unwrap_or(token)),
                Err(_) => Ok(token),
            },
            _ => self.get_new(deadline).await,
        }
    }

    /// The other side does not take this token (any more): the next one is asked for anew, with the claims that its
    /// challenge names. Another that was got meanwhile is kept.
    pub fn refused(&self, token: &Arc<Token>, challenge: Option<&Challenge>) {
        let mut kept = self.kept.write();
        if kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, token)) {
            *kept = None;
        }
        if let Some(challenge) = challenge {
            *self.claims.lock() = Some(challenge.claims.clone());
        }
    }

    /// Shows a token with a request: in its header, and with a proof for just this request where it is bound to our key.
    ///
    /// # Errors
    /// When the proof cannot be signed.
    pub fn show(
        &self,
        token: &Token,
        request: RequestBuilder,
        method: &Method,
        url: &Url,
    ) -> Result<RequestBuilder, ActionError> {
        let request = request.header(AUTHORIZATION, token.authorization());
        let Some(dpop) = self.dpop.as_ref().filter(|_| token.is_bound()) else { return Ok(request) };
        let secret = Some(token.secret().expose_secret());
        let proof = dpop.proof(Desk::Calls, method, url, secret, self.clock.stamp())?;
        Ok(request.header(DPOP, proof))
    }

    /// Reads what the answer to a call says of proofs. Whether the call was refused for its proof alone, and another
    /// proof can be had that is different in that: it wants another nonce, or reckons with another time.
    pub fn learns_from(&self, answer: &Answer) -> bool {
        let Some(dpop) = &self.dpop else { return false };
        let given = dpop.note(Desk::Calls, answer.headers());
        if !matches!(answer.status(), 400 | 401) {
            return false;
        }
        match refused_proof(answer) {
            Some(Refused::Nonce) => given,
            Some(Refused::Proof) => self.clock.correct(answer.headers()),
            None => false,
        }
    }

    async fn get_new(&self, deadline: Deadline) -> Result<Arc<Token>, ActionError> {
        let Ok(_asking) = tokio::time::timeout(deadline.left(), self.asking.lock()).await else {
            return Err(ActionError::unavailable("no token could be had in time: others wait for one too"));
        };
        // Whoever waited finds what the one before has got.
        let kept = self.kept.read().clone();
        if let Some(token) = kept.filter(|token| Instant::now() < token.renew_at) {
            return Ok(token);
        }
        self.ask(deadline).await
    }

    async fn ask(&self, deadline: Deadline) -> Result<Arc<Token>, ActionError> {
        if let Some((until, error)) = self.refused.lock().clone()
            && Instant::now() < until
        {
            return Err(error);
        }
        match self.fetch(deadline).await {
            Ok(token) => {
                let token = Arc::new(token);
                *self.kept.write() = Some(Arc::clone(&token));
                *self.refused.lock() = None;
                Ok(token)
            }
            Err(error) => {
                *self.refused.lock() = Some((Instant::now() + REST, error.clone()));
                Err(error)
            }
        }
    }

    /// Asks for a token; and asks again where a refusal says how: with the nonce that it gives out, or by its clock.
    async fn fetch(&self, deadline: Deadline) -> Result<Token, ActionError> {
        let claims = self.claims.lock().clone();
        let (mut nonce_taken, mut clock_set) = (false, false);
        loop {
            let asked_at = Instant::now();
            let answer = self.ask_once(claims.as_deref(), deadline).await?;
            let Some(failure) = answer.failure() else {
                let token = self.read(&answer, asked_at)?;
                // A claims challenge is answered once; what follows it is asked for without.
                *self.claims.lock() = None;
                return Ok(token);
            };
            let said: Said = answer.json().unwrap_or_default();
            let given = self.dpop.as_ref().is_some_and(|dpop| dpop.note(Desk::SignIn, answer.headers()));
            let again = match said.error.as_deref() {
                Some("use_dpop_nonce") => given && !std::mem::replace(&mut nonce_taken, true),
                Some("invalid_client" | "invalid_dpop_proof") if self.grant.bears_time() && !clock_set => {
                    clock_set = true;
                    self.clock.correct(answer.headers())
                }
                _ => false,
            };
            if !again {
                return Err(self.refusal(&answer, said, failure, claims.is_some()));
            }
        }
    }

    async fn ask_once(&self, claims: Option<&str>, deadline: Deadline) -> Result<Answer, ActionError> {
        let at = self.clock.stamp();
        let mut request = self.grant.request(&self.http, claims, at)?;
        if let Some(dpop) = &self.dpop {
            let proof = dpop.proof(Desk::SignIn, &Method::POST, &self.grant.endpoint, None, at)?;
            request = request.header(DPOP, proof);
        }
        let limit = deadline.left().min(self.grant.patience());
        self.grant.sender(&self.http).send(request, Call::Reads, limit).await
    }

    fn read(&self, answer: &Answer, asked_at: Instant) -> Result<Token, ActionError> {
        if let Some(dpop) = &self.dpop {
            dpop.note(Desk::SignIn, answer.headers());
        }
        let given: Result<Given, _> = answer.json();
        let token = given.and_then(|given| {
            Token::new(given, asked_at, crate::now().timestamp()).map_err(|why| answer.unreadable(why))
        });
        match token {
            Ok(token) if token.is_bound() && self.dpop.is_none() => {
                Err(answer.unreadable("its token is bound to a key, and none was shown"))
            }
            token => token,
        }
        .map_err(|mut error| {
            error.message.insert_str(0, "signing in: ");
            error
        })
    }

    /// What a refusal of the token endpoint means. Its description is left out: it can repeat what it was sent.
    fn refusal(&self, answer: &Answer, said: Said, failure: Failure, challenged: bool) -> ActionError {
        let number = said.error_codes.first().copied();
        let word = said.word().unwrap_or_else(|| "no reason given".into());
        let failure = match (failure, self.grant.passing(answer.status())) {
            (failure, _) if failure.is_transient() => failure,
            (_, Some(passing)) => passing,
            _ if word == "temporarily_unavailable" => Failure::Unavailable { retry_after: None },
            _ => Failure::Credentials,
        };
        let mut error = answer.refusal(failure);
        error.message = format!("signing in: {} ({word}", error.message);
        if let Some(number) = number {
            error.message.push_str(&format!(", {number}"));
        }
        error.message.push(')');
        let of_kind = || self.grant.advice().filter(|_| failure == Failure::Credentials);
        if let Some(advice) = (self.explain)(&word, number).or_else(of_kind) {
            error.message.push_str(&format!("; {advice}"));
        }
        if challenged {
            error.message.push_str("; a new sign-in was demanded, so the application itself may be disabled");
        }
        if let Some(vendor) = &mut error.vendor {
            vendor.code = number.map(|number| number.to_string()).or(Some(word));
        }
        error
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.grant.scope)
    }
}
