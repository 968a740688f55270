//! The playbook room: what loads, what is refused and in which words, what matches.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod compliance;
mod fixtures;
mod formatting;
mod fuzz;
mod golden;
mod hostile;
mod kept;
mod lists;
mod loading;
mod matching;
mod mutation;
mod paths;
mod rehearsed;
mod rehearsed_later;
mod rehearsed_limits;
mod rehearsed_starts;
mod rehearsed_strangers;
mod schedules;
mod schema;
mod scopes;
mod shipped;
mod tables;
mod tutorial;
