//! [`PrivateKey`]: signs who we are, in the compact form of JSON Web Signatures (RFC 7515), with RS256 or ES256.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quell_action::{ActionError, ConnectError};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::jwk;
use crate::SecretRef;

/// How something is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with PKCS#1 padding and SHA-256.
    Rs256,
    /// ECDSA on the curve P-256 with SHA-256.
    Es256,
}

/// A key that signs. It is never shown.
pub struct PrivateKey {
    pair: Pair,
    id: Option<String>,
}

pub(super) enum Pair {
    Rsa(RsaKeyPair),
    Elliptic(EcdsaKeyPair),
}

impl PrivateKey {
    /// Reads a key in PEM form (PKCS#1, PKCS#8, SEC 1) or as a JSON Web Key.
    ///
    /// # Errors
    /// When it is none, or of a kind that cannot sign here. The message names the reference and nothing of the key.
    pub fn read(reference: &SecretRef) -> Result<Self, ConnectError> {
        let text = reference.resolve()?;
        let text = text.expose_secret().trim();
        let read =
            if text.starts_with('{') { jwk::read(text) } else { by_pem(text).map(|pair| (pair, None)) };
        let (pair, id) =
            read.map_err(|why| ConnectError(format!("the private key in {reference}: {why}")))?;
        Ok(Self { pair, id })
    }

    /// A new key.
    ///
    /// # Errors
    /// When this computer cannot make one.
    pub fn generate(algorithm: Algorithm) -> Result<Self, ConnectError> {
        let pair = match algorithm {
            Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::Elliptic),
        };
        let pair = pair.map_err(|_| ConnectError("a new key for signing cannot be made".into()))?;
        Ok(Self { pair, id: None })
    }

    /// The name that the key itself bears: the `kid` of a JSON Web Key.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// How it signs, as headers name it.
    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Elliptic(_) => "ES256",
        }
    }

    /// The public half as a JSON Web Key, and nothing of the other. Its members stand in the order of RFC 7638, so that
    /// the hash of its text is its thumbprint.
    pub fn public_jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let part =
                    |number: aws_lc_rs::io::Positive<'_>| text(number.big_endian_without_leading_zero());
                json!({ "e": part(public.exponent()), "kty": "RSA", "n": part(public.modulus()) })
            }
            Pair::Elliptic(pair) => {
                // An uncompressed point: the byte 4, then both coordinates.
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({ "crv": "P-256", "kty": "EC", "x": text(x), "y": text(y) })
            }
        }
    }

    /// Signs these claims under this header. What the header says of the algorithm is put in here.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(&self, header: Value, claims: &Value) -> Result<String, ActionError> {
        self.sign_as(self.algorithm(), &RSA_PKCS1_SHA256, header, claims)
    }

    /// The same with PS256, which only an RSA key can.
    pub(super) fn sign_ps256(&self, header: Value, claims: &Value) -> Result<String, ActionError> {
        self.sign_as("PS256", &RSA_PSS_SHA256, header, claims)
    }

    pub(super) fn is_rsa(&self) -> bool {
        matches!(self.pair, Pair::Rsa(_))
    }

    fn sign_as(
        &self,
        algorithm: &str,
        padding: &'static dyn RsaEncoding,
        mut header: Value,
        claims: &Value,
    ) -> Result<String, ActionError> {
        header["alg"] = Value::from(algorithm);
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.signature(signed.as_bytes(), padding);
        let signature = signature.ok_or_else(|| ActionError::rejected("the private key cannot sign"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn signature(&self, text: &[u8], padding: &'static dyn RsaEncoding) -> Option<Vec<u8>> {
        let randomness = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &randomness, text, &mut signature).ok()?;
                Some(signature)
            }
            Pair::Elliptic(pair) => Some(pair.sign(&randomness, text).ok()?.as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.algorithm())
    }
}

fn by_pem(text: &str) -> Result<Pair, &'static str> {
    if text.contains("ENCRYPTED") {
        return Err(
            "it is locked by a passphrase: give it without one, in a file that only this program can read",
        );
    }
    let unfit = "it is neither an RSA key of 2048 bits or more nor a key on the curve P-256";
    let elliptic = |der: &[u8]| {
        EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::Elliptic)
    };
    match PrivateKeyDer::from_pem_slice(text.as_bytes()) {
        Ok(PrivateKeyDer::Pkcs1(der)) => {
            RsaKeyPair::from_der(der.secret_pkcs1_der()).map(Pair::Rsa).map_err(|_| unfit)
        }
        Ok(PrivateKeyDer::Sec1(der)) => elliptic(der.secret_sec1_der()).map_err(|_| unfit),
        Ok(PrivateKeyDer::Pkcs8(der)) => {
            let der = der.secret_pkcs8_der();
            RsaKeyPair::from_pkcs8(der).map(Pair::Rsa).or_else(|_| elliptic(der)).map_err(|_| unfit)
        }
        _ => Err("it is neither a private key in PEM form nor a JSON Web Key"),
    }
}

#[cfg(test)]
mod tests;
