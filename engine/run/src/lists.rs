//! [`NamedLists`]: the named lists as they are this moment, which may be exchanged at any time. [`MemoryLists`]: entries
//! that are gone with the process, for tests.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::{Mutex, RwLock};
use quell_action::lists::{ListEntry, ListKeeper, ListTrouble, Lists, NamedList, folded};
use quell_alert::Timestamp;

use crate::Clock;

/// The named lists as they are this moment. Whoever judges asks for them anew: what was added counts for every decision
/// that is not taken yet.
#[derive(Debug, Default)]
pub struct NamedLists {
    lists: RwLock<Arc<Lists>>,
}

impl NamedLists {
    /// Begins with these.
    pub fn new(lists: Lists) -> Self {
        Self { lists: RwLock::new(Arc::new(lists)) }
    }

    /// The lists as they are now.
    pub fn now(&self) -> Arc<Lists> {
        Arc::clone(&self.lists.read())
    }

    /// Puts others in their place.
    pub fn replace(&self, lists: Lists) {
        *self.lists.write() = Arc::new(lists);
    }
}

/// Keeps the entries of lists for as long as the process lives.
pub struct MemoryLists {
    lists: Arc<NamedLists>,
    clock: Arc<dyn Clock>,
    alone: Mutex<()>,
}

impl MemoryLists {
    /// Keeps the entries of these lists, and no others.
    pub fn new(lists: Arc<NamedLists>, clock: Arc<dyn Clock>) -> Self {
        Self { lists, clock, alone: Mutex::default() }
    }

    fn list(&self, name: &str) -> Result<NamedList, ListTrouble> {
        self.lists.now().get(name).cloned().ok_or_else(|| ListTrouble::Unknown(name.to_owned()))
    }
}

#[async_trait]
impl ListKeeper for MemoryLists {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn find(&self, list: &str, value: &str) -> Result<Option<ListEntry>, ListTrouble> {
        Ok(self.list(list)?.entry(value).cloned())
    }

    async fn replace(
        &self,
        list: &str,
        value: &str,
        expected: Option<&ListEntry>,
        wanted: Option<&ListEntry>,
        _by: &str,
    ) -> Result<bool, ListTrouble> {
        let _alone = self.alone.lock();
        let found = self.list(list)?;
        if found.entry(&folded(value)) != expected {
            return Ok(false);
        }
        let changed = found.with(value, wanted.cloned(), self.clock.now());
        self.lists.replace(self.lists.now().with(list, changed));
        Ok(true)
    }
}
