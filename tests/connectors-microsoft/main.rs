//! What holds for all connectors to Microsoft's clouds together: how they sign in, and what they give away.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod cloud;
mod settings;
mod signing_in;
