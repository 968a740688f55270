//! Who holds a state of a target: however many do, one more costs what the first did.

use quell_run::{Held, Journal, JournalError, Ours, Runs};
use quell_store::engine::memory::{MemoryDisk, Traffic};
use quell_store::{Retention, RunRecords, Store, record};
use serde_json::json;

use crate::samples::{at, created, end, hold_key, holder, next, ours, released, taken};
use crate::{for_each_engine, open, wait};

fn in_memory() -> (MemoryDisk, Store) {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    (disk, store)
}

/// A run that holds the state from its beginning.
fn hold(runs: &RunRecords, run: &str) {
    let mut batch = created(run, "a", 0);
    batch.holds = vec![taken(run)];
    wait(runs.append(batch)).unwrap();
}

/// The run lets go of it, at its end.
fn release(runs: &RunRecords, run: &str) {
    let mut batch = end(run, "a", 0, 1);
    batch.holds = vec![released(run)];
    wait(runs.append(batch)).unwrap();
}

fn held(runs: &RunRecords, by: &str) -> Held {
    wait(runs.held(&hold_key(), &holder(by))).unwrap()
}

fn others(runs: &RunRecords, of: &str) -> (u64, Vec<String>) {
    let held = held(runs, of);
    (held.others, held.runs.into_iter().map(|run| run.0).collect())
}

#[test]
fn holds_are_kept_as_long_as_somebody_holds() {
    for_each_engine(|kind, dir| {
        let runs = open(kind, dir).runs();
        assert_eq!(held(&runs, "r1"), Held::default(), "{kind}");
        hold(&runs, "r1");
        assert_eq!(others(&runs, "r1"), (0, vec![]));
        assert_eq!(held(&runs, "r1").ours, Some(ours()));
        hold(&runs, "r2");
        assert_eq!(others(&runs, "r1"), (1, vec!["r2".into()]));
        assert_eq!(others(&runs, "r2"), (1, vec!["r1".into()]));
        assert_eq!(others(&runs, "who holds nothing").0, 2);
        let all = wait(runs.all_holds()).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].holders, [holder("r1"), holder("r2")]);
        release(&runs, "r1");
        assert_eq!(others(&runs, "r2"), (0, vec![]), "{kind}");
        assert_eq!(
            held(&runs, "r2").ours,
            Some(ours()),
            "{kind}: what stood there before the first stays known"
        );
        release(&runs, "r2");
        assert_eq!(held(&runs, "r2"), Held::default(), "{kind}");
        assert_eq!(wait(runs.all_holds()).unwrap(), [], "{kind}");
    });
}

/// The state from before the first of our changes is what comes back, whoever changes it again.
#[test]
fn what_stood_there_before_the_first_change_is_remembered() {
    let (_disk, store) = in_memory();
    let runs = store.runs();
    let change = |run: &str, before: &str, after: &str| {
        let state = |text: &str| serde_json::from_value(json!({ "enabled": text })).unwrap();
        let mut batch = created(run, "a", 0);
        let ours = Ours { before: state(before), after: state(after), params: json!({ "by": run }) };
        batch.holds = vec![taken(run)];
        batch.holds[0].grip = quell_run::Grip::Taken { ours: Some(Box::new(ours)) };
        wait(runs.append(batch)).unwrap();
    };
    change("r1", "first", "second");
    change("r2", "third", "fourth");
    let mut found_so = created("r3", "a", 0);
    found_so.holds = vec![taken("r3")];
    found_so.holds[0].grip = quell_run::Grip::Taken { ours: None };
    wait(runs.append(found_so)).unwrap();
    let ours = serde_json::to_value(held(&runs, "r1").ours).unwrap();
    let expected = json!({ "before": { "enabled": "first" }, "after": { "enabled": "fourth" }, "params": { "by": "r2" } });
    assert_eq!(ours, expected);
}

