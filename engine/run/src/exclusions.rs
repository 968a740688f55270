//! [`Exclusions`]: the exclusion list as it is this moment, which may be exchanged at any time.

use std::sync::Arc;

use parking_lot::RwLock;
use quell_action::ExclusionList;

/// The exclusion list as it is this moment. Whoever clears a target asks for it anew: an entry that was added takes
/// effect for every call that has not begun.
#[derive(Debug)]
pub struct Exclusions {
    list: RwLock<Arc<ExclusionList>>,
}

impl Exclusions {
    /// Begins with this list.
    pub fn new(list: ExclusionList) -> Self {
        Self { list: RwLock::new(Arc::new(list)) }
    }

    /// The list as it is now.
    pub fn now(&self) -> Arc<ExclusionList> {
        Arc::clone(&self.list.read())
    }

    /// Puts another list in its place.
    pub fn replace(&self, list: ExclusionList) {
        *self.list.write() = Arc::new(list);
    }
}
