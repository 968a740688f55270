//! Private keys as JSON Web Keys (RFC 7517), which is how Okta's console hands them out.

use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::private_key::Pair;

/// A coordinate or a private number on the curve P-256 has so many bytes.
const P256_BYTES: usize = 32;

/// What is read of a key; whatever else stands in it means nothing here.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<SecretString>,
    p: Option<SecretString>,
    q: Option<SecretString>,
    dp: Option<SecretString>,
    dq: Option<SecretString>,
    qi: Option<SecretString>,
}

/// The key, and the name that it bears.
///
/// # Errors
/// Why it is none that can sign here. Nothing of the key is repeated.
pub(super) fn read(text: &str) -> Result<(Pair, Option<String>), &'static str> {
    let key: Jwk = serde_json::from_str(text).map_err(|_| "it is not a JSON Web Key")?;
    let pair = match key.kty.as_str() {
        "RSA" => rsa(&key)?,
        "EC" => elliptic(&key)?,
        _ => return Err("it is of a kind that cannot sign here: make an RSA key, or one on the curve P-256"),
    };
    Ok((pair, key.kid))
}

fn rsa(key: &Jwk) -> Result<Pair, &'static str> {
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: public(&key.n)?, e: public(&key.e)? },
        d: private(&key.d)?,
        p: private(&key.p)?,
        q: private(&key.q)?,
        dP: private(&key.dp)?,
        dQ: private(&key.dq)?,
        qInv: private(&key.qi)?,
    };
    RsaKeyPair::from_components(&components)
        .map(Pair::Rsa)
        .map_err(|_| "its numbers do not make an RSA key of 2048 bits or more")
}

fn elliptic(key: &Jwk) -> Result<Pair, &'static str> {
    if key.crv.as_deref() != Some("P-256") {
        return Err("of the elliptic curves only P-256 can sign here");
    }
    let (x, y, d) = (public(&key.x)?, public(&key.y)?, private(&key.d)?);
    let unfit = "its numbers do not make a key on the curve P-256";
    if [x.len(), y.len(), d.len()] != [P256_BYTES; 3] {
        return Err(unfit);
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, &point)
        .map(Pair::Elliptic)
        .map_err(|_| unfit)
}

fn public(part: &Option<String>) -> Result<Vec<u8>, &'static str> {
    let text = part.as_ref().ok_or("it lacks a number")?;
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| "one of its numbers is not in base64url")
}

fn private(part: &Option<SecretString>) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let text = part.as_ref().ok_or("it lacks a private number: the public half alone cannot sign")?;
    let bytes = URL_SAFE_NO_PAD.decode(text.expose_secret().trim_end_matches('='));
    bytes.map(Zeroizing::new).map_err(|_| "one of its numbers is not in base64url")
}
