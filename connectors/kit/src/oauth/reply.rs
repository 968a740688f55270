//! What is answered to a question for a token, and to a token.

use reqwest::header::WWW_AUTHENTICATE;
use secrecy::SecretString;
use serde::Deserialize;

use crate::Answer;

/// A token, as it is given out.
#[derive(Deserialize)]
pub(super) struct Given {
    pub(super) access_token: SecretString,
    #[serde(default)]
    pub(super) token_type: Option<String>,
    #[serde(default)]
    pub(super) scope: Option<String>,
    /// For so long it is good.
    #[serde(default)]
    expires_in: Option<Seconds>,
    /// Until then it is good: the identity services of some computers say only this.
    #[serde(default)]
    expires_on: Option<Seconds>,
}

impl Given {
    /// For how many seconds it is good, at this time; nothing where it does not tell.
    pub(super) fn lasts(&self, now: i64) -> Option<u64> {
        let until = || {
            let left = i64::try_from(self.expires_on.as_ref()?.seconds()).ok()?.saturating_sub(now);
            Some(u64::try_from(left).unwrap_or(0))
        };
        self.expires_in.as_ref().map(Seconds::seconds).or_else(until)
    }
}

/// A number of seconds. Some services write the number as a text.
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

/// Why something was refused.
#[derive(Default, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) error_codes: Vec<i64>,
}

impl Said {
    /// The reason as a word, where it is one: whatever else stands there can repeat what was sent.
    pub(super) fn word(&self) -> Option<String> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        self.error.clone().filter(|word| (1..=64).contains(&word.len()) && word.chars().all(fits))
    }
}

/// What is wrong with a proof.
pub(super) enum Refused {
    /// It lacks the right nonce.
    Nonce,
    /// Anything else; its time, for example.
    Proof,
}

/// Whether a call was refused for its proof: the header says so, or the body.
pub(super) fn refused_proof(answer: &Answer) -> Option<Refused> {
    let header = answer.headers().get(WWW_AUTHENTICATE).and_then(|header| header.to_str().ok());
    let said: Said = answer.json().unwrap_or_default();
    let says = |word: &str| {
        said.error.as_deref() == Some(word)
            || header.is_some_and(|header| header.contains(&format!("\"{word}\"")))
    };
    if says("use_dpop_nonce") {
        return Some(Refused::Nonce);
    }
    says("invalid_dpop_proof").then_some(Refused::Proof)
}
