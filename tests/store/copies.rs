//! Copies: made while the store works, put back whole or not at all, into either engine. And looking the store over.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use quell_run::{Journal, RunId, Runs};
use quell_store::engine::memory::MemoryDisk;
use quell_store::record::{self, Kind};
use quell_store::{EngineKind, Scan, Standing, Store, StoreError};

use crate::samples::{created, end, new_alert, next};
use crate::{for_each_engine, open, options, put, text, wait};

fn everything(store: &Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut scan = Scan::prefix([]);
    let mut all = Vec::new();
    loop {
        let page = store.scan(&scan).unwrap();
        all.extend(page.pairs.into_iter().filter(|(key, _)| !key.starts_with(b"meta/commit")));
        match page.next {
            Some(next) => scan = scan.from(next),
            None => return all,
        }
    }
}

fn fill(store: &Store) {
    for number in 0..20 {
        let (run, alert) = (format!("r{number}"), format!("a{number}"));
        let runs = vec![created(&run, &alert, number)];
        wait(store.alerts().accept(new_alert(&alert, 1, number), Standing::First, runs)).unwrap();
        wait(store.runs().append(end(&run, &alert, number, 1))).unwrap();
    }
    put(store, "large", large(7));
}

/// A record that is stored in pieces.
fn large(byte: u8) -> Vec<u8> {
    record::encode(Kind::Test, b"large", &vec![byte; 100_000]).unwrap()
}

#[test]
fn a_copy_put_back_holds_the_same_in_either_engine() {
    for_each_engine(|kind, dir| {
        let file = dir.join("copy");
        let store = open(kind, &dir.join("store"));
        fill(&store);
        let copied = wait(store.backup(&file)).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "it is its owner's");
        let expected = everything(&store);
        for into in EngineKind::ALL {
            let target = dir.join(format!("into-{into}"));
            let (restored, kept) = Store::restore(&file, &options(into, &target)).unwrap();
            assert_eq!(kept, None);
            assert!(restored.commit > copied.commit, "the numbers of commits are never used twice");
            let restored = open(into, &target);
            assert!(everything(&restored) == expected, "{kind} into {into}");
            // New pieces must not take the place of those that were put back.
            put(&restored, "large", large(8));
            drop(restored);
            let again = open(into, &target);
            assert!(again.get(b"large").unwrap() == Some(large(8)), "{kind} into {into}");
            assert_eq!(wait(again.verify()).unwrap().damaged, []);
        }
    });
}

#[test]
fn a_copy_made_while_many_write_is_a_moment_of_the_store() {
    for_each_engine(|kind, dir| {
        let store = open(kind, &dir.join("store"));
        let file = dir.join("copy");
        let writing = Arc::new(AtomicBool::new(true));
        let written = Arc::new(AtomicU64::new(0));
        wait(async {
            let writers: Vec<_> = (0..4_u64)
                .map(|writer| {
                    let (store, writing, written) =
                        (store.clone(), Arc::clone(&writing), Arc::clone(&written));
                    tokio::spawn(async move {
                        // Each write counts in two places at once, at both ends of the keys, and takes the step before
                        // away: a copy that mixes moments shows different counts or more than one step.
                        let mut step = 0_u64;
                        while writing.load(Ordering::Relaxed) {
                            let key = |end: &str, step: u64| format!("{end}/{writer}/{step:08}").into_bytes();
                            let mut changes =
                                vec![(key("a", step), Some(vec![1; 2000])), (key("z", step), Some(vec![1]))];
                            if step > 0 {
                                changes.extend([(key("a", step - 1), None), (key("z", step - 1), None)]);
                            }
                            store.write(changes).await.unwrap();
                            step += 1;
                            written.fetch_add(1, Ordering::Relaxed);
                        }
                    })
                })
                .collect();
            for hundred in 0..20 {
                let keys = (0..100).map(|number| format!("m/{hundred}/{number}").into_bytes());
                store.write(keys.map(|key| (key, Some(vec![3; 500]))).collect()).await.unwrap();
            }
            // They are in the midst of it, however busy the machine is.
            while written.load(Ordering::Relaxed) < 100 {
                tokio::task::yield_now().await;
            }
            store.backup(&file).await.unwrap();
            writing.store(false, Ordering::Relaxed);
            for writer in writers {
                writer.await.unwrap();
            }
        });
        Store::restore(&file, &options(kind, &dir.join("restored"))).unwrap();
        let restored = open(kind, &dir.join("restored"));
        let steps = |end: &str| -> Vec<Vec<u8>> {
            let keys = restored.scan(&Scan::prefix(end)).unwrap().pairs.into_iter();
            keys.map(|(key, _)| key[2..].to_vec()).collect()
        };
        assert_eq!(steps("a/").len(), 4, "{kind}");
        assert_eq!(steps("a/"), steps("z/"), "{kind}");
        assert_eq!(restored.scan(&Scan::prefix("m/").limit(5000)).unwrap().pairs.len(), 2000);
    });
}

