//! [`Signed`]: what a connector has signed, read and verified as the other side does it.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A signed text in the compact form of JSON Web Signatures, taken apart.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Its header.
    pub header: Value,
    /// What it claims.
    pub claims: Value,
    signed: String,
    signature: Vec<u8>,
}

impl Signed {
    /// Takes a text apart; nothing where it does not have the form.
    pub fn read(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        Some(Self {
            header: part(header)?,
            claims: part(claims)?,
            signed: signed.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// Whether the signature is that of the key whose public half this is, by the algorithm that the header names.
    pub fn verifies_with(&self, key: &Value) -> bool {
        let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
        let verified = match (self.header["alg"].as_str(), key["kty"].as_str()) {
            (Some("RS256"), Some("RSA")) => number("n").zip(number("e")).map(|(n, e)| {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, self.signed.as_bytes(), &self.signature).is_ok()
            }),
            (Some("ES256"), Some("EC")) => number("x").zip(number("y")).map(|(x, y)| {
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(self.signed.as_bytes(), &self.signature).is_ok()
            }),
            _ => None,
        };
        verified.unwrap_or(false)
    }

    /// What it claims under this name, where that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims[name].as_str()
    }

    /// What it claims under this name, where that is a number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.claims[name].as_i64()
    }
}
