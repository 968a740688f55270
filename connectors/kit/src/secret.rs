//! [`SecretRef`]: where a secret lies. The secret itself never stands in a configuration.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use quell_action::ConnectError;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

/// Larger files are no secrets but a mistake (a disk image, a device).
const MAX_BYTES: u64 = 64 * 1024;

/// Where a secret lies: `{ env: NAME }` or `{ file: PATH }`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretRef {
    /// In the environment variable of this name.
    Env(String),
    /// In this file; a newline at its end does not belong to the secret.
    File(PathBuf),
}

impl SecretRef {
    /// Reads the secret.
    ///
    /// # Errors
    /// When there is none, or an empty one. The message names the reference, never the value.
    pub fn resolve(&self) -> Result<SecretString, ConnectError> {
        let value = match self {
            Self::Env(name) => from_environment(name),
            Self::File(path) => from_file(path),
        };
        match value {
            Ok(value) if value.is_empty() => {
                Err(ConnectError(format!("{self} is empty; it must hold the secret")))
            }
            Ok(value) => Ok(SecretString::from(value.as_str())),
            Err(why) => Err(ConnectError(format!("{self} {why}"))),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the secret file {}", path.display()),
        }
    }
}

/// By hand, because derived messages repeat what they could not read: a password written in the place of a reference
/// would end up in an error.
impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReferenceVisitor)
    }
}

const EXPECTED: &str = "a reference to the secret, { env: NAME } or { file: PATH }";

struct ReferenceVisitor;

impl<'de> Visitor<'de> for ReferenceVisitor {
    type Value = SecretRef;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretRef, A::Error> {
        let Some(key) = map.next_key::<String>()? else {
            return Err(A::Error::custom(format!("expected {EXPECTED}")));
        };
        let reference = match key.as_str() {
            "env" => SecretRef::Env(variable_name(&map.next_value::<Text>()?.0)?),
            "file" => SecretRef::File(file_path(map.next_value::<Text>()?.0)?),
            _ => return Err(A::Error::custom(format!("`{key}` is not known here; expected {EXPECTED}"))),
        };
        match map.next_key::<String>()? {
            None => Ok(reference),
            Some(_) => Err(A::Error::custom(format!("expected only one of the two: {EXPECTED}"))),
        }
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<SecretRef, E> {
        Err(E::invalid_type(Unexpected::Other("a text (never write the secret itself)"), &self))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<SecretRef, E> {
        self.visit_str("")
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretRef, E> {
        self.visit_str("")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretRef, E> {
        self.visit_str("")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretRef, E> {
        self.visit_str("")
    }
}

/// A text whose errors do not repeat what stood there instead.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)
            .map(Text)
            .map_err(|_| D::Error::custom(format!("expected {EXPECTED}")))
    }
}

/// Refuses what cannot be the name of a variable, so that a password written there is not shown later as if it were.
fn variable_name<E: Error>(name: &str) -> Result<String, E> {
    let fits = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    match fits {
        true => Ok(name.to_owned()),
        false => Err(E::custom("`env` takes the name of an environment variable: letters, digits and _")),
    }
}

fn file_path<E: Error>(path: String) -> Result<PathBuf, E> {
    match path.is_empty() {
        true => Err(E::custom("`file` takes the path of the file that holds the secret")),
        false => Ok(PathBuf::from(path)),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the connectors where a reference to the environment is followed"
)]
fn from_environment(name: &str) -> Result<Zeroizing<String>, String> {
    match std::env::var(name) {
        Ok(value) => Ok(Zeroizing::new(value)),
        Err(std::env::VarError::NotPresent) => Err("is not set; set it to the secret".into()),
        Err(std::env::VarError::NotUnicode(_)) => Err("does not hold text".into()),
    }
}

fn from_file(path: &Path) -> Result<Zeroizing<String>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let mut bytes = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("is larger than {MAX_BYTES} bytes; it must hold the secret and nothing else"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "does not hold text".to_owned())?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use serde_json::json;

    fn file_with(content: &[u8]) -> (tempfile::TempDir, SecretRef) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, content).unwrap();
        (folder, SecretRef::File(path))
    }

    #[test]
    fn a_file_loses_one_newline_at_its_end_and_nothing_else() {
        for (content, secret) in [
            ("hunter2", "hunter2"),
            ("hunter2\n", "hunter2"),
            ("hunter2\r\n", "hunter2"),
            ("hunter2\n\n", "hunter2\n"),
            (" hunter2 ", " hunter2 "),
            ("-----BEGIN-----\nline\n-----END-----\n", "-----BEGIN-----\nline\n-----END-----"),
        ] {
            let (_folder, reference) = file_with(content.as_bytes());
            assert_eq!(reference.resolve().unwrap().expose_secret(), secret, "{content:?}");
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_by_its_reference() {
        let (_a, empty) = file_with(b"\n");
        let (_b, binary) = file_with(&[0xff, 0xfe, 0x00]);
        let (_c, huge) = file_with(&vec![b'x'; 65 * 1024]);
        let missing = SecretRef::File("/nowhere/secret".into());
        let unset = SecretRef::Env("QUELL_TEST_THIS_IS_NEVER_SET".into());
        for (reference, word) in [
            (empty, "is empty"),
            (binary, "does not hold text"),
            (huge, "is larger"),
            (missing, "cannot be read"),
            (unset, "is not set"),
        ] {
            let message = reference.resolve().unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
            assert!(message.starts_with(&reference.to_string()), "{message}");
        }
    }

    #[test]
    fn the_environment_is_read() {
        // Cargo sets this one for every test program; setting one ourselves would need unsafe code.
        let reference = SecretRef::Env("CARGO_PKG_NAME".into());
        assert_eq!(reference.resolve().unwrap().expose_secret(), "quell-kit");
    }

    #[test]
    fn references_read_and_write_alike() {
        for value in [json!({"env": "NAME"}), json!({"file": "/etc/quell/secret"})] {
            let reference: SecretRef = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&reference).unwrap(), value);
        }
    }

    #[test]
    fn a_secret_in_the_place_of_its_reference_is_refused_and_not_repeated() {
        for value in [
            json!("pa55-word"),
            json!({"env": "pa55-word"}),
            json!({"env": {"x": "pa55-word"}}),
            json!({"value": "pa55-word"}),
            json!({"env": "NAME", "file": "pa55-word"}),
            json!(["pa55-word"]),
            json!({}),
            json!(5555),
            json!({"env": 5555}),
            json!({"file": ""}),
            json!(null),
        ] {
            let message = serde_json::from_value::<SecretRef>(value.clone()).unwrap_err().to_string();
            assert!(!message.contains("pa55") && !message.contains("5555"), "{message}");
            assert!(message.contains("env") || message.contains("file"), "{value}: {message}");
        }
    }
}
