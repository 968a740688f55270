//! Defender for Identity over Microsoft Graph: disables and enables accounts of Active Directory, and forces password
//! resets, through the sensors on the domain controllers. The way to on-premises accounts where no domain controller
//! can be reached.
//!
//! The path of a call: an action (`actions`) reads the identity (`client`, `identity`), asks whether the sensor offers
//! what is wanted, invokes it, and follows it for a while. The answer only says that it was queued: until it shows, the
//! state is pending.
//!
//! Invariants: an account is found by its SID and by nothing else; built-in accounts are never touched; what is not
//! offered is not invoked.

mod actions;
mod client;
mod connector;
mod directory;
mod identity;
mod probe;
mod settings;

pub use connector::DefenderIdentity;
pub use settings::Settings;
