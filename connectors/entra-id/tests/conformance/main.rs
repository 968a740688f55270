//! Entra ID against a tenant in memory that is held to the contract of Microsoft Graph.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod acting;
mod looking_up;
mod real_prism;
mod refusing;
mod suite;
mod vendor;
