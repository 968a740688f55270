//! What came in: security alerts, understood.
//!
//! This room turns the bytes of a message into [`Alert`]s. [`decode`] recognises every wire form that
//! products use for an alert (Sentinel rows, data-export envelopes, Graph, Defender XDR, CEF and so on),
//! resolves the references between entities and gives back one [`Decoded`] for each record it found: an alert,
//! a record that is none of ours, or a refusal that says why and where.
//!
//! The path through the room: `decode` splits a message into records and recognises each by its shape; one file per
//! wire form reads it; `decode/entities` finds what the alert names; `merge` makes one account of the several names
//! of one; `catalogue` adds what Defender for Identity leaves out. `Identifier` and `DeviceIdentifier` hold the rules
//! by which two names are the same, and `fields` the names by which playbooks ask.
//!
//! Invariant: this room is pure. There is no I/O in it, no clock, no randomness and no async. The same bytes
//! give the same alerts, always.

mod account;
mod alert;
mod catalogue;
mod decode;
mod device;
mod device_identifier;
mod distinguished_name;
mod encoding;
mod entity;
mod error;
mod fields;
mod folding;
mod history;
mod identifier;
mod identity;
mod product;
mod version;

pub use alert::{Alert, AlertId, Format, Oddity, Part, Severity, Status, Times, Timestamp};
pub use decode::{Decoded, Refusal, decode};
pub use device::{Device, DeviceIdentifier};
pub use distinguished_name::DistinguishedName;
pub use encoding::{
    Sid, guid_from_ad_bytes, guid_of_immutable_id, guid_to_ad_bytes, immutable_id_of_guid, parse_guid,
};
pub use entity::{
    Entities, EntityKind, FileEntity, HashEntity, IpEntity, MailboxEntity, OtherEntity, UrlEntity,
};
pub use error::IdentifierError;
pub use fields::{Field, FieldKind, FieldValue, field, fields};
pub use history::{Before, CHANGEABLE};
pub use identifier::Hint;
pub use identity::{Account, AccountKind, Identifier, Provider, Role};
pub use product::Product;
