//! Journals, holds, and looking runs up.

use quell_run::{Journal, JournalError, RunFilter, RunId, RunMatch, RunStatus, Runs};
use quell_store::engine::memory::MemoryDisk;
use quell_store::{RunRecords, Store};

use crate::samples::{at, created, end, finished, next, summary};
use crate::{for_each_engine, open, wait};

fn in_memory() -> (MemoryDisk, RunRecords) {
    let disk = MemoryDisk::new();
    let runs = Store::in_memory(&disk).unwrap().runs();
    (disk, runs)
}

fn run(id: &str) -> RunId {
    RunId(id.to_owned())
}

#[test]
fn a_journal_comes_back_as_it_was_written_also_after_reopening() {
    for_each_engine(|kind, dir| {
        let batches = [created("r1", "a1", 0), next("r1", "a1", 0, 1), end("r1", "a1", 0, 2)];
        for batch in &batches {
            wait(open(kind, dir).runs().append(batch.clone())).unwrap();
        }
        let runs = open(kind, dir).runs();
        let lines = wait(Journal::read(&runs, &run("r1"))).unwrap();
        let written: Vec<_> = batches.iter().flat_map(|batch| batch.lines.clone()).collect();
        assert_eq!(lines, written, "{kind}");
        assert_eq!(wait(runs.summary(&run("r1"))).unwrap(), Some(batches[2].summary.clone()), "{kind}");
        assert_eq!(wait(Journal::read(&runs, &run("r"))).unwrap(), [], "a run whose id begins another's");
    });
}

#[test]
fn a_line_that_is_not_the_next_one_is_refused_and_nothing_of_its_batch_is_kept() {
    let (_disk, runs) = in_memory();
    let refused = |batch| match wait(runs.append(batch)) {
        Err(JournalError::Taken { number, .. }) => number,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(next("r1", "a1", 0, 1)), 1, "before it is created");
    wait(runs.append(created("r1", "a1", 0))).unwrap();
    assert_eq!(refused(created("r1", "a1", 0)), 0, "created twice");
    assert_eq!(refused(next("r1", "a1", 0, 2)), 2, "a gap");
    let mut torn = next("r1", "a1", 0, 1);
    torn.lines.push(crate::samples::line(3, torn.lines[0].entry.clone()));
    assert_eq!(refused(torn), 3, "a gap inside the batch");
    assert_eq!(wait(Journal::read(&runs, &run("r1"))).unwrap().len(), 1);
    assert_eq!(wait(runs.summary(&run("r1"))).unwrap().unwrap().lines, 1);
}

#[test]
fn of_two_who_drive_the_same_run_one_is_refused() {
    let (_disk, runs) = in_memory();
    wait(runs.append(created("r1", "a1", 0))).unwrap();
    let (one, other) = (runs.clone(), runs.clone());
    let answers = wait(async move {
        let one = tokio::spawn(async move { one.append(next("r1", "a1", 0, 1)).await.is_ok() });
        let other = tokio::spawn(async move { other.append(end("r1", "a1", 0, 1)).await.is_ok() });
        [one.await.unwrap(), other.await.unwrap()]
    });
    assert_eq!(answers.iter().filter(|won| **won).count(), 1);
}

#[test]
fn what_is_unfinished_is_found_and_nothing_else() {
    for_each_engine(|kind, dir| {
        let runs = open(kind, dir).runs();
        for at in 0..20 {
            wait(runs.append(created(&format!("r{at:02}"), "a", at))).unwrap();
            if at % 4 != 0 {
                wait(runs.append(end(&format!("r{at:02}"), "a", at, 1))).unwrap();
            }
        }
        drop(runs);
        let runs = open(kind, dir).runs();
        let ids = |runs: &RunRecords| -> Vec<String> {
            wait(runs.unfinished()).unwrap().into_iter().map(|run| run.id.0).collect()
        };
        assert_eq!(ids(&runs), ["r00", "r04", "r08", "r12", "r16"], "{kind}");
        // A finished run becomes open again when it is to be undone.
        let mut again = next("r01", "a", 1, 2);
        again.summary.status = RunStatus::Undoing;
        wait(runs.append(again)).unwrap();
        assert!(ids(&runs).contains(&"r01".to_owned()), "{kind}");
    });
}

#[test]
fn a_summary_is_the_latest_one_in_every_list() {
    let (_disk, runs) = in_memory();
    wait(runs.append(created("r1", "a1", 0))).unwrap();
    wait(runs.append(end("r1", "a1", 0, 1))).unwrap();
    let listed = wait(runs.list(&RunFilter::default())).unwrap();
    assert_eq!(listed, [finished(summary("r1", "a1", 0, 2))]);
}

