//! [`decode`]: from the bytes of a message to alerts.
//!
//! A message is split into records by its brackets (`split`), each record is parsed (`json`) and recognised by its
//! shape (`shape`), its folded JSON is unfolded and its references resolved (`unfold`, `references`), and the reader of
//! its wire form takes it from there (`security_alert`, `xdr_stream`, `graph`, `endpoint`, `sentinel`, `office`, `cef`).

mod cef;
pub(crate) mod draft;
mod endpoint;
mod entities;
mod graph;
mod json;
mod office;
mod place;
mod record;
mod references;
mod security_alert;
mod sentinel;
mod shape;
mod split;
mod times;
mod unfold;
pub(crate) mod words;
mod xdr_stream;

mod reading;

use crate::alert::Alert;

/// What became of one record of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// It is an alert, or a part of one.
    Alert(Box<Alert>),
    /// It is a record of a kind that carries no alert.
    Passed {
        /// The table or kind that was recognised: `SecurityIncident`, `AdvancedHunting-DeviceProcessEvents`.
        what: String,
        /// Where in the message it stands: `$.records[3]`.
        place: String,
    },
    /// It could not be read.
    Refused(Refusal),
}

/// A record that could not be read, for the dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: String,
    /// Where in the message: its place, and line and column where it does not parse.
    pub place: String,
    /// Its own bytes, untouched.
    pub raw: Vec<u8>,
}

/// Decodes a message: one [`Decoded`] for each record in it, in order. Records of the XDR stream that belong to one
/// alert become one. A record that cannot be read is refused by itself; its neighbours are not touched by that. No
/// bytes make this fail, and every message gives at least one answer.
pub fn decode(bytes: &[u8]) -> Vec<Decoded> {
    reading::read(bytes)
}
