//! The audit log is followed while old runs, and its own beginning, are forgotten.

use std::sync::atomic::{AtomicBool, Ordering};

use quell_run::{Batch, Journal, Line};
use quell_store::engine::memory::MemoryDisk;
use quell_store::{Forgotten, Retention, Store};

use crate::samples::{at, created, end, next};
use crate::wait;

/// Forgets step by step, and follows the log all the while; what was forgotten in all.
fn forget_and_follow(store: &Store, steps: impl Iterator<Item = Retention> + Send) -> Forgotten {
    let (following, forgetting) = (AtomicBool::new(false), AtomicBool::new(true));
    std::thread::scope(|threads| {
        let forgotten = threads.spawn(|| {
            while !following.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            let mut all = Forgotten::default();
            for retention in steps {
                let some = wait(store.prune(retention, at(9_000), false)).unwrap();
                (all.runs, all.audit) = (all.runs + some.runs, all.audit + some.audit);
            }
            forgetting.store(false, Ordering::Relaxed);
            all
        });
        while forgetting.load(Ordering::Relaxed) {
            following.store(true, Ordering::Relaxed);
            let verdict = wait(store.audit().verify(None)).unwrap();
            assert_eq!(verdict.broken, None, "nobody has taken anything away");
        }
        forgotten.join().unwrap()
    })
}

#[test]
fn a_log_is_whole_also_while_runs_are_forgotten() {
    let store = Store::in_memory(&MemoryDisk::new()).unwrap();
    wait(async {
        for number in 0..40 {
            let (run, alert) = (format!("r{number:03}"), format!("a{number:03}"));
            store.runs().append(created(&run, &alert, number)).await.unwrap();
            store.runs().append(end(&run, &alert, number, 1)).await.unwrap();
        }
    });
    let steps = (0..40).rev().map(|keep| Retention { before: None, keep_runs: Some(keep) });
    assert_eq!(forget_and_follow(&store, steps).runs, 40);
}

/// It is read in parts: what comes next may be forgotten before it is read.
#[test]
fn a_log_is_whole_also_while_its_beginning_is_forgotten() {
    let store = Store::in_memory(&MemoryDisk::new()).unwrap();
    wait(async {
        store.runs().append(created("r", "a", 0)).await.unwrap();
        let many = next("r", "a", 0, 1);
        let lines = (1..4_000).map(|number| Line { number, ..many.lines[0].clone() }).collect();
        let mut summary = many.summary.clone();
        summary.lines = 4_000;
        store.runs().append(Batch { lines, summary, ..many }).await.unwrap();
    });
    let steps = std::iter::once(Retention { before: Some(at(100)), keep_runs: None });
    assert_eq!(forget_and_follow(&store, steps).audit, 4_000);
}
