//! Signing in as a program: the client-credential flow of OAuth 2.0.
//!
//! A [`ClientCredential`] is what the user writes; [`Tokens`] gets tokens with it, keeps each for as long as it is good,
//! and gets at most one at a time. A token is never shown, and neither is what it was got with. Where the other side
//! wants it, [`Dpop`] binds tokens to a key that never leaves this program.

mod assertion;
mod challenge;
mod credential;
mod dpop;
mod grant;
mod jwk;
mod private_key;
mod reply;
mod token;
mod tokens;
mod vendor_clock;

pub use assertion::SigningCertificate;
pub use challenge::Challenge;
pub use credential::{CertificateRef, ClientCredential, ManagedIdentityRef, WorkloadIdentityRef};
pub use dpop::Dpop;
pub use grant::Grant;
pub use private_key::{Algorithm, PrivateKey};
pub use token::Token;
pub use tokens::{Explain, Tokens};

#[cfg(test)]
mod tests;
