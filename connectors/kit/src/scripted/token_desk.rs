//! [`TokenDesk`]: the sign-in of a scripted vendor: gives out tokens, and knows which of them are still good.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde_json::json;

use super::{Reply, Seen};

/// Every token begins so: none of them may be seen anywhere.
pub const TOKEN: &str = "planted-token-";

/// Gives out tokens for a form, and takes them back.
#[derive(Debug, Default)]
pub struct TokenDesk {
    issued: AtomicU64,
    oldest_good: AtomicU64,
    forms: Mutex<Vec<BTreeMap<String, String>>>,
}

impl TokenDesk {
    /// The answer to a request for a token. Whatever is wanted of the form, the test looks at it.
    pub fn issue(&self, seen: &Seen) -> Reply {
        let form = reqwest::Url::parse(&format!("http://x.invalid/?{}", String::from_utf8_lossy(&seen.body)));
        let form: BTreeMap<String, String> =
            form.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default();
        self.forms.lock().push(form);
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let token = format!("{TOKEN}{number:04}");
        Reply::json(200, &json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": token }))
    }

    /// Whether a request brings a token that is still good.
    pub fn accepts(&self, seen: &Seen) -> bool {
        let bearer = seen.headers.get("authorization").and_then(|header| header.strip_prefix("Bearer "));
        let number = bearer.and_then(|token| token.strip_prefix(TOKEN)?.parse::<u64>().ok());
        let good = self.oldest_good.load(Ordering::SeqCst)..=self.issued.load(Ordering::SeqCst);
        number.is_some_and(|number| number > 0 && good.contains(&number))
    }

    /// Takes back every token that was given out.
    pub fn expire_all(&self) {
        self.oldest_good.store(self.issued.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    }

    /// How many tokens were given out.
    pub fn issued(&self) -> u64 {
        self.issued.load(Ordering::SeqCst)
    }

    /// Every form that was sent, in order.
    pub fn forms(&self) -> Vec<BTreeMap<String, String>> {
        self.forms.lock().clone()
    }
}
