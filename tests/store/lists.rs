//! Entries of named lists: replaced only where they are as expected, kept over a restart, told to the audit log, and a
//! damaged one is never taken for an absent one.

use quell_action::lists::ListEntry;
use quell_store::engine::memory::MemoryDisk;
use quell_store::{Audited, Store, StoreError};

use crate::samples::at;
use crate::{for_each_engine, open, wait};

fn entry(value: &str) -> ListEntry {
    ListEntry { by: Some("somebody".into()), at: Some(at(0)), ..ListEntry::new(value).unwrap() }
}

fn values(store: &Store, list: &str) -> Vec<String> {
    wait(store.lists().of(list)).unwrap().into_iter().map(|entry| entry.value).collect()
}

fn replace(store: &Store, value: &str, change: (Option<ListEntry>, Option<ListEntry>)) -> bool {
    wait(store.lists().replace("vip", value, change, "somebody", at(1))).unwrap()
}

#[test]
fn an_entry_is_replaced_only_where_it_is_as_expected_and_outlives_a_restart() {
    for_each_engine(|kind, dir| {
        {
            let store = open(kind, dir);
            assert!(replace(&store, "alice", (None, Some(entry("alice")))));
            assert!(!replace(&store, "ALICE", (None, Some(entry("alice")))), "it is there already");
            assert!(!replace(&store, "alice", (Some(entry("bob")), None)), "it is another one");
            wait(store.lists().add("vip-2", vec![entry("x"), entry("y")], "somebody", at(2))).unwrap();
            store.close();
        }
        let store = open(kind, dir);
        assert_eq!(values(&store, "vip"), ["alice"]);
        assert_eq!(values(&store, "vip-2"), ["x", "y"]);
        assert!(replace(&store, " Alice ", (Some(entry("alice")), None)));
        assert_eq!(values(&store, "vip"), Vec::<String>::new());
    });
}

#[test]
fn every_change_is_in_the_audit_log() {
    let store = Store::in_memory(&MemoryDisk::new()).unwrap();
    assert!(replace(&store, "alice", (None, Some(entry("alice")))));
    assert!(replace(&store, "alice", (Some(entry("alice")), None)));
    let told: Vec<Audited> =
        wait(store.audit().export(0, 10)).unwrap().into_iter().map(|one| one.record.what).collect();
    let (list, value, by) = ("vip".to_owned(), "alice".to_owned(), "somebody".to_owned());
    assert_eq!(
        told,
        [
            Audited::ListEntryAdded { list: list.clone(), value: value.clone(), by: by.clone() },
            Audited::ListEntryRemoved { list, value, by },
        ]
    );
    assert_eq!(wait(store.audit().verify(None)).unwrap().broken, None);
}

#[test]
fn what_has_ended_is_forgotten_and_nothing_else() {
    let store = Store::in_memory(&MemoryDisk::new()).unwrap();
    let ends = |value: &str, until| ListEntry { until: Some(at(until)), ..entry(value) };
    wait(store.lists().add("vip", vec![ends("old", 5), ends("new", 50), entry("ever")], "x", at(0))).unwrap();
    assert_eq!(wait(store.lists().forget_ended(at(20))).unwrap(), 1);
    assert_eq!(values(&store, "vip"), ["ever", "new"]);
}

#[test]
fn a_damaged_entry_makes_the_list_unreadable() {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    assert!(replace(&store, "alice", (None, Some(entry("alice")))));
    let key = wait(async {
        let page = store.scan(&quell_store::Scan::prefix("list/")).unwrap();
        page.pairs[0].0.clone()
    });
    wait(store.write(vec![(key, Some(b"rubbish".to_vec()))])).unwrap();
    assert!(matches!(wait(store.lists().of("vip")), Err(StoreError::Damaged { .. })));
    assert!(!wait(store.verify()).unwrap().damaged.is_empty());
}