#[test]
fn who_takes_hold_twice_holds_once_and_who_lets_go_twice_lets_go_once() {
    let (_disk, store) = in_memory();
    let runs = store.runs();
    let mut batch = created("r1", "a", 0);
    batch.holds = vec![taken("r1"), taken("r1")];
    wait(runs.append(batch)).unwrap();
    hold(&runs, "r2");
    let mut batch = end("r1", "a", 0, 1);
    batch.holds = vec![released("r1"), released("r1")];
    wait(runs.append(batch)).unwrap();
    assert_eq!(others(&runs, "r1"), (1, vec!["r2".into()]), "the other one still holds");
    release(&runs, "r2");
    assert_eq!(held(&runs, "r1"), Held::default());
}

/// One identity, and one alert after the other about it.
#[test]
fn one_more_holder_costs_what_the_first_ones_did() {
    let (disk, store) = in_memory();
    let runs = store.runs();
    let mut costs: Vec<[Traffic; 3]> = Vec::new();
    for number in 0..2_000 {
        let run = format!("r{number:04}");
        let _ = disk.take_traffic();
        hold(&runs, &run);
        let taking = disk.take_traffic();
        let seen = held(&runs, &run);
        assert_eq!((seen.others, seen.runs.len()), (number, Held::NAMED.min(number as usize)));
        costs.push([taking, disk.take_traffic(), Traffic::default()]);
    }
    for (number, costs) in costs.iter_mut().enumerate() {
        let run = format!("r{number:04}");
        let _ = disk.take_traffic();
        release(&runs, &run);
        costs[2] = disk.take_traffic();
    }
    assert_eq!(held(&runs, "r0000"), Held::default());
    let bytes = |traffic: &Traffic| traffic.read_bytes + traffic.written_bytes;
    for (early, late) in costs[100].iter().zip(&costs[1_900]) {
        assert_eq!((early.read, early.written), (late.read, late.written));
        // A number with more digits is longer.
        assert!(bytes(late).abs_diff(bytes(early)) < 64, "{early:?} {late:?}");
    }
}

/// Earlier versions wrote all holders of a state into one record, and one mark under each run.
#[test]
fn a_record_of_an_earlier_version_is_read_and_taken_apart_by_the_first_change() {
    let (disk, store) = in_memory();
    let runs = store.runs();
    for run in ["r1", "r2", "r3"] {
        wait(runs.append(created(run, "a", 0))).unwrap();
        wait(runs.append(end(run, "a", 0, 1))).unwrap();
    }
    let name = serde_json::to_string(&hold_key()).unwrap();
    let part = |text: &str| [text.as_bytes(), &[0, 1]].concat();
    let key = [b"hold/".to_vec(), part(&name)].concat();
    let record = json!({ "key": hold_key(), "ours": ours(), "holders": [holder("r1"), holder("r2")] });
    let mut writes = vec![(key.clone(), Some(record::encode(record::Kind::Holds, &key, &record).unwrap()))];
    for run in ["r1", "r2"] {
        let mark = [b"run/hold/".to_vec(), part(run), part(&name)].concat();
        let value = record::encode(record::Kind::RunMark, &mark, &run).unwrap();
        writes.push((mark, Some(value)));
    }
    wait(store.write(writes)).unwrap();

    assert_eq!(others(&runs, "r1"), (1, vec!["r2".into()]));
    assert_eq!(others(&runs, "r3").0, 2);
    assert_eq!(wait(runs.all_holds()).unwrap()[0].holders.len(), 2);
    assert_eq!(wait(store.verify()).unwrap().damaged, []);
    let mut third = created("r4", "a", 0);
    third.holds = vec![taken("r4")];
    wait(runs.append(third)).unwrap();
    assert_eq!(others(&runs, "r4"), (2, vec!["r1".into(), "r2".into()]));
    assert_eq!(wait(store.verify()).unwrap().damaged, []);
    let old_mark =
        disk.synced().keys().any(|key| key.starts_with(b"run/hold/r1") && key.ends_with(&part(&name)));
    assert!(!old_mark, "nobody would ever take the mark away");

    // Those two hold, the third of the first ones does not: it alone can be forgotten.
    let everything = Retention { before: Some(at(9_000)), keep_runs: None };
    assert_eq!(wait(store.prune(everything, at(9_000), false)).unwrap().runs, 1);
    let mut undone = end("r4", "a", 0, 1);
    undone.holds = ["r1", "r2", "r4"].map(released).to_vec();
    wait(runs.append(undone)).unwrap();
    assert_eq!(held(&runs, "r1"), Held::default());
    assert_eq!(wait(store.prune(everything, at(9_000), false)).unwrap().runs, 3, "nobody holds anything now");
}

