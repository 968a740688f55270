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
//! On top of these lie `keys` (the table of all that is kept) and one file for each kind of thing: `alerts`, `claims`, `journal`
//! and `runs`, `exclusions`, `lists`, `counters`, `playbooks`, `pause`, and `audit`, the chain of all of it; then `retention`, `stats`, `verify` and `backup`.
//!
//! Invariant: only this room names sled and redb, and only the committer's thread writes.

mod alerts;
mod audit;
mod backup;
mod claims;
mod committer;
mod counters;
mod damage;
pub mod engine;
mod error;
mod exclusions;
mod guard;
mod high_water;
mod holds;
mod home;
mod journal;
mod kept;
mod keys;
mod lists;
mod meta;
mod pause;
mod playbooks;
pub mod record;
mod retention;
mod runs;
mod schedules;
mod stats;
mod store;
mod typed;
mod verify;

pub use alerts::{Accepted, AlertRecord, AlertVersion, Alerts, NewAlert, Standing};
pub use audit::{Anchor, Audit, AuditRecord, AuditVerdict, Audited, Break, Exported, RefusedAnswer};
pub use backup::Copied;
pub use claims::Claims;
pub use committer::View;
pub use counters::Counters;
pub use damage::Damage;
pub use engine::{Direction, EngineError, EngineKind, Page, Scan};
pub use error::StoreError;
pub use exclusions::Exclusions;
pub use journal::RunRecords;
pub use lists::ListEntries;
pub use pause::{Pause, Paused};
pub use playbooks::{PlaybookText, PlaybookTexts};
pub use retention::{Forgotten, Retention};
pub use schedules::{Schedules, Seen};
pub use stats::Stats;
pub use store::{Health, Store, StoreOptions};
pub use verify::Verification;
