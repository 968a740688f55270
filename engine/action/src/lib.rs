//! What may be done, and to whom: the contract between the engine and its connectors.
//!
//! A connector offers [`Action`]s. The engine calls them through [`AnyAction`], and a call needs a [`Request`],
//! a request needs a [`Cleared`], and a `Cleared` comes only from [`ExclusionList::clear`]: forgetting to ask the
//! exclusion list does not compile.
//!
//! Invariant: this room decides and describes; it performs no I/O. It knows no connector by name.

mod action;
mod carrier;
mod connector;
mod directory;
mod error;
pub mod exclusion;
pub mod lists;
mod outcome;
mod params;
mod registry;
mod request;
mod spec;
mod subject;
mod text_format;

pub use action::{Action, AnyAction, bind};
pub use carrier::{Answering, Callback, Card, Carrier, Choice, Found, Heard, Reaches, Recipient, Unheard};
pub use connector::{ConnectError, Connection, Connector, Grant, Probe, ProbeReport, Problem, Refused};
pub use directory::{Directory, LookUp};
pub use error::{ActionError, Failure, VendorReply};
pub use exclusion::{Cleared, Excluded, ExclusionList};
pub use outcome::{Effect, InEffect, Observation, Outcome, State};
pub use params::{ParamKind, ParamSpec};
pub use registry::{ActionInfo, Catalogue, Owners, Registry, RegistryError};
pub use request::{Request, RequestKey, Restore};
pub use spec::{ActionName, ActionSpec, Impact, Repeat, TargetKind};
pub use subject::{
    AccountFacts, AccountKey, DeviceFacts, DeviceKey, GroupFacts, IdentityFacts, Protected, Subject, Target,
};
pub use text_format::TextFormat;
