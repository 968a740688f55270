//! Where alerts come from. The only room that names Kafka.
//!
//! A source hands out [`Delivery`]s: untouched bytes with the [`Origin`] they were read from. This room
//! does not look into the bytes; understanding them is the work of `quell-alert`. What it promises is
//! that nothing is lost on the way:
//!
//! * The pipeline fetches what is waiting ([`AlertSource::fetch`]), records it durably, and only then
//!   calls [`AlertSource::accept`]. Kafka offsets are stored up to the last record before which
//!   everything has been accepted ([`contiguous`]), so after a crash whatever was not recorded is
//!   delivered again.
//! * When too much is in flight the source stops reading ([`FlowLimits`]): Kafka partitions are paused
//!   without leaving the consumer group, files are simply not read on.
//! * When a partition moves to another member, what was accepted is committed first, and what was not is
//!   withdrawn; a late acceptance of it changes nothing.
//! * What cannot be understood goes to the dead letters ([`DeadLetters`]), with reason, place, origin and
//!   the untouched bytes, before its origin is accepted.
//!
//! Reading order: [`delivery`], [`source`], `intake` (the hand-over that all sources share), then
//! [`kafka`], [`mod@file`], [`replay`] and [`dead_letter`].

pub mod contiguous;
pub mod dead_letter;
pub mod delivery;
pub mod error;
pub mod file;
mod intake;
pub mod kafka;
pub mod replay;
pub mod secret;
pub mod source;

pub use dead_letter::{DeadLetter, DeadLetters, FileDeadLetters, KafkaDeadLetters, KafkaLetters};
pub use delivery::{Delivery, Origin, Payload, Receipt, Refusal};
pub use error::IngestError;
pub use file::{FileSettings, FileSource, Input, ReadProgress};
pub use kafka::{ConnectionSettings, KafkaAccess, KafkaSettings, KafkaSource};
pub use replay::{KafkaReplay, ReplayFrom, ReplayRange, ReplayUntil};
pub use secret::Secret;
pub use source::{Acceptance, AlertSource, FlowLimits, PartitionHealth, SourceHealth, Trouble};
