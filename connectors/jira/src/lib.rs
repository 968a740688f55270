//! Jira: issues that are opened, updated, commented and resolved, over REST version 3.
//!
//! An issue is found again by a label that is made from the external id.
//!
//! Invariant: no text of an alert stands in a query: what is looked for is a sum of it.

mod action;
mod comment;
mod connector;
mod desk;
mod document;
mod open;
mod resolve;
mod settings;
mod update;

pub use action::IssueOutput;
pub use comment::{Comment, CommentParams};
pub use connector::JiraConnector;
pub use open::{Open, OpenParams};
pub use resolve::{Resolve, ResolveParams};
pub use settings::JiraSettings;
pub use update::{Update, UpdateParams};
