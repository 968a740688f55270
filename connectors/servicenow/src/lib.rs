//! ServiceNow: incidents that are opened, updated, commented and resolved over the Table API.
//!
//! An incident is found again by its correlation id: opening one a second time under the same external id opens nothing.
//!
//! Invariant: no text ends a query: what cannot stand in one is refused, and every hit is compared with what was asked.

mod action;
mod comment;
mod connector;
mod desk;
mod open;
mod resolve;
mod settings;
mod update;

pub use action::{IncidentOutput, Which};
pub use comment::{Comment, CommentParams};
pub use connector::ServiceNowConnector;
pub use open::{Level, Open, OpenParams};
pub use resolve::{Resolve, ResolveParams};
pub use settings::ServiceNowSettings;
pub use update::{Update, UpdateParams};
