//! Tools that the tests of all rooms share.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test stops where something is not as it must be, and its tools are named by what they do"
)]

pub mod broker;
pub mod called;
pub mod directory;
pub mod environment;
pub mod fuzz;
pub mod run;
pub mod small_disk;
pub mod waiting;
