//! Tools that the tests of all rooms share.

pub mod program;
pub mod run;
