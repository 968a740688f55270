//! Mail: messages to people, handed to a relay over SMTP.
//!
//! The path through the room: `settings` name the relay and the recipients; `letter` makes a mail of a message;
//! `relay` hands it over, step by step, so that it is known whether it can have gone; `send` is what playbooks call.
//!
//! Invariant: a password goes only through TLS; mail goes only to those whom the site names, or into its own domains.

mod ask;
mod connector;
mod letter;
mod relay;
mod send;
mod settings;

pub use connector::SmtpConnector;
pub use send::{Send, SendOutput, SendParams};
pub use settings::{Encryption, SmtpLogin, SmtpSettings};
