//! The audit log: whatever is changed, dropped, added, moved or cut off is found, at its place.

use std::collections::BTreeMap;

use quell_run::Journal;
use quell_store::engine::memory::MemoryDisk;
use quell_store::record::{self, Kind};
use quell_store::{Anchor, AuditRecord, AuditVerdict, Audited, Paused, Retention, Standing, Store};

use crate::samples::{at, created, end, new_alert, next};
use crate::{for_each_engine, open, wait};

const RECORDS: &[u8] = b"audit/record/";

type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

/// Three runs, two of them finished, and two alerts.
fn fill(store: &Store) {
    let runs = || vec![created("r1", "a1", 0), created("r2", "a1", 0)];
    wait(store.alerts().accept(new_alert("a1", 1, 0), Standing::First, runs())).unwrap();
    wait(store.runs().append(next("r1", "a1", 0, 1))).unwrap();
    wait(store.runs().append(end("r1", "a1", 0, 2))).unwrap();
    wait(store.runs().append(end("r2", "a1", 0, 1))).unwrap();
    wait(store.alerts().accept(new_alert("a2", 1, 50), Standing::First, vec![created("r3", "a2", 50)]))
        .unwrap();
}

fn filled() -> (MemoryDisk, Store) {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    fill(&store);
    (disk, store)
}

fn verify(store: &Store) -> AuditVerdict {
    wait(store.audit().verify(None)).unwrap()
}

/// The number of the first record at which the chain does not hold.
fn broken_at(store: &Store) -> Option<u64> {
    verify(store).broken.map(|broken| broken.number)
}

fn audit_keys(pairs: &Pairs) -> Vec<Vec<u8>> {
    pairs.keys().filter(|key| key.starts_with(RECORDS)).cloned().collect()
}

/// Puts another record in the place of one, as somebody would who knows how a record is checked.
fn rewrite(pairs: &mut Pairs, key: &[u8], change: impl Fn(&mut AuditRecord)) {
    let mut read: AuditRecord = record::decode(Kind::Audit, key, &pairs[key]).unwrap();
    change(&mut read);
    pairs.insert(key.to_vec(), record::encode(Kind::Audit, key, &read).unwrap());
}

#[test]
fn every_line_and_every_alert_is_in_the_log_and_survives_a_restart() {
    for_each_engine(|kind, dir| {
        let end = {
            let store = open(kind, dir);
            fill(&store);
            let verdict = verify(&store);
            assert_eq!((verdict.records, verdict.first, &verdict.broken), (8, Some(0), &None), "{kind}");
            verdict.end.unwrap()
        };
        let store = open(kind, dir);
        let verdict = wait(store.audit().verify(Some(end.clone()))).unwrap();
        assert_eq!((verdict.end, verdict.broken), (Some(end), None), "{kind}");
        let all = wait(store.audit().export(0, 100)).unwrap();
        assert_eq!(all.len(), 8, "{kind}");
        assert!(all.iter().all(|one| one.content.is_some()), "{kind}: {all:?}");
        assert_eq!(wait(store.audit().export(5, 2)).unwrap()[0].record.number, 5, "{kind}");
    });
}

#[test]
fn an_empty_log_is_whole() {
    let store = Store::in_memory(&MemoryDisk::new()).unwrap();
    let verdict = verify(&store);
    assert_eq!((verdict.records, verdict.end, verdict.broken), (0, None, None));
}

#[test]
fn a_record_that_is_changed_anywhere_is_found_at_its_place() {
    type Change = fn(&mut AuditRecord);
    let changes: [(&str, Change); 5] = [
        ("moment", |record| record.at = at(99)),
        ("subject", |record| record.what = Audited::ExclusionAdded { id: "x".into(), entry: None }),
        ("digest", |record| record.digest = "0".repeat(64)),
        ("previous", |record| record.previous = "1".repeat(64)),
        ("hash", |record| record.hash = "2".repeat(64)),
    ];
    for place in 0..8 {
        for (what, change) in changes {
            let (disk, store) = filled();
            disk.tamper(|pairs| {
                let key = audit_keys(pairs)[place].clone();
                rewrite(pairs, &key, change);
            });
            assert_eq!(broken_at(&store), Some(place as u64), "{what} of record {place}");
        }
        let (disk, store) = filled();
        disk.tamper(|pairs| {
            let key = audit_keys(pairs)[place].clone();
            pairs.get_mut(&key).unwrap()[12] ^= 1;
        });
        assert_eq!(broken_at(&store), Some(place as u64), "a bit of record {place}");
    }
}

