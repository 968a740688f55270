//! What connectors share.
//!
//! Invariant: nothing here knows any vendor, and nothing here decides whether a call may be made.

mod secret;

pub use secret::SecretRef;
