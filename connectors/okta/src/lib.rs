//! Okta: who somebody is, and what contains them: suspension, sessions, tokens, passwords, groups, risk.
//!
//! The path through the room: `settings` are checked; `calls` are what is asked of Okta, and `client` asks it, under the limits of `limits` and with
//! the credential of `credential` (`application` is what is written of one, `scopes` what it must be good for); `users` and `groups` are what Okta answers; `life` holds the rules by which a user
//! goes from one status to another; `actions` are what playbooks call; `find` and `directory` say who is meant; `probe` says what
//! the credential may do.
//!
//! Invariant: whoever is acted on was read first and is named by id. A status that Okta's rules do not let be changed
//! is refused by name, and never taken for done.

mod actions;
mod application;
mod calls;
mod client;
mod connector;
mod credential;
mod directory;
mod error;
mod find;
mod groups;
mod life;
mod limits;
mod paging;
mod probe;
mod scopes;
mod settings;
mod users;

pub use application::{DpopKey, OktaApplication};
pub use connector::OktaConnector;
pub use error::NotPossible;
pub use settings::OktaSettings;
pub use users::Status;
