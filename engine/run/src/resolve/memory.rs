//! [`Memory`]: what was asked a moment ago. Bounded in size and in age; off where the age is zero.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use parking_lot::Mutex;
use quell_alert::Timestamp;

/// More than this is forgotten, all of it: remembering is a courtesy to the directories and nothing rests on it.
const MOST: usize = 10_000;

pub(super) struct Memory<K, V> {
    keep_for: Duration,
    known: Mutex<HashMap<K, (Timestamp, V)>>,
}

impl<K: Eq + Hash, V: Clone> Memory<K, V> {
    pub(super) fn new(keep_for: Duration) -> Self {
        Self { keep_for, known: Mutex::new(HashMap::new()) }
    }

    pub(super) fn recall(&self, key: &K, now: Timestamp) -> Option<V> {
        if self.keep_for.is_zero() {
            return None;
        }
        let known = self.known.lock();
        let (asked, value) = known.get(key)?;
        // A clock that was set back makes an answer look new: nothing from the future counts.
        let age = (now - *asked).to_std().ok()?;
        (age <= self.keep_for).then(|| value.clone())
    }

    /// Forgets what concerns somebody.
    pub(super) fn forget(&self, concerns: impl Fn(&V) -> bool) {
        self.known.lock().retain(|_, (_, value)| !concerns(value));
    }

    pub(super) fn keep(&self, key: K, value: V, asked: Timestamp) {
        if self.keep_for.is_zero() {
            return;
        }
        let mut known = self.known.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, (asked, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_for_so_long_and_not_at_all_by_default() {
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + chrono::Duration::seconds(seconds);
        let memory = Memory::new(Duration::from_secs(5));
        memory.keep("alice", 1, at(10));
        assert_eq!(memory.recall(&"alice", at(15)), Some(1));
        assert_eq!(memory.recall(&"alice", at(16)), None);
        assert_eq!(memory.recall(&"alice", at(9)), None, "asked in the future");

        memory.keep("bob", 2, at(10));
        memory.forget(|value| *value == 1);
        assert_eq!((memory.recall(&"alice", at(10)), memory.recall(&"bob", at(10))), (None, Some(2)));

        let off = Memory::new(Duration::ZERO);
        off.keep("alice", 1, at(10));
        assert_eq!(off.recall(&"alice", at(10)), None);
    }
}
