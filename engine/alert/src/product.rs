//! [`Product`]: who found it, under one canonical name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The product that found an alert, under its canonical name ("Microsoft Defender for Identity"), or in the sender's
/// own words where no canonical name is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Product(pub String);

impl Product {
    /// The canonical name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
