//! [`Challenge`]: the demand of a system to sign in anew.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use serde_json::Value;

/// The demand to sign in anew, with certain claims (continuous access evaluation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub(super) claims: String,
}

impl Challenge {
    /// Reads the `www-authenticate` headers of an answer, one for each way of signing in; nothing where none of them
    /// demands claims.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let all = headers.get_all(WWW_AUTHENTICATE).iter();
        all.filter_map(|header| header.to_str().ok()).find_map(Self::read)
    }

    /// Reads one of them.
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
        let wanted = claims.as_object_mut()?.entry("access_token").or_insert_with(|| serde_json::json!({}));
        wanted.as_object_mut()?.insert("xms_cc".into(), able);
        Some(Self { claims: claims.to_string() })
    }
}
