//! The store: one suite for both engines, and what must hold when it is killed, cut off, filled up or damaged.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where something is not as it must be"
)]

mod alerts;
mod audit;
mod bench;
mod claims;
mod conformance;
mod copies;
mod counters;
mod crash;
mod damage;
mod disk_full;
mod disk_model;
mod failing;
mod failing_calls;
mod folder;
mod fuzz;
mod holds;
mod kept;
mod lists;
mod meanwhile;
mod power_cut;
mod read_only;
mod runs;
mod samples;
mod smaller;

use quell_store::{EngineKind, Store, StoreOptions};

/// Runs a test for each engine, in a folder of its own.
fn for_each_engine(test: impl Fn(EngineKind, &std::path::Path)) {
    for kind in EngineKind::ALL {
        let dir = tempfile::tempdir().unwrap();
        test(kind, dir.path());
    }
}

fn options(kind: EngineKind, dir: &std::path::Path) -> StoreOptions {
    StoreOptions::new(dir).engine(kind).spare_bytes(1024 * 1024)
}

fn open(kind: EngineKind, dir: &std::path::Path) -> Store {
    Store::open(&options(kind, dir)).unwrap()
}

/// Runs a future to its end.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
}

fn put(store: &Store, key: &str, value: impl Into<Vec<u8>>) {
    wait(store.write(vec![(key.into(), Some(value.into()))])).unwrap();
}

fn text(store: &Store, key: &str) -> Option<String> {
    store.get(key.as_bytes()).unwrap().map(|bytes| String::from_utf8(bytes).unwrap())
}
