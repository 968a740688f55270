//! What came in: security alerts, understood.
//!
//! This room turns the bytes of a message into [`Alert`]s. [`decode`] recognises every wire form that
//! products use for an alert (Sentinel rows, data-export envelopes, Graph, Defender XDR, CEF and so on),
//! resolves the references between entities and gives back one [`Decoded`] for each record it found: an alert,
//! a record that is none of ours, or a refusal that says why and where.
//!
//! Invariant: this room is pure. There is no I/O in it, no clock, no randomness and no async. The same bytes
//! give the same alerts, always.

mod alert;
mod device;
mod entity;
mod identity;
mod product;

pub use alert::{Alert, AlertId, Format, Oddity, Part, Severity, Status, Times, Timestamp};
pub use device::{Device, DeviceIdentifier};
pub use entity::{Entities, EntityKind, FileEntity, HashEntity, IpEntity, MailboxEntity, OtherEntity, UrlEntity};
pub use identity::{Account, AccountKind, Identifier, Provider, Role};
pub use product::Product;
