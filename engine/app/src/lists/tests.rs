//! What is in memory is what is on disk, also where nobody knows at first whether it was written.

use std::fs;
use std::path::Path;

use quell_run::Clock as _;
use quell_store::engine::memory::{Failing, MemoryDisk};

use super::*;
use crate::clock::SystemClock;
use crate::config;

async fn lists(folder: &Path, disk: &MemoryDisk) -> SiteLists {
    let site = "language: 1\nstate: state\nexclusions: exclusions.yaml\nlists:\n  vip: {}\n  hosts: {}\n";
    fs::write(folder.join("quell.yaml"), site).unwrap();
    let site = config::read(Some(&folder.join("quell.yaml"))).unwrap();
    SiteLists::open(&site, Store::in_memory(disk).unwrap(), Arc::new(SystemClock)).await
}

fn entry(value: &str) -> ListEntry {
    ListEntry::new(value).unwrap()
}

/// Reported as failed, and written all the same.
const HALF_DONE: Failing = Failing { from: 1, count: 1, half_done: true };

fn is_shown(lists: &SiteLists, value: &str) -> bool {
    lists.now.now().get("vip").is_some_and(|list| list.entry(value).is_some())
}

#[tokio::test]
async fn what_was_written_though_it_was_reported_as_failed_is_shown_before_long() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let lists = lists(folder.path(), &disk).await;
    disk.fail(HALF_DONE);
    assert!(lists.add("vip", vec![entry("bob")], "ann").await.is_err());
    assert!(!is_shown(&lists, "bob"));
    lists.store.healthy().await.unwrap();
    lists.settle_doubt().await;
    assert!(is_shown(&lists, "bob"));

    // A step that adds a value looks first whether it is there.
    let (first, second) = (entry("carol"), ListEntry { because: Some("again".into()), ..entry("carol") });
    disk.fail(HALF_DONE);
    assert!(lists.replace("vip", "carol", None, Some(&first), "run 1").await.is_err());
    lists.store.healthy().await.unwrap();
    assert_eq!(lists.find("vip", "carol").await.unwrap(), Some(first.clone()));
    assert!(lists.replace("vip", "carol", Some(&first), Some(&second), "run 1").await.unwrap());
    lists.store.close();
}

/// What is expected rests on what is in memory: where that is not so on disk, the next look must see it.
#[tokio::test]
async fn whoever_was_too_late_sees_at_the_next_look_why() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let lists = lists(folder.path(), &disk).await;
    let change = (None, Some(entry("bob")));
    let at = SystemClock.now();
    assert!(lists.store.lists().replace("vip", "bob", change, "somebody else", at).await.unwrap());
    let (ours, theirs) = (entry("BOB"), entry("bob"));
    assert!(!lists.replace("vip", "bob", None, Some(&ours), "run 1").await.unwrap());
    assert!(!is_shown(&lists, "bob"));
    assert_eq!(lists.find("vip", "bob").await.unwrap(), Some(theirs));
    lists.store.close();
}

/// A list of which something is missing would answer wrongly; what was known before is no worse than it was.
#[tokio::test]
async fn as_long_as_the_store_cannot_be_read_a_list_stays_as_it_was() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let lists = lists(folder.path(), &disk).await;
    lists.add("vip", vec![entry("alice")], "ann").await.unwrap();
    disk.fail(Failing { count: u64::MAX, ..HALF_DONE });
    assert!(lists.add("vip", vec![entry("bob")], "ann").await.is_err());
    lists.settle_doubt().await;
    assert!(is_shown(&lists, "alice") && !is_shown(&lists, "bob"));
    disk.mend();
    lists.store.healthy().await.unwrap();
    lists.settle_doubt().await;
    assert!(is_shown(&lists, "alice") && is_shown(&lists, "bob"));
    lists.store.close();
}
