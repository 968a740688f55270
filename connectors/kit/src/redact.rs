//! [`Redactor`]: takes secrets out of texts that come from outside.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

const STAND_IN: &str = "[redacted]";
/// Shorter ones would blacken ordinary words, and are refused as secrets by the systems that matter.
const SHORTEST: usize = 4;

/// Knows the secrets of a connector, and takes them out of a text, as they are and in base64.
#[derive(Clone, Default)]
pub struct Redactor {
    spellings: Arc<Vec<SecretString>>,
}

impl Redactor {
    /// A redactor for these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut spellings: Vec<String> = secrets.into_iter().flat_map(spellings).collect();
        // The longest first: a secret may hold another as its part.
        spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        Self { spellings: Arc::new(spellings.into_iter().map(SecretString::from).collect()) }
    }

    /// The text without the secrets.
    pub fn redact(&self, text: &str) -> String {
        self.spellings.iter().fold(text.to_owned(), |text, spelling| {
            let spelling = spelling.expose_secret();
            if text.contains(spelling) { text.replace(spelling, STAND_IN) } else { text }
        })
    }

    /// The document without the secrets. Its texts are looked at one by one: written as JSON, a secret with a quote or a
    /// line break in it would be spelled otherwise.
    pub fn redact_json(&self, document: Value) -> Value {
        match document {
            Value::String(text) => Value::String(self.redact(&text)),
            Value::Array(all) => all.into_iter().map(|one| self.redact_json(one)).collect(),
            Value::Object(members) => Value::Object(self.redact_members(members)),
            plain => {
                let text = plain.to_string();
                let redacted = self.redact(&text);
                if redacted == text { plain } else { Value::String(redacted) }
            }
        }
    }

    /// The same for the members of one.
    pub fn redact_members(&self, members: Map<String, Value>) -> Map<String, Value> {
        members.into_iter().map(|(name, value)| (self.redact(&name), self.redact_json(value))).collect()
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} spellings)", self.spellings.len())
    }
}

fn spellings(secret: &SecretString) -> Vec<String> {
    let plain = secret.expose_secret();
    if plain.len() < SHORTEST {
        return Vec::new();
    }
    // JSON inside of a text writes quotes and line breaks otherwise.
    let in_json = Value::from(plain).to_string();
    vec![
        plain.to_owned(),
        plain.trim().to_owned(),
        in_json[1..in_json.len() - 1].to_owned(),
        STANDARD.encode(plain),
        STANDARD_NO_PAD.encode(plain),
        URL_SAFE_NO_PAD.encode(plain),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_leave_no_trace() {
        let secrets =
            ["hunter2-long".to_owned(), "hunter2".to_owned(), "ab".to_owned()].map(SecretString::from);
        let redactor = Redactor::new(&secrets);
        let encoded = STANDARD.encode("hunter2-long");
        let text = format!("key hunter2-long, {encoded}, hunter2, able");
        assert_eq!(redactor.redact(&text), "key [redacted], [redacted], [redacted], able");
        assert!(!format!("{redactor:?}").contains("hunter2"));
    }

    /// What JSON writes with a backslash is still the secret.
    #[test]
    fn a_secret_in_a_document_is_found_whatever_letters_it_has() {
        let plain = "a\"b\\c\nd";
        let secrets = [plain.to_owned(), "20260131".to_owned()].map(SecretString::from);
        let document = json!({ "list": [format!("<{plain}>"), 20_260_131, true], plain: { "n": null } });
        assert_eq!(
            Redactor::new(&secrets).redact_json(document),
            json!({ "list": ["<[redacted]>", "[redacted]", true], "[redacted]": { "n": null } })
        );
        let log = format!("got {}", json!({ "key": plain }));
        assert_eq!(Redactor::new(&secrets).redact(&log), r#"got {"key":"[redacted]"}"#);
    }

    /// As a header, a query and a file have it.
    #[test]
    fn every_spelling_of_a_secret_is_known() {
        let plain = " ~~?>secret?\n";
        let redactor = Redactor::new([&SecretString::from(plain.to_owned())]);
        let spellings =
            [STANDARD.encode(plain), STANDARD_NO_PAD.encode(plain), URL_SAFE_NO_PAD.encode(plain)];
        assert!(spellings[0].ends_with('=') && spellings[1] != spellings[2], "{spellings:?}");
        for text in spellings.iter().map(String::as_str).chain([plain, plain.trim()]) {
            assert_eq!(redactor.redact(&format!("<{text}>")), "<[redacted]>", "{text}");
        }
    }
}
