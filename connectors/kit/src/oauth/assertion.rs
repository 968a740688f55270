//! [`SigningCertificate`]: proves who we are with a signature instead of a secret (RFC 7523).

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quell_action::{ActionError, ConnectError};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::credential::CertificateRef;
use super::private_key::PrivateKey;
use crate::request_id;

/// How long an assertion holds. Short: it is made anew for each token.
const HOLDS_SECONDS: i64 = 600;

/// A certificate with its private key, ready to sign.
#[derive(Clone)]
pub struct SigningCertificate {
    key: Arc<PrivateKey>,
    thumbprint: String,
}

impl SigningCertificate {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// When one of them cannot be read, is not in PEM form, or the key is no RSA key.
    pub fn read(reference: &CertificateRef) -> Result<Self, ConnectError> {
        let certificate = certificate(&reference.certificate)?;
        let key = PrivateKey::read(&reference.key)?;
        if !key.is_rsa() {
            return Err(ConnectError(format!("the private key in {}: it must be an RSA key", reference.key)));
        }
        let key = Arc::new(key);
        Ok(Self { key, thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.as_ref())) })
    }

    /// A new assertion that this client asks this audience for a token, at this time.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn assertion(&self, client: &str, audience: &str, at: i64) -> Result<String, ActionError> {
        let mut claims = claims(client, audience, at);
        claims["nbf"] = json!(at);
        self.key.sign_ps256(json!({ "typ": "JWT", "x5t#S256": self.thumbprint }), &claims)
    }
}

impl fmt::Debug for SigningCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningCertificate({})", self.thumbprint)
    }
}

/// A new assertion that this client asks this audience for a token, at this time, signed with a key that the other side
/// knows by its id.
///
/// # Errors
/// When the key cannot sign.
pub(super) fn by_key(
    key: &PrivateKey,
    id: Option<&str>,
    client: &str,
    audience: &str,
    at: i64,
) -> Result<String, ActionError> {
    let mut header = json!({ "typ": "JWT" });
    if let Some(id) = id.or(key.id()) {
        header["kid"] = json!(id);
    }
    key.sign(header, &claims(client, audience, at))
}

fn claims(client: &str, audience: &str, at: i64) -> Value {
    json!({
        "aud": audience,
        "iss": client,
        "sub": client,
        "jti": request_id(),
        "iat": at,
        "exp": at + HOLDS_SECONDS,
    })
}

fn certificate(path: &Path) -> Result<CertificateDer<'static>, ConnectError> {
    let refused = |why: String| ConnectError(format!("the certificate file {} {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    CertificateDer::from_pem_slice(&pem).map_err(|_| refused("holds no certificate in PEM form".into()))
}
