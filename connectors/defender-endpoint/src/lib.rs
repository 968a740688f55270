//! Defender for Endpoint: looks devices up, isolates and releases them, restricts what may run on them, starts scans,
//! investigations and collections, locks files away, sets tags and indicators.
//!
//! The path of a call: an action (`actions`) reads its device (`machine`) and the orders that the device was given
//! before (`order`). What can be switched on and off (`switch`) has no flag over there: its position is the newest order
//! that was not in vain. An order is given with the request's key in its comment, followed for a while, and found again
//! by that comment after a crash (`job`). A device that is switched off takes its order days later: that is a state and
//! not an error.
//!
//! Invariants: a device is acted on by its machine id; a name that two devices have finds none of them; an order is not
//! given twice for one key.

mod actions;
mod client;
mod connector;
mod directory;
mod job;
mod machine;
mod order;
mod probe;
mod settings;
mod switch;

pub use connector::DefenderEndpoint;
pub use settings::Settings;
