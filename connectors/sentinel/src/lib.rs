//! Microsoft Sentinel: comments incidents, tags, assigns, rates, closes them and gives them tasks, over Azure Resource
//! Manager.
//!
//! The path of a call: an action (`actions`) says which incident it is about, by the incident or by an alert that it
//! holds (`find`). What an incident has once (its severity, its owner, whether it is closed) is a facet of it
//! (`facet`): read, changed and written back whole, with the mark of the version that was read, so that a change of
//! somebody else's is never written over. What is added to it (comments, tasks) has an id made from the task's key, so
//! that it is added once.
//!
//! Invariants: an alert that two incidents hold finds none of them; an incident that somebody has closed with a verdict
//! keeps the verdict.

mod actions;
mod client;
mod connector;
mod facet;
mod find;
mod incident;
mod probe;
mod settings;

pub use connector::Sentinel;
pub use settings::Settings;
