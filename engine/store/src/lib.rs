//! Where everything is remembered.
//!
//! One folder holds alerts, runs, their journals, exclusions and counters. Its promise: **what was acknowledged is
//! there**, after kill -9, after a power cut, and where a disk breaks this promise the store says so and does not start.
//!
//! Reading order: [`Store`] is what everybody holds; `committer` is the one thread that writes and the place where the
//! promise is kept; `home` is the folder with its lock; `high_water` the mark that tells whether something is missing;
//! `engine` the thin trait under it all, with sled (and the cures for it) and redb; `record` the form of one record on
//! disk.
//!
//! Invariant: only this room names sled and redb, and only the committer's thread writes.

mod committer;
pub mod engine;
mod error;
mod guard;
mod high_water;
mod home;
mod meta;
pub mod record;
mod store;

pub use committer::View;
pub use engine::{Direction, EngineError, EngineKind, Page, Scan};
pub use error::StoreError;
pub use store::{Health, Store, StoreOptions};
