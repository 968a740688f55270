//! Defender XDR over Microsoft Graph: comments incidents and alerts, tags, assigns, rates and closes them.
//!
//! The path of a call: an action (`actions`) says which incident or alert it is about; it is read as it is now
//! (`matter`, `client`), and an incident that was merged into another leads to that one. What it has once (its owner, its
//! verdict) is a facet of it (`facet`): read, changed by itself, read back. A comment has no id over there: it carries
//! the task's key, by which it is found again.
//!
//! Invariants: a verdict that somebody has given is kept; a comment is looked for before it is made.

mod actions;
mod client;
mod connector;
mod facet;
mod matter;
mod probe;
mod settings;

pub use connector::DefenderXdr;
pub use settings::Settings;
