//! [`Cleared`]: proof that the exclusion list was asked about a target, just now.

use crate::Target;

/// Proof that the exclusion list was asked. Only [`super::ExclusionList::clear`] makes one, and it is neither cloned
/// nor stored: each call needs its own.
#[derive(Debug)]
pub struct Cleared {
    target: Target,
}

impl Cleared {
    pub(super) fn new(target: Target) -> Self {
        Self { target }
    }

    /// What was cleared.
    pub fn target(&self) -> &Target {
        &self.target
    }
}