#[test]
fn a_record_that_is_dropped_moved_or_added_is_found() {
    for place in 0..8 {
        let (disk, store) = filled();
        disk.tamper(|pairs| drop(pairs.remove(&audit_keys(pairs)[place])));
        let broken = verify(&store).broken.unwrap();
        assert_eq!(broken.number, place as u64, "dropped {place}");
        let told = if place < 7 { "it is missing" } else { "should go on up to" };
        assert!(broken.why.contains(told), "dropped {place}: {}", broken.why);
    }
    for place in 0..7 {
        let (disk, store) = filled();
        disk.tamper(|pairs| {
            let keys = audit_keys(pairs);
            let [one, two] = [&keys[place], &keys[place + 1]];
            let first: AuditRecord = record::decode(Kind::Audit, one, &pairs[one]).unwrap();
            let second: AuditRecord = record::decode(Kind::Audit, two, &pairs[two]).unwrap();
            rewrite(pairs, one, |record| *record = AuditRecord { number: first.number, ..second.clone() });
            rewrite(pairs, two, |record| *record = AuditRecord { number: second.number, ..first.clone() });
        });
        assert_eq!(broken_at(&store), Some(place as u64), "swapped {place}");
    }
    let (disk, store) = filled();
    disk.tamper(|pairs| {
        let last = audit_keys(pairs).pop().unwrap();
        let copy = pairs[&last].clone();
        drop(pairs.insert([RECORDS, &100_u64.to_be_bytes()].concat(), copy));
    });
    assert_eq!(broken_at(&store), None, "what lies behind the end was never part of the log");
}

#[test]
fn a_log_that_was_cut_is_found_by_its_end_or_by_an_anchor() {
    for keep in 0..8 {
        let (disk, store) = filled();
        let anchor = verify(&store).end.unwrap();
        disk.tamper(|pairs| {
            let keys = audit_keys(pairs);
            keys[keep..].iter().for_each(|key| drop(pairs.remove(key)));
        });
        assert_eq!(broken_at(&store), Some(keep as u64), "the note of the end stays");

        // Somebody who mends the note as well can only be told by what is kept elsewhere.
        disk.tamper(|pairs| {
            let end = b"audit/end".to_vec();
            match audit_keys(pairs).pop() {
                None => drop(pairs.remove(&end)),
                Some(last) => {
                    let last: AuditRecord = record::decode(Kind::Audit, &last, &pairs[&last]).unwrap();
                    let note = Anchor { number: last.number, hash: last.hash };
                    drop(pairs.insert(end.clone(), record::encode(Kind::AuditEnd, &end, &note).unwrap()));
                }
            }
        });
        assert_eq!(broken_at(&store), None, "without an anchor");
        let found = wait(store.audit().verify(Some(anchor))).unwrap().broken;
        assert!(found.is_some_and(|found| found.why.contains("cut")), "kept {keep}");
    }
}

#[test]
fn an_anchor_is_a_number_and_a_whole_hash() {
    let hash = "0a".repeat(32);
    let read = |text: &str| text.parse::<Anchor>().ok();
    assert_eq!(read(&format!("7:{hash}")), Some(Anchor { number: 7, hash: hash.clone() }));
    assert_eq!(read(&format!("7:{}", hash.to_uppercase())), Some(Anchor { number: 7, hash: hash.clone() }));
    for wrong in [
        "",
        "7",
        ":",
        "7:",
        "7:0a",
        &format!("x:{hash}"),
        &format!("7:{hash}0"),
        &format!("7:{}g", &hash[1..]),
    ] {
        assert_eq!(
            read(wrong),
            None,
            "cut short it would fit no log, and every log would look broken: {wrong}"
        );
    }
}

#[test]
fn a_log_that_was_written_anew_does_not_go_through_the_anchor() {
    let (_, store) = filled();
    let (_, other) = filled();
    wait(other.runs().append(end("r3", "a2", 50, 1))).unwrap();
    let mut anchor = verify(&store).end.unwrap();
    assert_eq!(wait(other.audit().verify(Some(anchor.clone()))).unwrap().broken, None, "the same so far");
    anchor.hash = "0".repeat(64);
    let found = wait(other.audit().verify(Some(anchor))).unwrap().broken.unwrap();
    assert!(found.number == 7 && found.why.contains("anchor"), "{found:?}");
}

