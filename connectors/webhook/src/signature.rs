//! [`SigningKey`]: how a message is signed, and [`message_id`]: how it is recognised when it comes again.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use quell_action::{ConnectError, RequestKey};
use quell_kit::SecretRef;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};

/// Every secret of this convention begins so.
const PREFIX: &str = "whsec_";

/// The key of one endpoint.
#[derive(Clone)]
pub struct SigningKey(SecretSlice<u8>);

impl SigningKey {
    /// Reads the secret that a reference leads to.
    ///
    /// # Errors
    /// When there is none, or it is not `whsec_` and 24 to 64 bytes in base64. The value is not repeated.
    pub fn resolve(reference: &SecretRef) -> Result<Self, ConnectError> {
        Self::parse(&reference.resolve()?).ok_or_else(|| {
            ConnectError(format!(
                "{reference} does not hold a signing secret: {PREFIX} and 24 to 64 bytes in base64"
            ))
        })
    }

    /// Reads a secret as the receiver shows it.
    pub fn parse(secret: &SecretString) -> Option<Self> {
        let bytes = STANDARD.decode(secret.expose_secret().trim().strip_prefix(PREFIX)?).ok()?;
        (24..=64).contains(&bytes.len()).then(|| Self(SecretSlice::from(bytes)))
    }

    /// Signs the very bytes that are sent, with the id and the time of this attempt.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// The id of a message: the same on every attempt at the same task and for no other. It holds no full stop.
pub fn message_id(key: &RequestKey) -> String {
    let digest = Sha256::digest(key.0.as_bytes());
    format!("msg_{}", &URL_SAFE_NO_PAD.encode(digest)[..27])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> Option<SigningKey> {
        SigningKey::parse(&SecretString::from(secret))
    }

    #[test]
    fn the_published_vector_is_reproduced() {
        let key = key("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let body = br#"{"type":"playbook.step.completed","data":{"run":"r1"}}"#;
        let signature = key.sign("msg_0001", 1_700_000_000, body).unwrap();
        assert_eq!(signature, "v1,BpcTRorNbHWor0aEe+vsX6+djEbrbIh2VXkdsRrWSf8=");
        assert_ne!(key.sign("msg_0002", 1_700_000_000, body).unwrap(), signature);
        assert_ne!(key.sign("msg_0001", 1_700_000_001, body).unwrap(), signature);
        assert_ne!(key.sign("msg_0001", 1_700_000_000, b"{}").unwrap(), signature);
    }

    #[test]
    fn what_is_no_signing_secret_is_refused() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        assert!(key(&of(24)).is_some() && key(&of(64)).is_some());
        assert!(key(&of(23)).is_none() && key(&of(65)).is_none());
        assert!(key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").is_none(), "the prefix belongs to it");
        assert!(key("whsec_not base64").is_none());
        assert!(!format!("{:?}", key(&of(24)).unwrap()).contains('7'));
    }

    #[test]
    fn ids_are_stable_distinct_and_without_full_stops() {
        let id = |key: &str| message_id(&RequestKey(key.into()));
        assert_eq!(id("run-1/step-1"), id("run-1/step-1"));
        assert_ne!(id("run-1/step-1"), id("run-1/step-2"));
        assert!(!id("a.b.c").contains('.'));
        assert_eq!(id("a.b.c").len(), 31);
    }
}
