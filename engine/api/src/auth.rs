//! [`Token`]: the credential of the HTTP interface.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;

use crate::{Refusal, RefusalKind};

/// The credential of the HTTP interface: made by the engine at each start, in a file that only its owner can read.
#[derive(Clone)]
pub struct Token(Arc<str>);

impl Token {
    /// A token of this text.
    ///
    /// # Errors
    /// When it is too short to be one: an empty credential would let everybody in.
    pub fn new(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if text.len() < 32 {
            return Err(Refusal::invalid("the token is shorter than 32 characters"));
        }
        Ok(Self(text.into()))
    }

    /// The text, for a header.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not depend on where the texts differ.
    fn is(&self, offered: &str) -> bool {
        let (own, offered) = (self.0.as_bytes(), offered.as_bytes());
        own.len() == offered.len() && own.iter().zip(offered).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// Lets only those pass who have the token.
pub(crate) async fn require(
    State(token): State<Token>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let offered = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, offered)| offered);
    if offered.is_some_and(|offered| token.is(offered)) {
        return Ok(next.run(request).await);
    }
    Err(Refusal {
        kind: RefusalKind::Unauthorized,
        message: "send the token of the engine's state folder as `Authorization: Bearer …`".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_text_is_the_token() {
        let token = Token::new("0123456789abcdef0123456789abcdef").unwrap();
        assert!(token.is("0123456789abcdef0123456789abcdef"));
        for other in ["", "0123456789abcdef0123456789abcdee", "0123456789abcdef0123456789abcdef0"] {
            assert!(!token.is(other), "{other}");
        }
        assert!(Token::new("").is_err());
        assert!(!format!("{token:?}").contains("0123"));
    }
}
