//! What holds for all connectors together.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod agreement;
mod defects;
mod list;
mod matrix;
mod toy;
