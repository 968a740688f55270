//! What is in memory is what is on disk, also where nobody knows at first whether it was written.

use std::fs;
use std::path::Path;

use quell_run::Clock as _;
use quell_store::engine::memory::{Failing, MemoryDisk};

use super::*;
use crate::clock::SystemClock;
use crate::config;

async fn lists(folder: &Path, disk: &MemoryDisk) -> SiteLists {
    let site = "language: 1\nstate: state\nexclusions: exclusions.yaml\nlists:\n  vip: {}\n  hosts: { file: hosts.txt }\n";
    fs::write(folder.join("quell.yaml"), site).unwrap();
    fs::write(folder.join("hosts.txt"), "ws01\n").unwrap();
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
    assert_eq!(lists.find("vip", "carol").await.unwrap(), Some(second));
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

/// What stands in the file is changed there: an entry beside it would come back with the file, or hide it.
#[tokio::test]
async fn what_stands_in_the_file_is_changed_nowhere_else() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let lists = lists(folder.path(), &disk).await;
    let in_file = |trouble| matches!(trouble, ListTrouble::InFile { .. });
    assert!(in_file(lists.add("hosts", vec![entry("WS01")], "ann").await.unwrap_err()));
    assert!(in_file(lists.remove("hosts", "WS01", "ann").await.unwrap_err()));
    assert_eq!(lists.store.lists().of("hosts").await.unwrap(), []);
    lists.add("hosts", vec![entry("ws02")], "ann").await.unwrap();
    assert_eq!(lists.remove("hosts", "WS02", "ann").await.unwrap().by.as_deref(), Some("ann"));
    lists.store.close();
}

/// Of whom it does not name nobody knows whether it would: it is not an empty list.
#[tokio::test]
async fn a_list_that_cannot_be_read_answers_nothing_until_it_can() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let lists = lists(folder.path(), &disk).await;
    fs::remove_file(folder.path().join("hosts.txt")).unwrap();
    lists.read_anew().await;
    assert!(lists.now.now().get("hosts").unwrap().trouble().is_some());
    let unavailable = |trouble| matches!(trouble, ListTrouble::Unavailable { .. });
    assert!(unavailable(lists.find("hosts", "ws01").await.unwrap_err()));
    assert!(unavailable(lists.add("hosts", vec![entry("ws02")], "ann").await.unwrap_err()));
    assert!(unavailable(lists.replace("hosts", "ws02", None, Some(&entry("ws02")), "1").await.unwrap_err()));
    fs::write(folder.path().join("hosts.txt"), "ws03\n").unwrap();
    lists.read_anew().await;
    assert_eq!(lists.find("hosts", "ws02").await.unwrap(), None);
    assert!(lists.find("hosts", "ws03").await.unwrap().is_some_and(|entry| entry.in_file));
    lists.store.close();
}

/// Nobody is told that something was taken out which still is there.
#[tokio::test]
async fn what_somebody_else_has_changed_meanwhile_is_not_taken_out() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let lists = lists(folder.path(), &disk).await;
    lists.add("vip", vec![entry("bob")], "ann").await.unwrap();
    let theirs = ListEntry { because: Some("theirs".into()), ..entry("bob") };
    lists.store.lists().add("vip", vec![theirs.clone()], "run 1", SystemClock.now()).await.unwrap();
    assert!(lists.remove("vip", "bob", "ann").await.is_err());
    assert_eq!(lists.store.lists().of("vip").await.unwrap(), [theirs]);
    lists.store.close();
}

/// Whatever is in a list is in memory: nobody fills that by a list, neither at once nor by its file.
#[tokio::test]
async fn a_list_that_is_too_long_is_refused() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let lists = lists(folder.path(), &disk).await;
    let many: Vec<ListEntry> = (0..=MOST_ENTRIES).map(|number| entry(&format!("h{number}"))).collect();
    let text: String = many.iter().map(|entry| format!("{}\n", entry.value)).collect();
    let refused = lists.add("vip", many, "ann").await.unwrap_err();
    assert!(matches!(refused, ListTrouble::BadValue(_)), "{refused}");
    assert!(!is_shown(&lists, "h0"));
    fs::write(folder.path().join("hosts.txt"), text).unwrap();
    lists.read_anew().await;
    let trouble = lists.now.now().get("hosts").unwrap().trouble().map(str::to_owned);
    assert!(trouble.is_some_and(|why| why.contains("at most")));
    lists.store.close();
}
