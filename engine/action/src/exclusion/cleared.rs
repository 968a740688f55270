//! [`Cleared`]: proof that the exclusion list was asked about a target, just now.

use crate::Target;

/// Proof that the exclusion list was asked. Only [`super::ExclusionList::clear`] makes one, and it is neither cloned
/// nor stored: each call needs its own.
///
/// Forgetting to ask does not compile:
/// ```compile_fail
/// use quell_action::{Request, RequestKey, Target};
/// # use std::time::Duration;
/// let target = Target::None;
/// let request = Request::new(target, RequestKey("k".into()), Duration::from_secs(1), ());
/// ```
/// And neither does making one by hand:
/// ```compile_fail
/// use quell_action::{Cleared, Target};
/// let cleared = Cleared { target: Target::None };
/// ```
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