#[test]
fn lists_are_newest_first_and_obey_the_filter() {
    let (_disk, runs) = in_memory();
    for at in 0..50 {
        wait(runs.append(created(&format!("r{at:02}"), &format!("a{}", at % 5), at))).unwrap();
        if at % 2 == 0 {
            wait(runs.append(end(&format!("r{at:02}"), &format!("a{}", at % 5), at, 1))).unwrap();
        }
    }
    let list = |filter: RunFilter| -> Vec<i64> {
        let runs = wait(runs.list(&filter)).unwrap();
        runs.iter().map(|run| run.id.0[1..].parse().unwrap()).collect()
    };
    let newest_first: Vec<i64> = (0..50).rev().collect();
    let only = |keep: fn(&i64) -> bool| -> Vec<i64> { (0..50).rev().filter(keep).collect() };

    assert_eq!(list(RunFilter::default()), newest_first);
    assert_eq!(list(RunFilter { limit: Some(3), ..RunFilter::default() }), [49, 48, 47]);
    assert_eq!(list(RunFilter { limit: Some(0), ..RunFilter::default() }), Vec::<i64>::new());
    let about = Some(quell_alert::AlertId("a3".into()));
    assert_eq!(list(RunFilter { alert: about.clone(), ..RunFilter::default() }), only(|at| at % 5 == 3));
    let finished = RunFilter { alert: about, status: Some(RunStatus::Finished), ..RunFilter::default() };
    assert_eq!(list(finished), only(|at| at % 5 == 3 && at % 2 == 0));
    let between = RunFilter { since: Some(at(10)), until: Some(at(20)), ..RunFilter::default() };
    assert_eq!(list(between), only(|at| (10..20).contains(at)));
    let subject = RunFilter { subject: Some("A2@EXAMPLE".into()), limit: Some(2), ..RunFilter::default() };
    assert_eq!(list(subject), [47, 42]);
    let of_another = Some(quell_alert::AlertId("a".into()));
    assert_eq!(list(RunFilter { alert: of_another, ..RunFilter::default() }), Vec::<i64>::new());
}

#[test]
fn a_run_is_found_by_the_beginning_of_its_id() {
    let (_disk, runs) = in_memory();
    for id in ["0aa1", "0ab2", "1", "12"] {
        wait(runs.append(created(id, "a", 0))).unwrap();
    }
    let find = |text: &str| wait(runs.find(text)).unwrap();
    assert_eq!(find("0aa"), RunMatch::One(run("0aa1")));
    assert_eq!(find("0aa1"), RunMatch::One(run("0aa1")));
    assert_eq!(find("0a"), RunMatch::Several(vec![run("0aa1"), run("0ab2")]));
    assert_eq!(find("1"), RunMatch::One(run("1")), "the whole id of one is the beginning of another");
    assert_eq!(find("2"), RunMatch::None);
}

/// Whoever drives a journal that lacks a line would make its last call again.
#[test]
fn a_journal_that_lacks_any_line_or_has_a_damaged_one_is_an_error() {
    for lost in 0..4 {
        for damage in [false, true] {
            let (disk, runs) = in_memory();
            wait(runs.append(created("r1", "a1", 0))).unwrap();
            for number in 1..4 {
                wait(runs.append(next("r1", "a1", 0, number))).unwrap();
            }
            disk.tamper(|pairs| {
                let lines = pairs.keys().filter(|key| key.starts_with(b"run/line/")).cloned();
                let key = lines.collect::<Vec<_>>().swap_remove(lost);
                if damage {
                    pairs.get_mut(&key).unwrap()[20] ^= 1;
                } else {
                    pairs.remove(&key);
                }
            });
            let read = wait(Journal::read(&runs, &run("r1")));
            assert!(
                matches!(read, Err(JournalError::Store { .. })),
                "line {lost}, damaged: {damage}: {read:?}"
            );
        }
    }
}

#[test]
fn a_damaged_summary_is_set_aside_and_told_and_keeps_nobody_else_from_being_driven() {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    let runs = store.runs();
    for id in ["r1", "r2", "r3"] {
        wait(runs.append(created(id, "a", 0))).unwrap();
    }
    disk.tamper(|pairs| {
        let key = pairs.keys().find(|key| key.starts_with(b"run/summary/r2")).unwrap().clone();
        pairs.get_mut(&key).unwrap()[30] ^= 4;
    });
    let ids: Vec<_> = wait(runs.unfinished()).unwrap().into_iter().map(|run| run.id.0).collect();
    assert_eq!(ids, ["r1", "r3"]);
    assert_eq!(wait(runs.list(&RunFilter::default())).unwrap().len(), 2);
    assert!(wait(runs.summary(&run("r2"))).is_err());
    let damaged = store.health().damaged;
    assert!(damaged.len() == 1 && damaged[0].key.starts_with("run/summary/r2"), "{damaged:?}");
}

#[test]
fn a_batch_is_one_commit() {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    let before = disk.syncs();
    wait(store.runs().append(created("r1", "a", 0))).unwrap();
    assert_eq!(disk.syncs() - before, 1);
}

/// What one more run costs must not grow with how many there were.
#[test]
fn one_more_finished_run_writes_as_many_records_as_the_first() {
    let disk = MemoryDisk::new();
    let runs = Store::in_memory(&disk).unwrap().runs();
    let mut costs = Vec::new();
    for at in 0..300 {
        let before = disk.synced().len();
        let id = format!("r{at:04}");
        wait(runs.append(created(&id, &format!("a{at:04}"), at))).unwrap();
        wait(runs.append(end(&id, &format!("a{at:04}"), at, 1))).unwrap();
        costs.push(disk.synced().len() - before);
    }
    // The first one also makes the note of where the audit log ends.
    assert!(costs[1..].iter().all(|cost| *cost == costs[1]) && costs[0] == costs[1] + 1, "{costs:?}");
    assert_eq!(wait(runs.unfinished()).unwrap().len(), 0);
}
