//! A disk that is full, really: a small file system in memory. Needs root, and fails without it.

use std::time::Duration;

use quell_store::{EngineKind, Store, StoreError, StoreOptions};
use quell_tests::small_disk::SmallDisk;

use crate::wait;

#[test]
fn real_with_a_reserve_the_store_stops_in_time_and_goes_on_when_there_is_room() {
    fill_and_make_room(16 * 1024 * 1024);
}

#[test]
fn real_without_a_reserve_the_disk_itself_refuses_and_nothing_acknowledged_is_lost() {
    fill_and_make_room(0);
}

fn fill_and_make_room(spare_bytes: u64) {
    for kind in EngineKind::ALL {
        let disk = SmallDisk::mount(64);
        let ballast = disk.path().join("ballast");
        std::fs::write(&ballast, vec![0; 20 * 1024 * 1024]).unwrap();
        let options = StoreOptions::new(disk.path().join("store")).engine(kind).spare_bytes(spare_bytes);
        let store = Store::open(&options).unwrap();

        let mut acknowledged = Vec::new();
        let refused =
            (0..5_000_u32).find_map(|at| match wait(store.write(vec![(key(at), Some(value(at)))])) {
                Ok(()) => {
                    acknowledged.push(at);
                    None
                }
                Err(error) => Some(error),
            });
        let error = refused.expect("the disk never became full");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{kind}: {error}");
        assert!(acknowledged.len() > 20, "{kind}: only {} writes fitted", acknowledged.len());
        assert!(!store.health().healthy, "{kind}");
        assert!(wait(store.write(vec![(key(9_999), Some(value(1)))])).is_err(), "{kind}: still full");

        std::fs::remove_file(&ballast).unwrap();
        let recovered = wait(async { tokio::time::timeout(Duration::from_secs(30), store.healthy()).await });
        assert!(recovered.is_ok(), "{kind}: it did not go on: {:?}", store.health());
        wait(store.write(vec![(b"room".to_vec(), Some(b"again".to_vec()))])).unwrap();
        check(&store, &acknowledged, kind);
        store.close();
        check(&Store::open(&options).unwrap(), &acknowledged, kind);
    }
}

fn check(store: &Store, acknowledged: &[u32], kind: EngineKind) {
    for at in acknowledged {
        assert!(
            store.get(&key(*at)).unwrap() == Some(value(*at)),
            "{kind}: write {at} was acknowledged and is gone"
        );
    }
}

fn key(at: u32) -> Vec<u8> {
    format!("fill/{at:05}").into_bytes()
}

fn value(at: u32) -> Vec<u8> {
    (0..20_000_u32).map(|byte| (byte.wrapping_mul(2_654_435_761).wrapping_add(at) >> 8) as u8).collect()
}
