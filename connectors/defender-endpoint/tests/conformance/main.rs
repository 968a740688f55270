//! Defender for Endpoint against a fleet in memory that is held to the contract of the interface.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod looking_up;
mod orders;
mod real_prism;
mod suite;
mod vendor;
mod watching;
