//! A disk that can only be read, really: as after an error of its file system, when the machine starts again.

use std::error::Error;

use quell_store::{EngineKind, Store};
use quell_tests::small_disk::SmallDisk;

use crate::{open, options, put, text};

#[test]
fn real_a_store_on_a_disk_that_can_only_be_read_does_not_open_and_is_whole_afterwards() {
    for kind in EngineKind::ALL {
        let disk = SmallDisk::mount(96);
        let dir = disk.path().join("store");
        let store = open(kind, &dir);
        put(&store, "before", "acknowledged");
        store.close();
        drop(store);

        disk.remount("ro");
        let refused = match Store::open(&options(kind, &dir)) {
            Ok(_) => panic!("{kind}: it opens where nothing can be written"),
            Err(refused) => refused,
        };
        let said = chain(&refused);
        assert!(said.contains("Read-only file system"), "{kind}: {said}");
        assert!(said.contains(&dir.display().to_string()), "{kind}: {said}");
        assert!(!said.contains("accept-loss"), "{kind}: nothing was lost: {said}");
        // A new store cannot be made there either, and leaves nothing behind.
        assert!(Store::open(&options(kind, &disk.path().join("new"))).is_err());

        disk.remount("rw");
        let store = open(kind, &dir);
        assert_eq!(text(&store, "before").as_deref(), Some("acknowledged"));
        put(&store, "after", "goes on");
        assert_eq!(text(&store, "after").as_deref(), Some("goes on"));
        store.close();
    }
}

fn chain(error: &dyn Error) -> String {
    let inner = error.source().map(chain).map(|inner| format!(": {inner}"));
    format!("{error}{}", inner.unwrap_or_default())
}
