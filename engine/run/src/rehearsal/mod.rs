//! Tests of playbooks: a playbook against an alert, in a world that exists for the length of the test.
//!
//! The engine is the real one; its clock stands still until there is nothing left to do, so that an undo after eight
//! hours takes no time; its journal is in memory; and in place of connectors stands a world that carries out whatever
//! the catalogue offers, knows whom the alert names, and fails where the test says so. What a test expects is held
//! against the journal, since that is what the engine itself stands by.
//!
//! Invariant: nothing outside this process is reached, and the same test gives the same answer.

mod alert;
mod compare;
mod coverage;
mod directory;
mod expect;
mod form;
mod given;
mod later;
mod lists;
mod play;
mod seen;
mod sense;
mod strangers;
mod vary;
mod wanted;
mod world;

pub use compare::Difference;
pub use coverage::{Coverage, coverage};
pub use form::{AlertGiven, Rehearsal, read};
pub use play::Played;
