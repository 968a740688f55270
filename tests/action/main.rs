//! Whom the exclusion list leaves alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod clearing;
mod devices;
mod identities;
mod many;
mod people;
mod property;
