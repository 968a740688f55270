//! The program itself, run as a process, between a real broker and a real domain controller.
//!
//! Nothing of the engine's code is linked in here. The tests write the files that an operator writes, give the commands
//! that an operator gives, produce alerts, and then ask the directory, the broker and the record what has happened.
//! Every test has a site of its own (topics, consumer group, state folder, people), so all of them run side by side;
//! when it ends, no secret may stand in anything that the program has said or written.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a test stops where something is not as it must be"
)]

mod alert;
mod engine;
mod site;

mod real_evicted;
mod real_exclusions;
mod real_faults;
mod real_full_disk;
mod real_kills;
mod real_large;
mod real_machines;
mod real_mistakes;
mod real_moved;
mod real_operating;
mod real_replay;
mod real_signals;
mod real_straight_path;

/// Where the program is that cargo has built for these tests.
const QUELL: &str = env!("CARGO_BIN_EXE_quell");
