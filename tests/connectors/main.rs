//! What holds for all connectors together.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod agreement;
mod covered;
mod defects;
mod list;
mod matrix;
mod readme;
mod toy;
