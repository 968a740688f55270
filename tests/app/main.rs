//! The program as its users meet it: run from outside, in a folder of its own, and judged by what it prints.
//!
//! `transcripts/` holds whole sittings as text; the other modules hold what is better said in code.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]

mod asked;
mod clouds;
mod colour;
mod crash_points;
mod documents;
mod echo;
mod exclusions;
mod help;
mod json;
mod limits;
mod linked;
mod lists;
mod new;
mod pipes;
mod place;
mod plain;
mod probing;
mod real_users;
mod reference;
mod replay;
mod samples;
mod secrets;
mod service;
mod site_file;
mod start;
mod tokens;
mod transcripts;
mod whole;