#[test]
fn a_copy_that_is_damaged_or_cut_anywhere_is_refused_and_changes_nothing() {
    for_each_engine(|kind, dir| {
        let home = dir.join("store");
        let file = dir.join("copy");
        {
            let store = open(kind, &home);
            put(&store, "k", "value");
            wait(store.backup(&file)).unwrap();
        }
        let good = fs::read(&file).unwrap();
        let bad = dir.join("bad");
        let refuse = |bytes: &[u8], what: &str| {
            fs::write(&bad, bytes).unwrap();
            let error =
                Store::restore(&bad, &options(kind, &home)).err().unwrap_or_else(|| panic!("{kind}: {what}"));
            assert!(matches!(error, StoreError::Copy { .. }), "{kind}, {what}: {error}");
        };
        for position in (0..good.len()).step_by(7) {
            let mut flipped = good.clone();
            flipped[position] ^= 0x04;
            refuse(&flipped, &format!("byte {position}"));
        }
        for length in (0..good.len()).step_by(13) {
            refuse(&good[..length], &format!("cut at {length}"));
        }
        // Each of its parts is whole, and one of them is missing.
        let parts = parts(&good);
        for missing in 0..parts.len() - 1 {
            let rest =
                parts.iter().enumerate().filter(|(at, _)| *at != missing).flat_map(|(_, part)| part.iter());
            refuse(
                &COPY.iter().chain(rest).copied().collect::<Vec<u8>>(),
                &format!("without part {missing}"),
            );
        }
        assert_eq!(text(&open(kind, &home), "k").unwrap(), "value", "{kind}");

        fs::write(&bad, &good[..good.len() - 1]).unwrap();
        let nowhere = dir.join("nowhere");
        assert!(Store::restore(&bad, &options(kind, &nowhere)).is_err());
        assert!(!nowhere.exists(), "{kind}: nothing is begun with a copy that is not whole");
    });
}

const COPY: &[u8] = b"quell store copy 1\n";

/// A copy, part by part: kind, two lengths, key, value, checksum.
fn parts(copy: &[u8]) -> Vec<&[u8]> {
    let mut rest = copy.strip_prefix(COPY).unwrap();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let length = |at: usize| u32::from_be_bytes(rest[at..at + 4].try_into().unwrap()) as usize;
        let (part, others) = rest.split_at(9 + length(1) + length(5) + 4);
        parts.push(part);
        rest = others;
    }
    parts
}

/// Whoever comes second is told so, and leaves the file of the first alone.
#[test]
fn two_copies_to_the_same_place_do_not_write_into_one_another() {
    for_each_engine(|kind, dir| {
        let store = open(kind, &dir.join("store"));
        fill(&store);
        let file = dir.join("copy");
        for round in 0..20 {
            let (one, other) = wait(async { tokio::join!(store.backup(&file), store.backup(&file)) });
            assert!(one.is_ok() || other.is_ok(), "{kind}, round {round}: {one:?}, {other:?}");
            let into = dir.join(format!("restored-{round}"));
            Store::restore(&file, &options(kind, &into)).unwrap_or_else(|error| panic!("{kind}: {error}"));
            fs::remove_file(&file).unwrap();
        }
    });
}

/// What an earlier attempt, or anybody else, has left under the name that a copy has first.
#[test]
fn a_copy_is_its_owners_also_where_a_file_of_its_name_was_open_to_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(EngineKind::Sled, &dir.path().join("store"));
    let (file, elsewhere) = (dir.path().join("copy"), dir.path().join("elsewhere"));
    let unfinished = dir.path().join("copy.unfinished");
    fs::write(&unfinished, "left over").unwrap();
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o666)).unwrap();
    wait(store.backup(&file)).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::os::unix::fs::symlink(&elsewhere, &unfinished).unwrap();
    wait(store.backup(&file)).unwrap();
    assert!(!elsewhere.exists(), "it is written where it was to be, and nowhere else");
    assert!(fs::symlink_metadata(&file).unwrap().is_file());
}

