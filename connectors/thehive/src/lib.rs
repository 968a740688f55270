//! TheHive 5: alerts that are opened, updated, commented and resolved.
//!
//! An alert is known by type, source and reference, which the organisation has only once: opening it a second time opens
//! nothing.

mod action;
mod comment;
mod connector;
mod desk;
mod open;
mod resolve;
mod settings;
mod update;

pub use action::AlertOutput;
pub use comment::{Comment, CommentParams};
pub use connector::TheHiveConnector;
pub use open::{Level, Observable, Open, OpenParams};
pub use resolve::{Resolve, ResolveParams};
pub use settings::TheHiveSettings;
pub use update::{Update, UpdateParams};