#[test]
fn what_the_records_are_about_cannot_be_changed_or_taken_away_either() {
    let (disk, _) = filled();
    let about: Vec<Vec<u8>> = disk
        .synced()
        .into_keys()
        .filter(|key| key.starts_with(b"run/line/") || key.starts_with(b"alert/version/"))
        .collect();
    assert_eq!(about.len(), 8);
    for key in about {
        let shown = record::readable(&key);
        let (disk, store) = filled();
        disk.tamper(|pairs| drop(pairs.remove(&key)));
        let broken = verify(&store).broken.expect(&shown);
        let is_line = key.starts_with(b"run/line/");
        assert_eq!(
            broken.why.starts_with("what it is about is missing: line"),
            is_line,
            "{shown}: {}",
            broken.why
        );
        let (disk, store) = filled();
        disk.tamper(|pairs| pairs.get_mut(&key).unwrap()[9] ^= 1);
        assert!(broken_at(&store).is_some(), "{shown} changed");
    }
    // A whole run, with its lines and everything that leads to it.
    let (disk, store) = filled();
    disk.tamper(|pairs| {
        pairs.retain(|key, _| !key.starts_with(b"run/") || !key.windows(2).any(|part| part == b"r1"))
    });
    assert!(verify(&store).broken.unwrap().why.contains("no record says that it was forgotten"));
}

/// Somebody who knows how a record is checked writes another one in its place, in good order by itself.
#[test]
fn what_the_records_are_about_cannot_be_rewritten_in_good_order() {
    let (disk, _) = filled();
    let lies: Vec<(Vec<u8>, Kind, &str)> = disk
        .synced()
        .into_keys()
        .filter_map(|key| match () {
            () if key.starts_with(b"run/line/") => Some((key, Kind::RunLine, "at")),
            () if key.starts_with(b"alert/version/") => Some((key, Kind::AlertVersion, "raw")),
            () => None,
        })
        .collect();
    assert_eq!(lies.len(), 8);
    for (key, kind, field) in lies {
        let (disk, store) = filled();
        disk.tamper(|pairs| {
            let mut value: serde_json::Value = record::decode(kind, &key, &pairs[&key]).unwrap();
            value[field] = match field {
                "at" => serde_json::json!(at(12_345)),
                _ => serde_json::json!("{\"SystemAlertId\":\"another\"}"),
            };
            pairs.insert(key.clone(), record::encode(kind, &key, &value).unwrap());
        });
        let shown = record::readable(&key);
        let broken = verify(&store).broken.expect(&shown);
        assert!(broken.why.contains("was changed"), "{shown}: {}", broken.why);
    }
}

/// A record of another log, whole by itself and about the same, does not follow on the one before it.
#[test]
fn a_record_of_another_log_does_not_fit_into_the_chain() {
    let (disk, store) = filled();
    let foreign = MemoryDisk::new();
    let another = Store::in_memory(&foreign).unwrap();
    // Another moment at the beginning, and the same from there on: every record after it has another hash before it.
    let runs = vec![created("r1", "a1", 0), created("r2", "a1", 0)];
    wait(another.alerts().accept(new_alert("a1", 1, 1), Standing::First, runs)).unwrap();
    wait(another.runs().append(next("r1", "a1", 0, 1))).unwrap();
    wait(another.runs().append(end("r1", "a1", 0, 2))).unwrap();
    let theirs = foreign.synced();
    let keys = audit_keys(&theirs);
    let place = keys.len() - 1;
    disk.tamper(|pairs| {
        // From here on all is theirs, and ours that came after goes: only the seam is wrong.
        let ours = audit_keys(pairs);
        let last: AuditRecord = record::decode(Kind::Audit, &keys[place], &theirs[&keys[place]]).unwrap();
        pairs.insert(ours[place].clone(), theirs[&keys[place]].clone());
        ours[place + 1..].iter().for_each(|key| drop(pairs.remove(key)));
        let (end, note) = (b"audit/end".to_vec(), Anchor { number: last.number, hash: last.hash });
        pairs.insert(end.clone(), record::encode(Kind::AuditEnd, &end, &note).unwrap());
    });
    let broken = verify(&store).broken.expect("the seam is found");
    assert!(broken.number == place as u64 && broken.why.contains("does not follow"), "{broken:?}");
}

