//! What should be done: YAML to checked playbooks, and which of them an alert triggers.
//!
//! [`load`] takes the bytes of files. `parse` turns them into a tree with places, read by two readers of YAML that must
//! agree; `check` turns the tree into a [`model::Playbook`] or into [`diagnostic::Diagnostic`]s, all at once, each with
//! a code that has a page in [`codes`]; [`render`] shows them. [`Matcher`] says which playbooks an alert starts, and
//! why not the others. What a run needs of a playbook while it goes on is here too: conditions ([`condition`]), the
//! names they see ([`scope`], [`names`]), paths ([`path`]), texts ([`template`]) and [`model::Form`]s that are filled in.
//!
//! [`format()`] lays a file out as all are, and changes nothing of what it says.
//!
//! The other files that people write for a site are read with the same care: see [`document`].
//!
//! Invariant: this room is pure. It reads no file, asks no clock and calls nothing; what an alert says is only ever a
//! value in it, and never a template, a path or a pattern. What loads can run: nothing that is wrong comes out of
//! [`load`] as a playbook.

mod against;
mod carriers;
mod check;
pub mod codes;
pub mod condition;
pub mod diagnostic;
pub mod document;
pub mod duration;
mod form;
mod format;
mod load;
mod matching;
pub mod model;
mod moment;
pub mod names;
pub mod nearest;
mod order;
mod parse;
pub mod path;
mod reference;
pub mod render;
pub mod schedule;
mod schema;
pub mod scope;
pub mod template;

pub use against::{Against, ConditionHeld, Held, PathHit};
pub use carriers::{Carriers, Carries};
pub use form::MissingValue;
pub use format::{Layout, format};
pub use load::{AtMost, Loaded, SourceFile, Surroundings, load, recover};
pub use matching::{Explanation, Matcher};
pub use moment::{Kept, Moment};
pub use reference::reference;
pub use schema::{as_json, schema};
pub use scope::{AlertScope, Candidate, Entity, FoundEntity, LaneScope, Outer, Scope, StepResult};
