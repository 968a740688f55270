//! Damaged bytes under the engine: an error that names the record, or no effect, and never another value.

use std::fs;
use std::path::PathBuf;

use quell_store::record::{self, Kind};
use quell_store::{EngineKind, Store, StoreError};

use crate::{for_each_engine, open, options, put, wait};

const KEY: &[u8] = b"record/to-be-damaged";

fn sample() -> String {
    "a record whose bytes are easy to find ".repeat(8)
}

#[test]
fn a_damaged_record_is_named_and_its_neighbours_are_read() {
    let disk = quell_store::engine::memory::MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    let good = record::encode(Kind::Test, KEY, &sample()).unwrap();
    for position in 0..good.len() {
        disk.tamper(|pairs| {
            let mut bad = good.clone();
            bad[position] ^= 0x10;
            pairs.insert(KEY.to_vec(), bad);
        });
        let bytes = store.get(KEY).unwrap().unwrap();
        match record::decode::<String>(Kind::Test, KEY, &bytes) {
            Err(StoreError::Damaged { key, .. }) => assert_eq!(key, "record/to-be-damaged"),
            other => panic!("byte {position}: {other:?}"),
        }
    }
}

/// Flips each byte of the stored record inside the engine's file, one at a time, and reads it through the store.
#[test]
fn a_flipped_byte_at_each_position_of_the_file_is_never_taken_for_a_good_record() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        let good = record::encode(Kind::Test, KEY, &sample()).unwrap();
        wait(store.write(vec![(KEY.to_vec(), Some(good.clone()))])).unwrap();
        put(&store, "neighbour", "fine");
        drop(store);
        let file = data_file(kind, dir);
        let clean = fs::read(&file).unwrap();
        let found: Vec<_> =
            (0..clean.len() - good.len()).filter(|at| clean[*at..].starts_with(&good)).collect();
        assert!(!found.is_empty(), "{kind}: the record is not in the file");
        let (mut refused, mut damaged) = (0, 0);
        // The record's own bytes, and those of the page around it.
        for place in (0..good.len() + 64).step_by(3) {
            let backup = tempfile::tempdir().unwrap();
            crate::folder::copy_tree(dir, backup.path());
            let mut bad = clean.clone();
            for at in &found {
                bad[at - 32 + place] ^= 0x20;
            }
            fs::write(data_file(kind, backup.path()), &bad).unwrap();
            match Store::open(&options(kind, backup.path())) {
                Err(_) => refused += 1,
                Ok(store) => match store.get(KEY) {
                    Ok(Some(bytes)) => match record::decode::<String>(Kind::Test, KEY, &bytes) {
                        Ok(text) => assert_eq!(text, sample(), "{kind}: byte {place} changed the record"),
                        Err(_) => damaged += 1,
                    },
                    Ok(None) => panic!("{kind}: byte {place}: a record that was there became an absent one"),
                    Err(_) => damaged += 1,
                },
            }
        }
        assert!(refused + damaged > 0, "{kind}: no damage was noticed at all");
    });
}

fn data_file(kind: EngineKind, dir: &std::path::Path) -> PathBuf {
    match kind {
        EngineKind::Sled => dir.join("sled/db"),
        EngineKind::Redb => dir.join("redb/records.redb"),
    }
}