/// However the record of an earlier version came to name somebody twice: they hold once, and let go once.
#[test]
fn who_stands_twice_in_a_record_of_an_earlier_version_holds_once() {
    let (_disk, store) = in_memory();
    let runs = store.runs();
    let name = serde_json::to_string(&hold_key()).unwrap();
    let key = [b"hold/", name.as_bytes(), &[0, 1]].concat();
    let record = json!({ "key": hold_key(), "ours": ours(), "holders": [holder("r1"), holder("r1")] });
    let bytes = record::encode(record::Kind::Holds, &key, &record).unwrap();
    wait(store.write(vec![(key, Some(bytes))])).unwrap();
    hold(&runs, "r2");
    assert_eq!(others(&runs, "r2"), (1, vec!["r1".into()]));
    let mut letting_go = next("r2", "a", 0, 1);
    letting_go.holds = vec![released("r1")];
    wait(runs.append(letting_go)).unwrap();
    assert_eq!(others(&runs, "r2"), (0, Vec::new()), "r2 is the last, and its undo restores");
}

#[test]
fn a_run_with_two_tasks_that_hold_one_state_holds_until_both_let_go() {
    let (_disk, store) = in_memory();
    let runs = store.runs();
    let mut second = taken("r1");
    second.holder.task.number = 1;
    let mut batch = created("r1", "a", 0);
    batch.holds = vec![taken("r1"), second.clone()];
    wait(runs.append(batch)).unwrap();
    assert_eq!(others(&runs, "r1"), (1, vec!["r1".into()]));
    release(&runs, "r1");
    let everything = Retention { before: Some(at(9_000)), keep_runs: None };
    assert_eq!(wait(store.prune(everything, at(9_000), true)).unwrap().runs, 0, "its other task holds");
    let seen = wait(runs.held(&hold_key(), &second.holder)).unwrap();
    assert_eq!((seen.others, seen.ours), (0, Some(ours())));
}

#[test]
fn a_damaged_hold_is_an_error_and_not_nobody() {
    let (disk, store) = in_memory();
    let runs = store.runs();
    hold(&runs, "r1");
    disk.tamper(|pairs| {
        let key = pairs.keys().find(|key| key.starts_with(b"hold/")).unwrap().clone();
        pairs.get_mut(&key).unwrap()[10] ^= 4;
    });
    assert!(wait(runs.held(&hold_key(), &holder("r2"))).is_err());
    let mut second = created("r2", "a", 1);
    second.holds = vec![taken("r2")];
    assert!(matches!(wait(runs.append(second)), Err(JournalError::Store { .. })));
    assert_eq!(
        wait(runs.summary(&quell_run::RunId("r2".into()))).unwrap(),
        None,
        "nothing of the batch is kept"
    );
}

/// Whoever cannot be named any more is counted all the same: the state stays, and looking the store over says why.
#[test]
fn a_holder_that_is_damaged_or_gone_still_counts_and_is_reported() {
    for damage in [false, true] {
        let (disk, store) = in_memory();
        let runs = store.runs();
        hold(&runs, "r1");
        hold(&runs, "r2");
        disk.tamper(|pairs| {
            let key =
                pairs.keys().find(|key| key.starts_with(b"holder/") && contains(key, b"r1")).unwrap().clone();
            if damage {
                pairs.get_mut(&key).unwrap()[10] ^= 4;
            } else {
                pairs.remove(&key);
            }
        });
        assert_eq!(others(&runs, "r2"), (1, vec![]), "damaged: {damage}");
        let found = wait(store.verify()).unwrap().damaged;
        assert!(found.len() == 1 && found[0].key.starts_with("holder/"), "damaged: {damage}: {found:?}");
    }
}

fn contains(key: &[u8], part: &[u8]) -> bool {
    key.windows(part.len()).any(|window| window == part)
}
