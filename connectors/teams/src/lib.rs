//! Microsoft Teams: messages to channels, by way of a workflow that takes an adaptive card.
//!
//! Invariant: the address of a workflow is its credential; it is taken as it is, and shown nowhere.

mod ask;
mod card;
mod channels;
mod connector;
mod post;
mod settings;

pub use connector::TeamsConnector;
pub use post::{Post, PostOutput, PostParams};
pub use settings::TeamsSettings;
