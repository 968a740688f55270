//! Ingest: what only shows against a broker, real or mocked.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a test stops where something is not as it must be"
)]

mod mock_kafka;
mod real_kafka;

use quell_tests::{broker, waiting};