#[test]
fn restoring_over_a_store_that_is_behind_keeps_it_aside_and_starts_again() {
    for_each_engine(|kind, dir| {
        let home = dir.join("store");
        let file = dir.join("copy");
        {
            let store = open(kind, &home);
            put(&store, "k", "copied");
            wait(store.backup(&file)).unwrap();
            put(&store, "late", "lost");
        }
        let data = home.join(kind.name());
        fs::remove_dir_all(&data).unwrap();
        assert!(matches!(Store::open(&options(kind, &home)), Err(StoreError::Behind { .. })));
        Store::restore(&file, &options(kind, &home)).unwrap();
        let store = open(kind, &home);
        assert_eq!(text(&store, "k").unwrap(), "copied");
        assert_eq!(text(&store, "late"), None);
        let refused = Store::restore(&file, &options(kind, &home));
        assert!(matches!(refused, Err(StoreError::InUse { .. })), "{kind}: while it is open");
        drop(store);
        let (_, kept) = Store::restore(&file, &options(kind, &home)).unwrap();
        assert!(kept.unwrap().join(kind.name()).exists(), "{kind}");
    });
}

#[test]
fn a_store_is_converted_to_the_other_engine_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("store");
    let store = open(EngineKind::Sled, &home);
    fill(&store);
    let expected = everything(&store);
    drop(store);
    for (from, to) in [(EngineKind::Sled, EngineKind::Redb), (EngineKind::Redb, EngineKind::Sled)] {
        let (_, kept) = Store::convert(&options(from, &home), to).unwrap();
        assert!(kept.unwrap().join(from.name()).exists());
        assert!(everything(&open(to, &home)) == expected, "{from} to {to}");
        assert!(!home.join("conversion").exists());
    }
}

#[test]
fn a_copy_into_a_folder_that_is_not_there_is_an_error_and_the_store_goes_on() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        let failed = wait(store.backup(Path::new("/nowhere/at/all/copy")));
        assert!(failed.unwrap_err().to_string().contains("/nowhere/at/all/copy"), "{kind}");
        put(&store, "k", "v");
        wait(store.backup(&dir.join("copy"))).unwrap();
    });
}

#[test]
fn looking_over_finds_every_record_that_was_damaged_or_taken_away() {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    fill(&store);
    wait(store.runs().append(created("open", "a1", 50))).unwrap();
    wait(store.runs().append(next("open", "a1", 50, 1))).unwrap();
    disk.tamper(|pairs| drop(pairs.remove(b"large".as_slice())));
    let verification = wait(store.verify()).unwrap();
    assert_eq!(verification.damaged, []);
    let keys: Vec<Vec<u8>> = disk.synced().into_keys().collect();
    assert_eq!(verification.records, keys.len() as u64);
    for key in keys {
        let good = disk.synced()[&key].clone();
        disk.tamper(|pairs| *pairs.get_mut(&key).unwrap().last_mut().unwrap() ^= 1);
        let found = wait(store.verify()).unwrap();
        let named = found.damaged.iter().any(|damage| damage.key == key.escape_ascii().to_string());
        assert!(named, "a flipped byte of {} was not found: {found:?}", key.escape_ascii());
        disk.tamper(|pairs| drop(pairs.insert(key.clone(), good.clone())));

        // What nothing leads to can only be missed by whoever looks for it: versions of alerts, and the notes of the
        // store about itself, which are checked at every start.
        let found_when_absent = ["run/", "alert/head/"].iter().any(|space| key.starts_with(space.as_bytes()));
        if found_when_absent {
            disk.tamper(|pairs| drop(pairs.remove(&key)));
            let found = wait(store.verify()).unwrap();
            assert!(!found.damaged.is_empty(), "the absence of {} was not found", key.escape_ascii());
            disk.tamper(|pairs| drop(pairs.insert(key.clone(), good.clone())));
        }
    }
    assert_eq!(wait(store.verify()).unwrap().damaged, []);
    assert!(wait(store.runs().summary(&RunId("open".into()))).unwrap().is_some());
}
