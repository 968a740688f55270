//! The program itself, killed at its crash points, between the real broker and a vendor that counts what is done to it.
//!
//! One story is told again and again: an operator excludes somebody, pauses and resumes; alerts come in, one of them
//! twice and one that cannot be read; accounts are disabled, and some of them enabled again by a timer, others because
//! the operator wants them back; the store is copied. Each time the process ends somewhere else, as `kill -9` would end
//! it, and is started again. What has come of it in the end must be what comes of it undisturbed.
//!
//! The program is built with the feature `crash-points` for this; `tests/run` does so. The vendor is the lab: a file that
//! remembers every change with the key of the call that made it. `real_directory` does a part of it with the real one.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a test stops where something is not as it must be"
)]

#[path = "../end-to-end/alert.rs"]
#[allow(dead_code, reason = "the tests of the whole program need all of it")]
mod alert;
#[path = "../end-to-end/engine.rs"]
#[allow(dead_code, reason = "the tests of the whole program need all of it")]
mod engine;
mod lives;
mod outcome;
#[path = "../end-to-end/site.rs"]
#[allow(dead_code, reason = "the tests of the whole program need all of it")]
mod site;
mod stage;
mod story;

mod real_directory;
mod real_points;
mod real_soak;

/// Where the program is that cargo has built for these tests.
const QUELL: &str = env!("CARGO_BIN_EXE_quell");
