//! [`OnItsWay`]: changes that the other side has accepted and not made yet.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Remembers what stood there before a change that was accepted and is made later, so that the old state is not taken
/// for a change that came to nothing. Kept in memory only: after a restart the state itself must tell.
#[derive(Debug)]
pub struct OnItsWay<S> {
    patience: Duration,
    before: Mutex<HashMap<String, (S, Instant)>>,
}

impl<S: PartialEq> OnItsWay<S> {
    /// For changes that show within this time.
    pub fn new(patience: Duration) -> Self {
        Self { patience, before: Mutex::new(HashMap::new()) }
    }

    /// A change of this target was accepted; `before` is what stood there.
    pub fn accepted(&self, target: &str, before: S) {
        let mut all = self.before.lock();
        all.retain(|_, (_, at)| at.elapsed() < self.patience);
        all.insert(target.to_owned(), (before, Instant::now()));
    }

    /// Whether what is seen of this target is still what stood there before a change that was accepted lately.
    pub fn awaits_another(&self, target: &str, seen: &S) -> bool {
        let all = self.before.lock();
        all.get(target).is_some_and(|(before, at)| before == seen && at.elapsed() < self.patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_accepted_is_on_its_way_for_a_while() {
        let patience = Duration::from_secs(300);
        let changes = OnItsWay::new(patience);
        assert!(!changes.awaits_another("a", &"none"));
        changes.accepted("a", "none");
        assert!(changes.awaits_another("a", &"none"));
        assert!(!changes.awaits_another("a", &"confirmed"), "it shows");
        assert!(!changes.awaits_another("a", &"at risk"), "somebody else has changed it");
        assert!(!changes.awaits_another("b", &"none"));
        tokio::time::advance(patience).await;
        assert!(!changes.awaits_another("a", &"none"));
    }
}
