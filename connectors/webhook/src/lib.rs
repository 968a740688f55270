//! Signed HTTP notifications, after the Standard Webhooks convention: any receiver that has a library for it can check
//! who sent them, and a repetition is recognised by its id.

mod ask;
mod connector;
mod endpoint;
mod post;
mod settings;
mod signature;

pub use connector::WebhookConnector;
pub use endpoint::{Endpoint, Endpoints};
pub use post::{Post, PostOutput, PostParams};
pub use settings::{EndpointSettings, WebhookSettings};
pub use signature::{SigningKey, message_id};
