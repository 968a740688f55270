//! The folder: one process, one engine, nothing missing.

use std::fs;
use std::path::Path;

use quell_store::{EngineKind, Scan, Store, StoreError};

use crate::{for_each_engine, open, options, put, text, wait};

#[test]
fn opening_twice_is_refused_and_names_the_running_engine() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        let error = Store::open(&options(kind, dir)).err().unwrap();
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");
        let words = error.to_string();
        assert!(words.contains("held by a running engine"), "{words}");
        assert!(words.contains(&format!("process {}", std::process::id())), "{words}");
        drop(store);
        open(kind, dir);
    });
}

#[test]
fn the_other_engines_folder_is_refused() {
    for (made, wanted) in [(EngineKind::Sled, EngineKind::Redb), (EngineKind::Redb, EngineKind::Sled)] {
        let dir = tempfile::tempdir().unwrap();
        put(&open(made, dir.path()), "k", "v");
        let error = Store::open(&options(wanted, dir.path())).err().unwrap();
        let words = error.to_string();
        assert!(words.contains(&format!("was made by {made}")), "{words}");
        assert!(words.contains(&format!("store.engine: {made}")), "{words}");
        assert_eq!(text(&open(made, dir.path()), "k").unwrap(), "v", "the refusal must change nothing");
        fs::create_dir(dir.path().join(wanted.name())).unwrap();
        let error = Store::open(&options(made, dir.path())).err().unwrap();
        assert!(matches!(error, StoreError::TwoEngines { .. }), "{error}");
    }
}

#[test]
fn a_store_rolled_back_to_an_older_copy_is_refused_until_the_loss_is_accepted() {
    for_each_engine(|kind, dir| {
        let data = dir.join(kind.name());
        let copy = tempfile::tempdir().unwrap();
        put(&open(kind, dir), "early", "kept");
        copy_tree(&data, copy.path());
        {
            let store = open(kind, dir);
            for at in 0..10 {
                put(&store, &format!("late/{at}"), "lost");
            }
        }
        fs::remove_dir_all(&data).unwrap();
        copy_tree(copy.path(), &data);

        for _ in 0..2 {
            let error = Store::open(&options(kind, dir)).err().unwrap();
            assert!(matches!(error, StoreError::Behind { .. }), "{kind}: {error}");
            let words = error.to_string();
            assert!(words.contains("commit 11 was acknowledged, but the store ends at commit 1"), "{words}");
            assert!(words.contains("quell store restore"), "{words}");
        }
        assert_eq!(Store::accept_loss(&options(kind, dir)).unwrap(), (Some(11), 1));
        let store = open(kind, dir);
        assert_eq!(text(&store, "early").unwrap(), "kept");
        assert!(store.scan(&Scan::prefix("late/")).unwrap().pairs.is_empty());
        put(&store, "after", "works");
    });
}

#[test]
fn a_store_that_is_gone_is_refused_and_not_made_anew() {
    for_each_engine(|kind, dir| {
        put(&open(kind, dir), "k", "v");
        fs::remove_dir_all(dir.join(kind.name())).unwrap();
        let error = Store::open(&options(kind, dir)).err().unwrap();
        assert!(matches!(error, StoreError::Behind { .. }), "{kind}: {error}");
        assert!(!dir.join(kind.name()).exists());
    });
}

#[test]
fn a_store_replaced_by_an_empty_one_is_refused() {
    for_each_engine(|kind, dir| {
        put(&open(kind, dir), "k", "v");
        let young = tempfile::tempdir().unwrap();
        drop(open(kind, young.path()));
        fs::remove_dir_all(dir.join(kind.name())).unwrap();
        copy_tree(&young.path().join(kind.name()), &dir.join(kind.name()));
        let error = Store::open(&options(kind, dir)).err().unwrap();
        assert!(matches!(error, StoreError::Behind { .. }), "{kind}: {error}");
    });
}

#[test]
fn a_missing_or_damaged_high_water_mark_is_refused() {
    for_each_engine(|kind, dir| {
        put(&open(kind, dir), "k", "v");
        let mark = dir.join("high-water");
        fs::write(&mark, vec![0; 8192]).unwrap();
        let error = Store::open(&options(kind, dir)).err().unwrap();
        assert!(error.to_string().contains("is damaged"), "{kind}: {error}");
        fs::remove_file(&mark).unwrap();
        let error = Store::open(&options(kind, dir)).err().unwrap();
        assert!(error.to_string().contains("is missing"), "{kind}: {error}");
        assert_eq!(Store::accept_loss(&options(kind, dir)).unwrap(), (None, 1));
        assert_eq!(text(&open(kind, dir), "k").unwrap(), "v");
    });
}

