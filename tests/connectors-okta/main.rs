//! Okta: the connector against a scripted organisation that keeps its users' lives, and whose every request and answer is
//! held against the official OpenAPI document.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod answers;
mod bench;
mod beyond;
mod conformance;
mod contract;
mod looking;
mod organisation;
mod real_prism;
mod scopes;
mod sign_in;
mod signing_in;
mod world;
