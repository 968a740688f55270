//! Exclusions, playbook texts, retention and figures.

use quell_action::exclusion::{Entry, EntryId, Excludes, Source};
use quell_playbook::model::{ContentHash, PlaybookName};
use quell_run::{Journal, RunId, Runs};
use quell_store::engine::memory::MemoryDisk;
use quell_store::{Audited, Forgotten, PlaybookText, Retention, Standing, Store};

use crate::samples::{at, created, end, new_alert, taken};
use crate::{for_each_engine, open, wait};

fn in_memory() -> Store {
    Store::in_memory(&MemoryDisk::new()).unwrap()
}

fn entry(id: &str) -> Entry {
    Entry {
        id: EntryId(id.to_owned()),
        excludes: Excludes::DeviceTag("crown-jewel".into()),
        because: "break glass".into(),
        owner: Some("security".into()),
        actions: vec![],
        only: vec![],
        until: Some(at(100)),
        source: Source::Operator,
        added: None,
    }
}

#[test]
fn exclusions_survive_and_an_id_is_given_once() {
    for_each_engine(|kind, dir| {
        {
            let exclusions = open(kind, dir).exclusions();
            assert_eq!(wait(exclusions.add(vec![entry("e2"), entry("e1")], at(0))).unwrap(), None);
            assert_eq!(
                wait(exclusions.add(vec![entry("e3"), entry("e1")], at(0))).unwrap(),
                Some(entry("e1"))
            );
        }
        let exclusions = open(kind, dir).exclusions();
        assert_eq!(wait(exclusions.list()).unwrap(), [entry("e1"), entry("e2")], "{kind}");
        assert_eq!(
            wait(exclusions.remove(&EntryId("e1".into()), "alice", at(5))).unwrap(),
            Some(entry("e1"))
        );
        assert_eq!(wait(exclusions.remove(&EntryId("e1".into()), "alice", at(5))).unwrap(), None);
        assert_eq!(wait(exclusions.list()).unwrap(), [entry("e2")], "{kind}");
    });
}

/// Who may be touched was changed: the record says when, and by whom somebody lost their protection.
#[test]
fn what_comes_and_goes_on_the_exclusion_list_is_on_record() {
    let store = in_memory();
    let exclusions = store.exclusions();
    let id = |id: &str| EntryId(id.to_owned());
    wait(exclusions.add(vec![entry("e1"), entry("e2")], at(0))).unwrap();
    wait(exclusions.add(vec![entry("e3"), entry("e1")], at(1))).unwrap();
    wait(exclusions.remove(&id("e1"), "alice", at(5))).unwrap();
    wait(exclusions.remove(&id("e1"), "bob", at(6))).unwrap();
    let log = wait(store.audit().export(0, 9)).unwrap();
    let log: Vec<_> = log.into_iter().map(|one| (one.record.at, one.record.what)).collect();
    let what = |id: &str| Some(serde_json::to_value(entry(id)).unwrap());
    let added = |id: &str| (at(0), Audited::ExclusionAdded { id: id.into(), entry: what(id) });
    let removed = Audited::ExclusionRemoved { id: "e1".into(), by: "alice".into(), entry: what("e1") };
    let removed = (at(5), removed);
    assert_eq!(log, [added("e1"), added("e2"), removed], "what did not happen is not in it");
    assert_eq!(wait(store.audit().verify(None)).unwrap().broken, None);
}

/// The file is changed outside the engine: the record says what came into force, and when.
#[test]
fn what_comes_and_goes_in_the_exclusion_file_is_on_record_too() {
    let store = in_memory();
    let note = |lines: &[&str], second| {
        let lines = lines.iter().map(|line| (*line).into()).collect();
        wait(store.exclusions().note_file(lines, at(second))).unwrap();
    };
    note(&[], 0);
    note(&["alice", "bob", "bob"], 1);
    note(&["bob", "alice", "bob"], 2);
    note(&["bob", "carol"], 3);
    note(&["bob", "carol"], 4);
    let log = wait(store.audit().export(0, 9)).unwrap();
    let log: Vec<_> = log.into_iter().map(|one| (one.record.at, one.record.what)).collect();
    let changed = |lines, added: &[&str], removed: &[&str]| {
        let values = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
        Audited::ExclusionFile { lines, added: values(added), removed: values(removed) }
    };
    let expected = [
        (at(1), changed(3, &["alice", "bob", "bob"], &[])),
        (at(3), changed(2, &["carol"], &["alice", "bob"])),
    ];
    assert_eq!(log, expected);
    assert_eq!(wait(store.audit().verify(None)).unwrap().broken, None);
}

#[test]
fn a_damaged_exclusion_is_an_error_for_the_whole_list() {
    let disk = MemoryDisk::new();
    let exclusions = Store::in_memory(&disk).unwrap().exclusions();
    wait(exclusions.add(vec![entry("e1"), entry("e2")], at(0))).unwrap();
    let length = disk.synced().iter().find(|(key, _)| key.starts_with(b"exclusion/")).unwrap().1.len();
    for position in 0..length {
        let flip = || {
            disk.tamper(|pairs| {
                let key = pairs.keys().find(|key| key.starts_with(b"exclusion/")).unwrap().clone();
                pairs.get_mut(&key).unwrap()[position] ^= 0x11;
            });
        };
        flip();
        assert!(wait(exclusions.list()).is_err(), "byte {position}");
        flip();
    }
    assert_eq!(wait(exclusions.list()).unwrap().len(), 2);
}

