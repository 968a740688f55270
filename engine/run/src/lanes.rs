//! [`LaneLocks`]: lanes of one identity go one after another, over all playbooks and runs.
//!
//! A lane takes its place for all its keys at once, and a place is given up only when it is left: whoever came first
//! goes first, and no two lanes can wait for one another.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The places of all lanes.
#[derive(Debug, Clone, Default)]
pub(crate) struct LaneLocks {
    queues: Arc<Mutex<Queues>>,
}

#[derive(Debug, Default)]
struct Queues {
    next: u64,
    by_key: HashMap<String, VecDeque<u64>>,
    waiting: HashMap<u64, oneshot::Sender<()>>,
    keys: HashMap<u64, BTreeSet<String>>,
}

/// A place in the queues, at their head or not. Dropping it gives it up.
#[derive(Debug)]
pub(crate) struct Place {
    locks: LaneLocks,
    ticket: u64,
    turn: Option<oneshot::Receiver<()>>,
}

impl LaneLocks {
    /// Takes a place for all these keys, at once and without waiting.
    pub(crate) fn line_up(&self, keys: BTreeSet<String>) -> Place {
        let mut queues = self.queues.lock();
        let ticket = queues.next;
        queues.next += 1;
        for key in &keys {
            queues.by_key.entry(key.clone()).or_default().push_back(ticket);
        }
        queues.keys.insert(ticket, keys);
        let turn = if queues.is_first(ticket) {
            None
        } else {
            let (sender, receiver) = oneshot::channel();
            queues.waiting.insert(ticket, sender);
            Some(receiver)
        };
        Place { locks: self.clone(), ticket, turn }
    }

    /// How many lanes wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.queues.lock().waiting.len()
    }
}

impl Place {
    /// Returns when it is this place's turn, for all its keys.
    pub(crate) async fn turn(&mut self) {
        if let Some(turn) = self.turn.as_mut() {
            // The sender is dropped only after it has sent: the queues outlive every place.
            let _ = turn.await;
            self.turn = None;
        }
    }

    /// Whether it stands for all these keys.
    pub(crate) fn covers(&self, keys: &BTreeSet<String>) -> bool {
        self.locks.queues.lock().keys.get(&self.ticket).is_some_and(|own| keys.is_subset(own))
    }

    /// The keys it stands for.
    pub(crate) fn keys(&self) -> BTreeSet<String> {
        self.locks.queues.lock().keys.get(&self.ticket).cloned().unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.locks.queues.lock().leave(self.ticket);
    }
}

impl Queues {
    fn is_first(&self, ticket: u64) -> bool {
        self.keys.get(&ticket).is_some_and(|keys| {
            keys.iter().all(|key| self.by_key.get(key).and_then(VecDeque::front) == Some(&ticket))
        })
    }

    fn leave(&mut self, ticket: u64) {
        self.waiting.remove(&ticket);
        for key in self.keys.remove(&ticket).unwrap_or_default() {
            let Some(queue) = self.by_key.get_mut(&key) else { continue };
            // Tickets are given out in order, and most often it is the first one that leaves.
            if let Ok(place) = queue.binary_search(&ticket) {
                queue.remove(place);
            }
            let head = queue.front().copied();
            if queue.is_empty() {
                self.by_key.remove(&key);
            }
            if let Some(turn) =
                head.filter(|head| self.is_first(*head)).and_then(|head| self.waiting.remove(&head))
            {
                // A lane that has gone meanwhile leaves by itself.
                let _ = turn.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn keys(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn has_its_turn(place: &mut Place) -> bool {
        place.turn().now_or_never().is_some()
    }

    #[test]
    fn whoever_came_first_goes_first() {
        let locks = LaneLocks::default();
        let mut first = locks.line_up(keys(&["a"]));
        let mut second = locks.line_up(keys(&["a"]));
        let mut third = locks.line_up(keys(&["a"]));
        assert!(has_its_turn(&mut first));
        assert!(!has_its_turn(&mut second));
        drop(first);
        assert!(!has_its_turn(&mut third));
        assert!(has_its_turn(&mut second));
        drop(second);
        assert!(has_its_turn(&mut third));
    }

    #[test]
    fn one_place_for_several_keys_waits_for_all_of_them() {
        let locks = LaneLocks::default();
        let a = locks.line_up(keys(&["a"]));
        let b = locks.line_up(keys(&["b"]));
        let mut both = locks.line_up(keys(&["a", "b"]));
        let mut later = locks.line_up(keys(&["b"]));
        drop(b);
        assert!(!has_its_turn(&mut both));
        assert!(!has_its_turn(&mut later), "the one that waits for both was there before");
        drop(a);
        assert!(has_its_turn(&mut both));
        drop(both);
        assert!(has_its_turn(&mut later));
    }

    #[test]
    fn one_that_gives_up_lets_the_others_pass() {
        let locks = LaneLocks::default();
        let first = locks.line_up(keys(&["a"]));
        let second = locks.line_up(keys(&["a", "b"]));
        let mut third = locks.line_up(keys(&["b"]));
        drop(second);
        assert!(has_its_turn(&mut third));
        drop((first, third));
        assert!(locks.queues.lock().by_key.is_empty());
        assert!(locks.queues.lock().keys.is_empty());
        assert_eq!(locks.waiting(), 0);
    }
}
