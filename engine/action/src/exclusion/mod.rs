//! Who must not be touched, and the proof that the list was asked.
//!
//! Clearing has two halves. The engine *resolves* a target through the directories (that is I/O and happens
//! elsewhere); this module then *clears* it: the list against what was resolved, purely. Facts that are missing or
//! too old do not clear. Only disruptive actions can be stopped; restoring and informing always go on.

mod built_in;
mod cleared;
mod entry;
pub mod form;
mod index;
mod list;
mod names;

pub use cleared::Cleared;
pub use entry::{Added, Entry, EntryId, Excludes, Source};
pub use list::{Excluded, ExclusionList, Reason};
