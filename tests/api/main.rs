//! The HTTP interface and its client, over operations that only remember what they were asked.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]

mod answering;
mod answers;
mod defects;
mod fuzz;
mod limits;
mod recorder;
mod round_trip;
mod run_pages;
mod server;
mod token;
mod tokens_of_people;
