//! Any HTTP interface: hosts that the site allows, requests built from values, answers read by JSONPath.
//!
//! The path through the room: `settings` name the hosts; `hosts` holds their clients and credentials; `address` builds the
//! URL; `call` is what playbooks call, with `poll` for what takes its time.
//!
//! Invariant: nothing goes to a host, a path or a method that the site does not allow; a credential goes to its own host
//! and nowhere else; no value of an alert becomes a part of a URL, a header or a body without being escaped there.

mod address;
mod call;
mod connector;
mod hosts;
mod poll;
mod settings;

pub use call::{Call, CallOutput, CallParams, Verb};
pub use connector::HttpConnector;
pub use poll::{Poll, Until};
pub use settings::{Auth, BasicAuth, HeaderAuth, HostSettings, HttpConnectorSettings};
