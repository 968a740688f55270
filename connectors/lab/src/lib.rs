//! The lab: a directory and a device fleet in one JSON file, for trying playbooks without anything real.
//!
//! It offers every target action of the catalogue, for four systems (Active Directory, Entra ID, Okta, Defender for
//! Endpoint), misbehaves on demand, and writes down every change that took effect, so that a test can say "exactly
//! once". It is a connector like any other: used where the site file names it, and never in place of another.

mod action;
mod catalogue;
mod connector;
mod deed;
mod directory;
mod fault;
mod file;
mod lab;
mod label;
mod seed;
mod world;

pub use connector::{LabConnector, LabSettings};
pub use fault::{During, Fault, FaultKind};
pub use file::{LabError, LabFile};
pub use seed::{DOMAIN, ORGANISATION, TENANT};
pub use world::{Account, Change, Device, Drift, Group, Job, SOMEBODY, World};