#[test]
fn a_playbook_text_is_kept_by_its_hash() {
    for_each_engine(|kind, dir| {
        let text = |name: &str| PlaybookText {
            name: PlaybookName(name.into()),
            hash: ContentHash("h1".into()),
            text: format!("name: {name}\n"),
        };
        wait(open(kind, dir).playbooks().keep(vec![text("one")])).unwrap();
        wait(open(kind, dir).playbooks().keep(vec![text("two")])).unwrap();
        let playbooks = open(kind, dir).playbooks();
        assert_eq!(playbooks.text(&ContentHash("h1".into())).unwrap(), Some(text("one")), "{kind}");
        assert_eq!(playbooks.text(&ContentHash("h2".into())).unwrap(), None);
    });
}

/// Thirty runs about thirty alerts, one second apart: every third unfinished, every fifth still holding.
fn thirty(store: &Store) {
    for number in 0..30_i64 {
        let (run, alert) = (format!("r{number:02}"), format!("a{number:02}"));
        let mut batch = created(&run, &alert, number);
        if number % 5 == 0 {
            let mut held = taken(&run);
            held.key.action = run.as_str().into();
            batch.holds = vec![held];
        }
        wait(store.alerts().accept(new_alert(&alert, 1, number), Standing::First, vec![batch])).unwrap();
        if number % 3 != 0 {
            wait(store.runs().append(end(&run, &alert, number, 1))).unwrap();
        }
    }
}

fn forgettable(number: i64) -> bool {
    number % 3 != 0 && number % 5 != 0
}

#[test]
fn pruning_by_age_forgets_what_is_old_and_keeps_what_is_needed() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        thirty(&store);
        let retention = Retention { before: Some(at(20)), keep_runs: None };
        // A run's last line is two seconds younger than the run.
        let expected = (0..18).filter(|number| forgettable(*number)).count() as u64;
        // The log has a record for each alert, and one for each line.
        let audit = wait(store.prune(retention, at(9_000), true)).unwrap().audit;
        assert!(audit > 2 * expected, "{kind}: {audit}");
        let forgotten = Forgotten { alerts: expected, runs: expected, audit };
        assert_eq!(wait(store.prune(retention, at(9_000), true)).unwrap(), forgotten, "{kind}");
        assert_eq!(wait(store.stats()).unwrap().runs, 30, "{kind}: a dry run changes nothing");
        assert_eq!(wait(store.prune(retention, at(9_000), false)).unwrap(), forgotten, "{kind}");
        assert_eq!(
            wait(store.prune(retention, at(9_000), false)).unwrap(),
            Forgotten::default(),
            "{kind}: a second time"
        );

        let left = wait(store.runs().list(&quell_run::RunFilter::default())).unwrap();
        let mut kept: Vec<i64> = left.iter().map(|run| run.id.0[1..].parse().unwrap()).collect();
        kept.sort_unstable();
        let wanted: Vec<i64> = (0..30).filter(|number| *number >= 18 || !forgettable(*number)).collect();
        assert_eq!(kept, wanted, "{kind}");
        for run in left {
            assert_eq!(wait(store.runs().lines(&run.id)).unwrap().len() as u64, run.lines, "{kind}");
        }
        assert!(wait(Journal::read(&store.runs(), &RunId("r01".into()))).unwrap().is_empty(), "{kind}");
        let stats = wait(store.stats()).unwrap();
        assert_eq!(
            (stats.runs, stats.alerts, stats.alert_versions),
            (30 - expected, 30 - expected, 30 - expected)
        );
        assert_eq!(stats.open_runs, 10, "{kind}");
        assert!(wait(store.alerts().list(100, None)).unwrap().len() as u64 == stats.alerts, "{kind}");
    });
}

#[test]
fn pruning_by_number_keeps_the_newest() {
    let store = in_memory();
    thirty(&store);
    let retention = Retention { before: None, keep_runs: Some(15) };
    let forgotten = wait(store.prune(retention, at(9_000), false)).unwrap();
    assert_eq!(forgotten, Forgotten { alerts: 0, runs: 5, audit: 0 });
    let left = wait(store.runs().list(&quell_run::RunFilter::default())).unwrap();
    let gone = (0..30).filter(|number| !left.iter().any(|run| run.id.0 == format!("r{number:02}")));
    assert_eq!(gone.collect::<Vec<_>>(), [1, 2, 4, 7, 8]);
}

#[test]
fn with_nothing_to_forget_nothing_is_forgotten() {
    let store = in_memory();
    thirty(&store);
    assert_eq!(wait(store.prune(Retention::default(), at(9_000), false)).unwrap(), Forgotten::default());
    let stats = wait(store.stats()).unwrap();
    assert_eq!((stats.alerts, stats.runs, stats.open_runs, stats.journal_lines), (30, 30, 10, 50));
    assert_eq!((stats.holds, stats.exclusions, stats.damaged), (6, 0, 0));
}

/// An alert that started nothing is what a repeated delivery is recognised by. That it was forgotten is on record.
#[test]
fn an_alert_without_a_run_is_forgotten_by_its_age_alone() {
    let store = in_memory();
    for (alert, received) in [("old", 5), ("young", 25)] {
        wait(store.alerts().accept(new_alert(alert, 1, received), Standing::First, Vec::new())).unwrap();
    }
    let retention = Retention { before: Some(at(20)), keep_runs: None };
    assert_eq!(wait(store.prune(retention, at(9_000), false)).unwrap().alerts, 1);
    let left: Vec<String> =
        wait(store.alerts().list(9, None)).unwrap().into_iter().map(|head| head.id.to_string()).collect();
    assert_eq!(left, ["young"]);
    let log = wait(store.audit().export(0, 9)).unwrap();
    let forgotten = log.iter().filter(|one| matches!(one.record.what, Audited::AlertForgotten { .. }));
    assert_eq!(forgotten.count(), 1);
}
