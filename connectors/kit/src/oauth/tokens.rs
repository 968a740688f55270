//! [`Tokens`]: the token for one scope, kept for as long as it is good.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use parking_lot::{Mutex, RwLock};
use quell_action::{ActionError, Failure};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::grant::Grant;
use crate::{Answer, Call, Deadline, Http};

/// After a refusal nobody asks again for so long: whoever asks meanwhile gets the same refusal.
const REST: Duration = Duration::from_secs(5);
/// A token is renewed so long before it ends.
const AHEAD: Duration = Duration::from_secs(300);

/// What the number of a refusal means and what to do, where the vendor has such numbers.
pub type Explain = fn(i64) -> Option<&'static str>;

/// Gets tokens for one scope and keeps them. At most one is asked for at a time; while a new one cannot be had, the old
/// one is used for as long as it is good.
pub struct Tokens {
    http: Http,
    grant: Grant,
    explain: Explain,
    kept: RwLock<Option<Arc<Token>>>,
    refused: Mutex<Option<(Instant, ActionError)>>,
    claims: Mutex<Option<String>>,
    asking: tokio::sync::Mutex<()>,
}

/// A token. It is never shown.
pub struct Token {
    bearer: HeaderValue,
    renew_at: Instant,
    ends_at: Instant,
}

impl Tokens {
    /// Tokens that are asked for so. `explain` says what the numbers of the vendor's refusals mean.
    pub fn new(http: Http, grant: Grant, explain: Explain) -> Self {
        Self {
            http,
            grant,
            explain,
            kept: RwLock::new(None),
            refused: Mutex::new(None),
            claims: Mutex::new(None),
            asking: tokio::sync::Mutex::new(()),
        }
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

    async fn fetch(&self, deadline: Deadline) -> Result<Token, ActionError> {
        let claims = self.claims.lock().clone();
        let request = self.grant.request(&self.http, claims.as_deref())?;
        let asked_at = Instant::now();
        let limit = deadline.left().min(self.grant.patience());
        let answer = self.http.send(request, Call::Reads, limit).await?;
        if let Some(failure) = answer.failure() {
            return Err(self.refusal(&answer, failure, claims.is_some()));
        }
        let Given { access_token, expires_in } = answer.json()?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", access_token.expose_secret()))
            .map_err(|_| answer.unreadable("its token cannot be sent in a header"))?;
        bearer.set_sensitive(true);
        let lasts = Duration::from_secs(expires_in.seconds());
        let renew_at = asked_at + (lasts / 2).min(lasts.saturating_sub(AHEAD)).max(lasts / 4);
        // A claims challenge is answered once; what follows it is asked for without.
        *self.claims.lock() = None;
        Ok(Token { bearer, renew_at, ends_at: asked_at + lasts })
    }

    /// What a refusal of the token endpoint means. Its description is left out: it can repeat what it was sent.
    fn refusal(&self, answer: &Answer, failure: Failure, challenged: bool) -> ActionError {
        let said: Said = answer.json().unwrap_or_default();
        let number = said.error_codes.first().copied();
        let word = said.error.filter(|word| is_word(word)).unwrap_or_else(|| "no reason given".into());
        let failure = match failure {
            failure if failure.is_transient() => failure,
            _ if word == "temporarily_unavailable" => Failure::Unavailable { retry_after: None },
            _ => Failure::Credentials,
        };
        let mut error = answer.refusal(failure);
        error.message = format!("signing in: {} ({word}", error.message);
        if let Some(number) = number {
            error.message.push_str(&format!(", {number}"));
        }
        error.message.push(')');
        if let Some(advice) = number.and_then(self.explain) {
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

impl Token {
    /// As it goes into the `authorization` header; marked as not to be shown.
    pub fn bearer(&self) -> HeaderValue {
        self.bearer.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.grant.scope)
    }
}

/// The demand to sign in anew, with certain claims (continuous access evaluation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    claims: String,
}

impl Challenge {
    /// Reads a `www-authenticate` header; nothing where it demands no claims.
    pub fn read(header: &str) -> Option<Self> {
        if !header.contains("insufficient_claims") {
            return None;
        }
        let encoded = header.split_once("claims=\"")?.1.split_once('"')?.0;
        let decoded =
            [STANDARD.decode(encoded), STANDARD_NO_PAD.decode(encoded), URL_SAFE_NO_PAD.decode(encoded)]
                .into_iter()
                .find_map(Result::ok)?;
        let mut claims: Value = serde_json::from_slice(&decoded).ok()?;
        // Whoever answers a challenge says that it can be challenged again.
        let able = serde_json::json!({ "values": ["cp1"] });
        claims.as_object_mut()?.entry("access_token").or_insert_with(|| serde_json::json!({}))["xms_cc"] =
            able;
        Some(Self { claims: claims.to_string() })
    }
}

#[derive(Deserialize)]
struct Given {
    access_token: SecretString,
    expires_in: Seconds,
}

/// Some services write the number as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Seconds {
    fn seconds(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().unwrap_or(0),
        }
    }
}

#[derive(Default, Deserialize)]
struct Said {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_codes: Vec<i64>,
}

fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
