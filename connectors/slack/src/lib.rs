//! Slack: messages to channels, with an app's token or by incoming webhooks; and the proof that a request came from Slack.
//!
//! Invariant: what comes from an alert is escaped, mentions nobody and unfolds no links; the address of a webhook is a
//! secret and is shown nowhere.

mod ask;
mod blocks;
mod channels;
mod connector;
mod post;
mod reply;
mod settings;
mod signature;

pub use connector::SlackConnector;
pub use post::{Post, PostOutput, PostParams};
pub use settings::SlackSettings;
pub use signature::{SigningSecret, Untrue};
