//! Entra ID over Microsoft Graph: looks people up, blocks their sign-in, ends their sessions, forces password changes,
//! marks them as compromised, and moves them in and out of groups.
//!
//! The path of a call: an action (`actions`) takes its user by object id (`client`), looks what stands there, writes
//! only what is not so yet, and says what stood there before. A look-up (`directory`) asks for every name it was given
//! (`find`), reads the one user who has all of them again by id (`user`), and adds groups and privilege (`privilege`).
//! The pace, the sign-in and the breaker are the kit's `Api`; users at risk have a pace of their own, because their
//! interface takes one call a second from the whole tenant.
//!
//! Invariants: a user is changed by object id and never by name; what could not be read is `None` and not empty; texts
//! out of alerts are quoted before they go into a filter; the token goes to the configured host only.

mod actions;
mod client;
mod connector;
mod directory;
mod find;
mod group;
mod privilege;
mod probe;
mod risk;
mod settings;
mod user;

pub use connector::EntraId;
pub use settings::Settings;