#[test]
fn what_is_forgotten_with_age_leaves_a_whole_log() {
    let (_, store) = filled();
    wait(store.runs().append(end("r3", "a2", 50, 1))).unwrap();
    let retention = Retention { before: None, keep_runs: Some(1) };
    assert_eq!(wait(store.prune(retention, at(100), false)).unwrap().runs, 2);
    let verdict = verify(&store);
    assert_eq!(
        (verdict.records, verdict.first, &verdict.broken),
        (11, Some(0), &None),
        "two more: what was forgotten"
    );
    let retention = Retention { before: Some(at(51)), keep_runs: None };
    let before: Vec<AuditRecord> =
        wait(store.audit().export(0, 99)).unwrap().into_iter().map(|one| one.record).collect();
    let foreseen = wait(store.prune(retention, at(100), true)).unwrap();
    let forgotten = wait(store.prune(retention, at(100), false)).unwrap();
    assert_eq!((forgotten, forgotten.audit > 1), (foreseen, true), "a dry run says what happens");
    let verdict = verify(&store);
    let first = verdict.first.unwrap();
    assert!(first == forgotten.audit && verdict.broken.is_none(), "{verdict:?}");
    let last = wait(store.audit().export(0, 99)).unwrap().pop().unwrap().record;
    assert_eq!(
        last.what,
        Audited::LogForgotten { up_to: first - 1 },
        "its end says what became of its beginning"
    );
    // An anchor that is older than the log is no proof, except the one on which it stands.
    for record in &before {
        let anchored = |hash: &str| {
            let anchor = Anchor { number: record.number, hash: hash.to_owned() };
            wait(store.audit().verify(Some(anchor))).unwrap().broken
        };
        let broken = anchored(&record.hash);
        assert_eq!(broken.is_some(), record.number + 1 < first, "{}: {broken:?}", record.number);
        assert!(anchored(&"a".repeat(64)).is_some(), "{}", record.number);
    }
    wait(store.alerts().accept(new_alert("a3", 1, 200), Standing::First, vec![])).unwrap();
    assert_eq!(verify(&store).end.unwrap().number, verdict.end.unwrap().number + 1);
    assert_eq!(broken_at(&store), None);
}

#[test]
fn a_pause_holds_over_a_restart_and_is_on_record() {
    for_each_engine(|kind, dir| {
        let paused = |by: &str| Paused { by: by.into(), at: at(5), because: "too many".into() };
        {
            let store = open(kind, dir);
            assert_eq!(store.pause().read().unwrap(), None, "{kind}");
            assert_eq!(wait(store.pause().set(paused("alice"))).unwrap(), paused("alice"), "{kind}");
            assert_eq!(
                wait(store.pause().set(paused("bob"))).unwrap(),
                paused("alice"),
                "{kind}: the first one stays"
            );
        }
        let store = open(kind, dir);
        assert_eq!(store.pause().read().unwrap(), Some(paused("alice")), "{kind}");
        assert_eq!(wait(store.pause().lift("carol", at(9))).unwrap(), Some(paused("alice")), "{kind}");
        assert_eq!(wait(store.pause().lift("carol", at(9))).unwrap(), None, "{kind}");
        let log: Vec<_> =
            wait(store.audit().export(0, 9)).unwrap().into_iter().map(|one| one.record.what).collect();
        let expected = [
            Audited::Paused { by: "alice".into(), because: "too many".into() },
            Audited::Resumed { by: "carol".into() },
        ];
        assert_eq!(log, expected, "{kind}");
        assert_eq!(broken_at(&store), None, "{kind}");
    });
}

#[test]
fn a_note_of_a_pause_that_cannot_be_read_is_no_permission_and_can_be_taken_away() {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    wait(store.pause().set(Paused { by: "alice".into(), at: at(5), because: "x".into() })).unwrap();
    disk.tamper(|pairs| pairs.get_mut(b"pause".as_slice()).unwrap()[8] ^= 1);
    assert!(store.pause().read().is_err());
    wait(store.pause().lift("bob", at(6))).unwrap();
    assert_eq!(store.pause().read().unwrap(), None);
}

#[test]
fn an_end_that_cannot_be_read_stops_the_store_and_not_one_alert() {
    let (disk, store) = filled();
    disk.tamper(|pairs| pairs.get_mut(b"audit/end".as_slice()).unwrap()[8] ^= 1);
    assert!(broken_at(&store).is_some());
    let refused = wait(store.alerts().accept(new_alert("a9", 1, 60), Standing::First, vec![])).unwrap_err();
    assert!(matches!(refused, quell_store::StoreError::Unavailable { .. }), "{refused}");
}
