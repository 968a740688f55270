//! Programs of the site: named in the site file, called with an argument list and JSON on standard input, answering with
//! JSON on standard output.
//!
//! The path through the room: `settings` name the programs; `program` is one of them, with its file looked at before each
//! run; `process` runs it in a process group of its own, within its limits; `verdict` says what its end means; `run` is
//! what playbooks call.
//!
//! Invariant: no text of a playbook or an alert becomes a program, a path, a shell word, a variable's name or an option.

mod connector;
mod process;
mod program;
mod run;
mod settings;
mod verdict;

pub use connector::ScriptConnector;
pub use run::{Run, RunOutput, RunParams};
pub use settings::{Limits, ProgramSettings, ScriptSettings};
