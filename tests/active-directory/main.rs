//! The Active Directory connector: against a controller in the test's hand that answers as Windows does, and against a
//! real domain controller.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a test stops where something is not as it must be"
)]

mod bench;
mod controller;
mod emulator;
mod guarding;
mod machines;
mod reading;
mod real_directory;
mod signing_in;
mod windows;
