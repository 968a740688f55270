//! Tokens for `OAUTHBEARER`.

use std::error::Error;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::secret::Secret;

/// Gives the token with which to sign in. It is asked at the start and whenever a token runs out, from a
/// thread that may block for a moment; a failure is tried again.
pub trait TokenSource: Send + Sync {
    /// A token that is good now.
    fn token(&self) -> Result<Token, TokenError>;
}

/// Why there is no token. Its text is shown, so it must not hold a secret.
pub type TokenError = Box<dyn Error + Send + Sync>;

/// A token and what the client must know of it.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token itself.
    pub value: Secret,
    /// For whom it is. It appears in the brokers' logs.
    pub principal: String,
    /// When it runs out, in milliseconds since 1970.
    pub expires_ms: i64,
}

/// Reads the token from a file that somebody else keeps current, such as a projected service account
/// token. The token must be a JWT, because its `exp` says when to read again.
#[derive(Clone, Debug)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// Tokens from this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl TokenSource for TokenFile {
    fn token(&self) -> Result<Token, TokenError> {
        let text = std::fs::read_to_string(&self.path)
            .map_err(|error| format!("cannot read token file {}: {error}", self.path.display()))?;
        from_jwt(text.trim())
            .map_err(|problem| format!("token file {}: {problem}", self.path.display()).into())
    }
}

/// Makes unsigned tokens. Only brokers in test set-ups take them.
#[derive(Clone, Debug)]
pub struct UnsignedTokens {
    /// The user to name.
    pub subject: String,
    /// When the tokens run out, in seconds since 1970.
    pub expires: i64,
}

impl TokenSource for UnsignedTokens {
    fn token(&self) -> Result<Token, TokenError> {
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let claims = serde_json::json!({ "sub": self.subject, "iat": 0, "exp": self.expires }).to_string();
        Ok(Token {
            value: Secret::new(format!("{head}.{}.", URL_SAFE_NO_PAD.encode(claims))),
            principal: self.subject.clone(),
            expires_ms: self.expires * 1000,
        })
    }
}

#[derive(Deserialize)]
struct Claims {
    exp: f64,
    sub: Option<String>,
}

fn from_jwt(text: &str) -> Result<Token, String> {
    let body = text.split('.').nth(1).ok_or("it does not hold a JWT (three parts with dots between)")?;
    let bytes =
        URL_SAFE_NO_PAD.decode(body.trim_end_matches('=')).map_err(|_| "the JWT's claims are not base64")?;
    let claims: Claims =
        serde_json::from_slice(&bytes).map_err(|_| "the JWT's claims are not JSON with a number `exp`")?;
    Ok(Token {
        value: Secret::new(text),
        principal: claims.sub.unwrap_or_else(|| "quell".into()),
        expires_ms: (claims.exp * 1000.0) as i64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_file_is_read_anew_and_tells_when_it_runs_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let source = TokenFile::new(&path);
        assert!(source.token().unwrap_err().to_string().contains("cannot read token file"));
        for expires in [1_800_000_000, 1_900_000_000] {
            let unsigned = UnsignedTokens { subject: "engine".into(), expires }.token().unwrap();
            std::fs::write(&path, format!("{}\n", unsigned.value.reveal())).unwrap();
            let read = source.token().unwrap();
            assert_eq!(read.value, unsigned.value);
            assert_eq!((read.principal.as_str(), read.expires_ms), ("engine", expires * 1000));
        }
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for text in ["hunter2", "hunter2.hunter2.x", "a.e30.c", ""] {
            std::fs::write(&path, text).unwrap();
            let error = TokenFile::new(&path).token().unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
