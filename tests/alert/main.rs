//! Tests of the room `alert`: real alerts in, what Quell understood out.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests unwrap and print; only test functions are exempt by themselves"
)]

mod behaviour;
mod fuzz;
mod golden;
mod history;
mod mutation;
mod samples;
mod show;
