//! PagerDuty: incidents that are raised, acknowledged and resolved, each under a key of ours, so that a repetition changes
//! nothing.
//!
//! Invariant: an event without an answer can be sent again: while an alert is open, its key is taken once.

mod acknowledge;
mod connector;
mod event;
mod raise;
mod resolve;
mod services;
mod settings;

pub use acknowledge::Acknowledge;
pub use connector::PagerDutyConnector;
pub use event::{EventOutput, OfIncident};
pub use raise::{Raise, RaiseParams, Severity};
pub use resolve::Resolve;
pub use settings::PagerDutySettings;
