//! Signing in as a program: the client-credential flow of OAuth 2.0.
//!
//! A [`ClientCredential`] is what the user writes; [`Tokens`] gets tokens with it, keeps each for as long as it is good,
//! and gets at most one at a time. A token is never shown, and neither is what it was got with.

mod assertion;
mod credential;
mod grant;
mod tokens;

pub use assertion::SigningCertificate;
pub use credential::{CertificateRef, ClientCredential, ManagedIdentityRef, WorkloadIdentityRef};
pub use grant::Grant;
pub use tokens::{Challenge, Explain, Token, Tokens};

#[cfg(test)]
mod tests;
