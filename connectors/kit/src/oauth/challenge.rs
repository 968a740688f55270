//! [`Challenge`]: the demand of a system to sign in anew.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// The demand to sign in anew, with certain claims (continuous access evaluation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub(super) claims: String,
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
