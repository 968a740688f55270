//! What a token says about its rights. For probes only: nothing is decided by it, and a token that does not tell is
//! as good as any other.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::oauth::Token;

/// The rights that were granted to the application, as its token tells them; nothing where it does not.
pub fn granted(token: &Token) -> Option<Vec<String>> {
    let bearer = token.bearer();
    let claims = bearer.to_str().ok()?.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some(claims.roles)
}

/// Whether a right was granted, itself or by one that holds it.
pub fn grants(granted: &[String], right: &str, holds: &[(&str, &[&str])]) -> bool {
    granted.iter().any(|name| {
        name == right || holds.iter().any(|(broad, narrow)| name == broad && narrow.contains(&right))
    })
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    roles: Vec<String>,
}
