//! Active Directory over LDAP: looks up accounts, of people and of machines, disables and enables them, forces password
//! changes, ends lock-outs.
//!
//! The path of a call: an action (`actions`) takes hold of its target (`target`), which reads the account by its GUID on
//! one domain controller and refuses those that are never touched (`guard`); flags are changed by compare-and-swap
//! (`swap`) and read back on the same controller. A look-up (`directory`) makes one search of all names (`find`, and `find::machine` for devices),
//! compares what comes back name by name, and adds the groups (`groups`). Below that stand the controllers in order of
//! preference (`client`; `emulator` knows which of them is the PDC emulator), one controller (`server`), signing in without ever locking the account out (`login`), and the
//! connection itself (`wire`).
//!
//! Invariants: an object is changed by its GUID and never by its name; a change is sent at most once, and one that got
//! no answer is uncertain; a number that holds flags is never written as a constant; names out of alerts are escaped.

mod account;
mod actions;
mod address;
mod client;
mod clock;
mod connector;
mod directory;
mod domain;
mod emulator;
mod entry;
mod error;
mod find;
mod groups;
mod guard;
mod login;
mod names;
mod probe;
mod query;
mod reply;
mod server;
mod settings;
mod swap;
mod target;
mod trust;
mod wire;

pub use connector::ActiveDirectory;
pub use settings::Settings;
