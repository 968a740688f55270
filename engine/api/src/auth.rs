//! [`Token`], [`Callers`]: who may use the HTTP interface, and who it is.

use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::{Refusal, RefusalKind};

/// A credential of the HTTP interface: the engine's own, made at each start, in a file that only its owner can read; or
/// that of a person.
#[derive(Clone)]
pub struct Token(Arc<str>);

impl Token {
    /// A token of this text.
    ///
    /// # Errors
    /// When it is too short to be one (an empty credential would let everybody in), or could not be sent.
    pub fn new(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if text.len() < 32 {
            return Err(Refusal::invalid(
                "the token is shorter than 32 characters: nothing but its length keeps it from being guessed",
            ));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Refusal::invalid(
                "the token holds blanks, or letters that are not ASCII: it could not be sent in a header",
            ));
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

/// Who asks, as far as their token says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Whoever can read the engine's own token: any name that they give is taken.
    Unnamed,
    /// Somebody who has a token of their own.
    Person(Arc<str>),
}

impl Caller {
    /// Nobody who has a token of their own does anything in another name.
    pub(crate) fn goes_by(&self, by: &str) -> Result<(), Refusal> {
        match self {
            Self::Person(name) if **name != *by => {
                tracing::warn!(caller = %name, by, "refused: in the name of somebody else");
                Err(Refusal::forbidden(format!(
                    "this token is that of {name}: nothing is done with it in the name of {by:?}"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// All who may come in.
#[derive(Debug, Clone, Default)]
pub struct Callers {
    known: Vec<(Caller, Token)>,
}

impl Callers {
    /// Lets one more in.
    ///
    /// # Errors
    /// When somebody has this token already: nobody could tell the two apart.
    pub fn add(&mut self, caller: Caller, token: Token) -> Result<(), Refusal> {
        match self.who(token.expose()) {
            None => self.known.push((caller, token)),
            Some(Caller::Person(name)) => {
                return Err(Refusal::conflict(format!("is the same token as that of {name}")));
            }
            Some(Caller::Unnamed) => return Err(Refusal::conflict("is the engine's own token")),
        }
        Ok(())
    }

    /// Whose token this is.
    pub fn whose(&self, token: &Token) -> Option<Caller> {
        self.who(token.expose())
    }

    /// Whose token this text is. It takes as long whoever it is.
    fn who(&self, offered: &str) -> Option<Caller> {
        let is_theirs = |found, (caller, token): &(Caller, Token)| {
            if token.is(offered) { Some(caller.clone()) } else { found }
        };
        self.known.iter().fold(None, is_theirs)
    }
}

/// Lets only those pass who have a token, and notes who they are.
pub(crate) async fn require(
    State(callers): State<Arc<Callers>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let offered = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, offered)| offered);
    let caller = offered.and_then(|offered| callers.who(offered)).ok_or_else(unknown)?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

fn unknown() -> Refusal {
    Refusal::of(
        RefusalKind::Unauthorized,
        "send the token of the engine's state folder, or your own, as `Authorization: Bearer …`",
    )
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    /// Where nobody was let in, there is nobody.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unknown)
    }
}

/// `/api/v1/me`: whom the engine takes the caller for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Me {
    /// Whose token it was; nothing for the engine's own.
    pub(crate) name: Option<String>,
}

pub(crate) async fn me(caller: Caller) -> Json<Me> {
    Json(match caller {
        Caller::Unnamed => Me { name: None },
        Caller::Person(name) => Me { name: Some(name.to_string()) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "0123456789abcdef0123456789abcdef";
    const ANNS: &str = "anns-0123456789abcdef0123456789a";

    #[test]
    fn only_the_same_text_is_the_token() {
        let token = Token::new(OWN).unwrap();
        assert!(token.is(OWN));
        for other in ["", "0123456789abcdef0123456789abcdee", "0123456789abcdef0123456789abcdef0"] {
            assert!(!token.is(other), "{other}");
        }
        assert!(!format!("{token:?}").contains("0123"));
    }

    #[test]
    fn what_could_be_guessed_or_not_be_sent_is_no_token() {
        assert!(Token::new(&format!(" {OWN}\n")).unwrap().is(OWN));
        for text in ["", &OWN[1..], &format!("{:32}", "short"), &format!("{OWN} {OWN}"), &"ä".repeat(32)] {
            assert!(Token::new(text).is_err(), "{text:?}");
        }
    }

    fn callers() -> Callers {
        let mut callers = Callers::default();
        callers.add(Caller::Person("ann".into()), Token::new(ANNS).unwrap()).unwrap();
        callers.add(Caller::Unnamed, Token::new(OWN).unwrap()).unwrap();
        callers
    }

    #[test]
    fn a_token_says_who_calls() {
        assert_eq!(callers().who(ANNS), Some(Caller::Person("ann".into())));
        assert_eq!(callers().who(OWN), Some(Caller::Unnamed));
        for other in ["", &ANNS[1..], &ANNS.to_uppercase()] {
            assert_eq!(callers().who(other), None, "{other}");
        }
        assert_eq!(Callers::default().who(""), None);
    }

    #[test]
    fn no_two_have_the_same_token() {
        for caller in [Caller::Person("bob".into()), Caller::Unnamed] {
            for (taken, whose) in [(ANNS, "that of ann"), (OWN, "the engine's own")] {
                let refused = callers().add(caller.clone(), Token::new(taken).unwrap()).unwrap_err();
                assert!(refused.message.contains(whose), "{refused}");
                assert!(!refused.message.contains(&taken[..8]), "{refused}");
            }
        }
    }

    #[test]
    fn whoever_has_a_token_of_their_own_goes_by_no_other_name() {
        let ann = Caller::Person("ann".into());
        assert_eq!(ann.goes_by("ann"), Ok(()));
        for other in ["bob", "Ann", "ann ", ""] {
            assert_eq!(ann.goes_by(other).unwrap_err().kind, RefusalKind::Forbidden, "{other:?}");
        }
        assert_eq!(Caller::Unnamed.goes_by("bob"), Ok(()));
    }
}
