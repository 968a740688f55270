//! [`SigningSecret`]: whether a request really comes from Slack.

use hmac::{Hmac, Mac};
use quell_alert::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// An older request is a repetition by somebody who listened.
const OLDEST_SECS: i64 = 300;

/// The secret with which Slack signs what it sends.
#[derive(Debug)]
pub struct SigningSecret(SecretString);

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untrue {
    /// It does not say when it was sent, or how it was signed.
    #[error("the request is not signed as Slack signs")]
    Unsigned,
    /// It was sent too long ago, or has not been sent yet.
    #[error("the request was signed more than five minutes ago, or in the future")]
    Stale,
    /// Somebody else signed it, or it was changed.
    #[error("the request's signature is not that of Slack")]
    Forged,
}

impl SigningSecret {
    /// This secret.
    pub fn new(secret: SecretString) -> Self {
        Self(secret)
    }

    /// Looks at the raw bytes of a request, before anything is read from them.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn check(&self, timestamp: &str, signature: &str, body: &[u8], now: Timestamp) -> Result<(), Untrue> {
        let sent: i64 = timestamp.parse().map_err(|_| Untrue::Unsigned)?;
        let given = signature.strip_prefix("v0=").and_then(from_hex).ok_or(Untrue::Unsigned)?;
        if now.timestamp().abs_diff(sent) > OLDEST_SECS.unsigned_abs() {
            return Err(Untrue::Stale);
        }
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()).map_err(|_| Untrue::Forged)?;
        mac.update(format!("v0:{timestamp}:").as_bytes());
        mac.update(body);
        // Compared in a time that does not tell how much of it was right.
        mac.verify_slice(&given).map_err(|_| Untrue::Forged)
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"payload=%7B%22type%22%3A%22block_actions%22%7D";
    const SIGNATURE: &str = "v0=da2ef08c588ee030aa98aeae4f1508b760e490c542a3820b3ab8582166652e29";

    fn check(timestamp: &str, signature: &str, body: &[u8], now: i64) -> Result<(), Untrue> {
        let secret = SigningSecret::new(SecretString::from("0123456789abcdef0123456789abcdef"));
        secret.check(timestamp, signature, body, Timestamp::from_timestamp(now, 0).unwrap())
    }

    #[test]
    fn the_known_vector_is_believed_and_nothing_else() {
        let now = 1_700_000_000;
        assert_eq!(check("1700000000", SIGNATURE, BODY, now), Ok(()));
        assert_eq!(check("1700000000", SIGNATURE, BODY, now + 300), Ok(()));
        for (timestamp, signature, body, now, why) in [
            ("1700000000", SIGNATURE, BODY, now + 301, Untrue::Stale),
            ("1700000000", SIGNATURE, BODY, now - 301, Untrue::Stale),
            ("1700000001", SIGNATURE, BODY, now, Untrue::Forged),
            ("1700000000", SIGNATURE, b"payload=%7B%7D".as_slice(), now, Untrue::Forged),
            ("1700000000", &SIGNATURE.replace("da2e", "da2f"), BODY, now, Untrue::Forged),
            ("1700000000", &SIGNATURE[..59], BODY, now, Untrue::Forged),
            ("1700000000", "v0=", BODY, now, Untrue::Forged),
            ("1700000000", &SIGNATURE[3..], BODY, now, Untrue::Unsigned),
            ("1700000000", "v0=zz", BODY, now, Untrue::Unsigned),
            ("soon", SIGNATURE, BODY, now, Untrue::Unsigned),
        ] {
            assert_eq!(check(timestamp, signature, body, now), Err(why), "{timestamp} {signature}");
        }
    }

    #[test]
    fn a_signature_that_is_cut_or_of_other_letters_is_none() {
        for signature in ["v0=a2114", "v0=aé1", "v0=é"] {
            assert_eq!(
                check("1700000000", signature, BODY, 1_700_000_000),
                Err(Untrue::Unsigned),
                "{signature}"
            );
        }
    }
}
