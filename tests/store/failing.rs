//! A disk that fails at each of its operations in turn: nothing acknowledged is lost, nothing lost is acknowledged.

use std::collections::BTreeMap;

use quell_store::engine::memory::{Failing, MemoryDisk};
use quell_store::{Scan, Store, StoreError};

use crate::wait;

fn key(at: u32) -> Vec<u8> {
    [b"n/".as_slice(), &at.to_be_bytes()].concat()
}

/// Writes pairs of records until the disk failed and works again; returns which were acknowledged.
async fn write_through_failure(store: &Store, disk: &MemoryDisk, count: u32) -> BTreeMap<u32, bool> {
    let mut acknowledged = BTreeMap::new();
    for at in 0..count {
        let pair = vec![
            (key(at), Some(b"1".to_vec())),
            ([key(at), b"/twin".to_vec()].concat(), Some(b"2".to_vec())),
        ];
        acknowledged.insert(at, store.write(pair).await.is_ok());
    }
    disk.mend();
    tokio::time::timeout(std::time::Duration::from_secs(20), store.healthy())
        .await
        .expect("it recovers")
        .unwrap();
    acknowledged
}

fn check(disk: &MemoryDisk, acknowledged: &BTreeMap<u32, bool>, what: &str) {
    let store = Store::in_memory(disk).unwrap_or_else(|error| panic!("{what}: {error}"));
    let page = store.scan(&Scan::prefix("n/").limit(10_000)).unwrap();
    let there: Vec<_> = page.pairs.into_iter().map(|(key, _)| key).collect();
    for (at, acknowledged) in acknowledged {
        let one = there.contains(&key(*at));
        let twin = there.contains(&[key(*at), b"/twin".to_vec()].concat());
        assert_eq!(one, twin, "{what}: write {at} is there by half");
        assert!(one || !acknowledged, "{what}: write {at} was acknowledged and is gone");
    }
}

#[test]
fn at_every_operation_that_fails_the_acknowledged_writes_survive_and_the_store_recovers() {
    for from in 1..=12 {
        for half_done in [false, true] {
            let what = format!("operation {from} fails, half done: {half_done}");
            let disk = MemoryDisk::new();
            let store = Store::in_memory(&disk).unwrap();
            disk.fail(Failing { from, count: 2, half_done });
            let acknowledged = wait(write_through_failure(&store, &disk, 10));
            assert!(acknowledged.values().any(|acknowledged| !acknowledged), "{what}: nothing failed");
            wait(store.write(vec![(key(1000), Some(b"after".to_vec()))])).unwrap();
            store.close();
            disk.cut_power();
            check(&disk, &acknowledged, &what);
        }
    }
}

#[test]
fn an_error_reaches_every_waiter_of_the_group_and_health_tells_why() {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    disk.fail(Failing { from: 1, count: u64::MAX, half_done: false });
    wait(async {
        let writes = (0..100_u32).map(|at| {
            let store = store.clone();
            tokio::spawn(async move { store.write(vec![(key(at), Some(vec![1]))]).await })
        });
        for write in writes.collect::<Vec<_>>() {
            let answer = write.await.unwrap();
            assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
        }
    });
    let health = store.health();
    assert!(!health.healthy && health.reason.unwrap().contains("the test said so"));
    disk.mend();
    wait(async {
        tokio::time::timeout(std::time::Duration::from_secs(20), store.healthy()).await.unwrap().unwrap();
        store.write(vec![(key(1), Some(vec![1]))]).await.unwrap();
    });
    assert!(store.health().healthy);
}

#[test]
fn readers_never_see_what_is_not_on_disk() {
    for _ in 0..40 {
        let disk = MemoryDisk::new();
        let store = Store::in_memory(&disk).unwrap();
        // The apply succeeds and the sync after it fails: the engine holds the value, the disk does not.
        disk.fail(Failing { from: 2, count: u64::MAX, half_done: true });
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let store = store.clone();
                std::thread::spawn(move || {
                    // Until the store says that it is broken.
                    while let Ok(value) = store.get(b"ghost") {
                        assert!(value.is_none(), "a reader saw a write that was never acknowledged");
                    }
                })
            })
            .collect();
        assert!(wait(store.write(vec![(b"ghost".to_vec(), Some(vec![1]))])).is_err());
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    }
}

#[test]
fn a_power_cut_after_any_acknowledged_write_takes_nothing_acknowledged() {
    for cut_after in 0..20_u32 {
        let disk = MemoryDisk::new();
        let store = Store::in_memory(&disk).unwrap();
        let mut acknowledged = BTreeMap::new();
        for at in 0..cut_after {
            let pair = vec![(key(at), Some(vec![1])), ([key(at), b"/twin".to_vec()].concat(), Some(vec![2]))];
            acknowledged.insert(at, wait(store.write(pair)).is_ok());
        }
        disk.cut_power();
        store.close();
        check(&disk, &acknowledged, &format!("cut after {cut_after}"));
    }
}

#[test]
fn a_store_in_memory_that_lost_commits_is_refused() {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    let young = disk.synced();
    wait(store.write(vec![(key(1), Some(vec![1]))])).unwrap();
    store.close();
    disk.tamper(|pairs| *pairs = young.clone());
    let error = Store::in_memory(&disk).err().unwrap();
    assert!(matches!(error, StoreError::Behind { acknowledged: 1, .. }), "{error}");
}

#[test]
fn a_disk_that_comes_back_without_what_was_acknowledged_is_not_accepted() {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    let young = disk.synced();
    wait(store.write(vec![(key(1), Some(vec![1]))])).unwrap();
    disk.fail(Failing { from: 1, count: 1, half_done: false });
    assert!(wait(store.write(vec![(key(2), Some(vec![2]))])).is_err());
    disk.tamper(|pairs| *pairs = young.clone());
    wait(async {
        let refused = async {
            loop {
                let error = store
                    .write(vec![(key(3), Some(vec![3]))])
                    .await
                    .expect_err("it took a disk that lost data");
                if error.to_string().contains("has lost data") {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), refused).await.unwrap();
    });
    assert!(store.health().reason.unwrap().contains("commit 1 was acknowledged"));
    assert!(store.get(&key(1)).is_err(), "nor is it read");
}

#[test]
fn a_copy_during_which_a_write_failed_is_not_taken_for_whole() {
    let dir = tempfile::tempdir().unwrap();
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    // All of it is read at once, and takes a while to be written out.
    for (at, bytes) in [(0, 7_000_000), (1, 30_000_000)] {
        wait(store.write(vec![(key(at), Some(vec![0; bytes]))])).unwrap();
    }
    let file = dir.path().join("copy");
    disk.fail(Failing { from: 1, count: 1, half_done: true });
    let (copied, failed) = wait(async {
        let copy = tokio::spawn({
            let (store, file) = (store.clone(), file.clone());
            async move { store.backup(&file).await }
        });
        let unfinished = file.with_added_extension("unfinished");
        while std::fs::metadata(&unfinished).map_or(0, |file| file.len()) == 0 {
            tokio::task::yield_now().await;
        }
        let failed = store.write(vec![(key(99), Some(vec![1]))]).await;
        (copy.await.unwrap(), failed)
    });
    assert!(failed.is_err());
    assert!(copied.is_err() && !file.exists(), "{copied:?}");
}
