//! What should be done: YAML to checked playbooks, and which of them an alert triggers.

mod check;
pub mod codes;
pub mod condition;
pub mod diagnostic;
pub mod document;
pub mod duration;
mod form;
mod load;
mod matching;
pub mod model;
pub mod names;
pub mod nearest;
mod parse;
pub mod path;
pub mod render;
pub mod scope;
pub mod template;

pub use form::MissingValue;
pub use load::{AtMost, Loaded, SourceFile, Surroundings, load, recover};
pub use matching::{Explanation, Matcher};
pub use scope::{AlertScope, Entity, LaneScope, Scope, StepResult};
