//! [`Mishaps`]: one mishap at one call of a scripted vendor.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::Reply;
use crate::conformance::Mishap;

/// Counts the calls, and lets something happen at one of them.
#[derive(Debug, Default)]
pub struct Mishaps {
    calls: AtomicUsize,
    expected: Mutex<Option<(usize, Mishap)>>,
}

impl Mishaps {
    /// Counts calls anew, and lets this happen at one of them, or nothing.
    pub fn expect(&self, mishap: Option<(usize, Mishap)>) {
        self.calls.store(0, Ordering::SeqCst);
        *self.expected.lock() = mishap;
    }

    /// How many calls came since.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Counts a call, and says what happens at it.
    pub fn next(&self) -> Option<Mishap> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        self.expected.lock().filter(|(at, _)| *at == call).map(|(_, mishap)| mishap)
    }

    /// Counts a call, and answers it as it has to come. `refuse` is the vendor's way of saying no with a status.
    pub fn play(&self, carry_out: impl FnOnce() -> Reply, refuse: impl FnOnce(u16) -> Reply) -> Reply {
        match self.next() {
            None | Some(Mishap::TokenEnds) => carry_out(),
            Some(mishap) => mishap.happens(carry_out, refuse),
        }
    }
}
