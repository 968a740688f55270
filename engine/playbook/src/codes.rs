//! The codes of diagnostics, each with its page.

use std::fmt;

use serde::Serialize;

/// The code of a kind of mistake: `PB0101`. Stable for ever; never used for anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
