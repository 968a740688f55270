//! Sentinel against a workspace in memory that is held to the contract of the interface.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod acting;
mod finding;
mod real_prism;
mod suite;
mod vendor;
mod workspace;