#[test]
fn a_creation_cut_short_is_begun_anew() {
    for_each_engine(|kind, dir| {
        let unfinished = dir.join(format!("{kind}.creating"));
        fs::create_dir_all(&unfinished).unwrap();
        fs::write(unfinished.join("db"), b"half a database").unwrap();
        fs::write(dir.join("high-water.creating"), b"half").unwrap();
        put(&open(kind, dir), "k", "v");
        assert!(!unfinished.exists());
    });
}

#[test]
fn an_unfinished_snapshot_does_not_stop_the_opening() {
    let dir = tempfile::tempdir().unwrap();
    put(&open(EngineKind::Sled, dir.path()), "k", "v");
    let cut = dir.path().join("sled/snap.00000000FFFFFFFF.generating");
    fs::write(&cut, b"cut").unwrap();
    assert_eq!(text(&open(EngineKind::Sled, dir.path()), "k").unwrap(), "v");
    assert!(!cut.exists());
}

#[test]
fn files_in_the_blob_folder_raise_an_alarm() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(EngineKind::Sled, dir.path());
    assert!(store.health().alarms.is_empty());
    fs::write(dir.path().join("sled/blobs/1"), b"x").unwrap();
    let alarms = store.health().alarms;
    assert!(alarms.len() == 1 && alarms[0].contains("not safe from a power cut"), "{alarms:?}");
}

#[test]
fn torn_files_are_an_error_that_names_the_way_back() {
    for_each_engine(|kind, dir| {
        put(&open(kind, dir), "k", vec![7; 200_000]);
        let data = dir.join(kind.name());
        for entry in fs::read_dir(&data).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            let length = entry.metadata().unwrap().len() as usize;
            fs::write(entry.path(), vec![0xa5; length.max(64)]).unwrap();
        }
        let error = Store::open(&options(kind, dir)).err().unwrap();
        let words = error.to_string();
        assert!(words.contains("quell store restore"), "{kind}: {words}");
    });
}

#[test]
fn a_store_in_a_folder_of_folders_that_do_not_exist_is_made() {
    for_each_engine(|kind, dir| {
        let deep = dir.join("a/b/c");
        put(&open(kind, &deep), "k", "v");
        assert_eq!(text(&open(kind, &deep), "k").unwrap(), "v");
    });
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    for_each_engine(|kind, _| {
        let error = Store::open(&options(kind, &file.join("store"))).err().unwrap();
        assert!(error.to_string().contains("file/store"), "{error}");
    });
}

#[test]
fn the_store_waits_for_what_is_under_way_when_it_is_closed() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        let writes = wait(async {
            let writes: Vec<_> = (0..50)
                .map(|at| {
                    let store = store.clone();
                    tokio::spawn(
                        async move { store.write(vec![(vec![b'w', at], Some(vec![at]))]).await.is_ok() },
                    )
                })
                .collect();
            tokio::task::yield_now().await;
            tokio::task::spawn_blocking(move || store.close()).await.unwrap();
            let mut done = Vec::new();
            for write in writes {
                done.push(write.await.unwrap());
            }
            done
        });
        let store = open(kind, dir);
        for (at, acknowledged) in writes.into_iter().enumerate() {
            let there = store.get(&[b'w', at as u8]).unwrap().is_some();
            assert!(there || !acknowledged, "{kind}: write {at} was acknowledged and is gone");
        }
    });
}

#[test]
fn without_room_for_the_reserve_nothing_is_written_and_what_is_there_is_read() {
    for_each_engine(|kind, dir| {
        put(&open(kind, dir), "k", "v");
        let reserve = options(kind, dir).spare_bytes(u64::MAX);
        let store = Store::open(&reserve).unwrap();
        let refused = wait(store.write(vec![(b"late".to_vec(), Some(vec![1]))])).unwrap_err().to_string();
        assert!(refused.contains("are kept in reserve"), "{kind}: {refused}");
        assert!(store.health().reason.unwrap().contains("make room"), "{kind}");
        assert_eq!((text(&store, "k").unwrap().as_str(), text(&store, "late")), ("v", None), "{kind}");
    });
}

/// Copies a folder with everything below it.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
