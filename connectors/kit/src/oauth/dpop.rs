//! [`Dpop`]: proof that whoever shows a token is the one to whom it was given (RFC 9449).
//!
//! Each request carries a proof of its own, signed with a key that was made for this connection and never leaves it. A
//! token that somebody else has found is worth nothing without the key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use quell_action::{ActionError, ConnectError};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::private_key::{Algorithm, PrivateKey};
use crate::request_id;

/// The header of a proof.
pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");

/// Makes proofs, and remembers the nonces that the other side wants in them.
#[derive(Debug)]
pub struct Dpop {
    key: PrivateKey,
    /// At the sign-in, and at the calls: each gives out its own.
    nonces: Mutex<[Option<String>; 2]>,
}

/// To whom a proof is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Desk {
    /// Whoever gives out tokens.
    SignIn,
    /// Whoever takes them.
    Calls,
}

impl Dpop {
    /// With a new key of this kind, which lives as long as this.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(algorithm: Algorithm) -> Result<Self, ConnectError> {
        Ok(Self { key: PrivateKey::generate(algorithm)?, nonces: Mutex::default() })
    }

    /// A new proof for one request, at this time. `token` is the one that the request shows.
    pub(super) fn proof(
        &self,
        desk: Desk,
        method: &Method,
        url: &Url,
        token: Option<&str>,
        at: i64,
    ) -> Result<HeaderValue, ActionError> {
        let header = json!({ "typ": "dpop+jwt", "jwk": self.key.public_jwk() });
        let mut claims =
            json!({ "htm": method.as_str(), "htu": bare(url).as_str(), "iat": at, "jti": request_id() });
        if let Some(nonce) = &self.nonces.lock()[desk as usize] {
            claims["nonce"] = json!(nonce);
        }
        if let Some(token) = token {
            claims["ath"] = json!(URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
        }
        let mut proof = HeaderValue::from_str(&self.key.sign(header, &claims)?)
            .map_err(|_| ActionError::rejected("a proof cannot be sent in a header"))?;
        proof.set_sensitive(true);
        Ok(proof)
    }

    /// Takes the nonce that an answer gives out; says whether there was one.
    pub(super) fn note(&self, desk: Desk, headers: &HeaderMap) -> bool {
        let nonce = headers.get("dpop-nonce").and_then(|nonce| nonce.to_str().ok());
        let Some(nonce) = nonce.filter(|nonce| !nonce.is_empty()) else { return false };
        self.nonces.lock()[desk as usize] = Some(nonce.to_owned());
        true
    }
}

/// Where a request goes, as a proof names it: without its query.
fn bare(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url
}
