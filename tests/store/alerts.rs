//! Alerts: accepted once, with the runs that they start, or not at all.

use quell_run::{Journal, RunId, Runs};
use quell_store::engine::memory::{Failing, MemoryDisk};
use quell_store::{Accepted, Standing, Store};

use crate::samples::{at, created, new_alert};
use crate::{for_each_engine, open, wait};

fn in_memory() -> Store {
    Store::in_memory(&MemoryDisk::new()).unwrap()
}

fn recorded(version: u32, runs: &[&str]) -> Accepted {
    Accepted::Recorded { version, created: runs.iter().map(|run| RunId((*run).to_owned())).collect() }
}

#[test]
fn an_alert_and_its_runs_are_accepted_in_one_commit_and_a_redelivery_changes_nothing() {
    for_each_engine(|kind, dir| {
        let alert = new_alert("a1", 1, 10);
        let runs = || vec![created("r1", "a1", 10), created("r2", "a1", 10)];
        {
            let store = open(kind, dir);
            let commit = store.health().commit;
            assert_eq!(store.alerts().standing(&alert.alert).unwrap(), Standing::First);
            let accepted = wait(store.alerts().accept(alert.clone(), Standing::First, runs())).unwrap();
            assert_eq!(accepted, recorded(1, &["r1", "r2"]), "{kind}");
            assert_eq!(store.health().commit, commit + 1, "{kind}");
        }
        let store = open(kind, dir);
        assert_eq!(store.alerts().standing(&alert.alert).unwrap(), Standing::Repeated, "{kind}");
        for planned_for in [Standing::First, Standing::Newer { versions: 1 }, Standing::Repeated] {
            let again = wait(store.alerts().accept(alert.clone(), planned_for, runs())).unwrap();
            assert_eq!(again, Accepted::Repeated, "{kind}");
        }
        assert_eq!(wait(store.runs().unfinished()).unwrap().len(), 2, "{kind}");
        let versions = wait(store.alerts().versions(&alert.alert.same_detection_key())).unwrap();
        assert!(versions.len() == 1 && versions[0].raw() == alert.raw, "{kind}");
        assert_eq!(versions[0].origin["offset"], 1, "{kind}");
    });
}

#[test]
fn a_newer_version_is_recorded_and_says_so_to_whoever_planned_for_a_first_one() {
    let alerts = in_memory().alerts();
    wait(alerts.accept(new_alert("a1", 1, 10), Standing::First, vec![created("r1", "a1", 10)])).unwrap();
    let newer = new_alert("a1", 2, 20);
    let planned_wrongly =
        wait(alerts.accept(newer.clone(), Standing::First, vec![created("r9", "a1", 20)])).unwrap();
    assert_eq!(planned_wrongly, Accepted::Changed(Standing::Newer { versions: 1 }));
    assert_eq!(
        alerts.standing(&newer.alert).unwrap(),
        Standing::Newer { versions: 1 },
        "nothing was written"
    );
    let standing = alerts.standing(&newer.alert).unwrap();
    assert_eq!(wait(alerts.accept(newer, standing, vec![])).unwrap(), recorded(2, &[]));

    let heads = wait(alerts.list(10, None)).unwrap();
    assert!(heads.len() == 1 && heads[0].versions == 2, "{heads:?}");
    assert_eq!((heads[0].first_received, heads[0].last_received), (at(10), at(20)));
    let versions = wait(alerts.versions(&heads[0].detection)).unwrap();
    assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(versions[0].runs, [RunId("r1".into())]);
}

#[test]
fn a_run_that_exists_is_not_created_again_by_a_newer_version() {
    let store = in_memory();
    let alerts = store.alerts();
    wait(alerts.accept(new_alert("a1", 1, 10), Standing::First, vec![created("r1", "a1", 10)])).unwrap();
    let runs = vec![created("r1", "a1", 20), created("r2", "a1", 20)];
    let accepted =
        wait(alerts.accept(new_alert("a1", 2, 20), Standing::Newer { versions: 1 }, runs)).unwrap();
    assert_eq!(accepted, recorded(2, &["r2"]));
    let first = wait(store.runs().summary(&RunId("r1".into()))).unwrap().unwrap();
    assert_eq!(first.started, at(10), "the run of the first version stays as it was");
}

#[test]
fn of_the_same_record_delivered_many_times_at_once_one_is_recorded() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        let recorded = wait(async {
            let deliveries = (0..50).map(|delivery| {
                let alerts = store.alerts();
                let run = vec![created(&format!("r{delivery}"), "a1", 10)];
                tokio::spawn(async move {
                    alerts.accept(new_alert("a1", 1, 10), Standing::First, run).await.unwrap()
                })
            });
            let mut recorded = 0;
            for delivery in deliveries.collect::<Vec<_>>() {
                recorded += usize::from(matches!(delivery.await.unwrap(), Accepted::Recorded { .. }));
            }
            recorded
        });
        assert_eq!(recorded, 1, "{kind}");
        assert_eq!(wait(store.runs().unfinished()).unwrap().len(), 1, "{kind}");
    });
}

#[test]
fn at_every_failing_operation_an_alert_is_there_with_its_runs_or_not_at_all() {
    for from in 1..=4 {
        for half_done in [false, true] {
            let disk = MemoryDisk::new();
            let store = Store::in_memory(&disk).unwrap();
            disk.fail(Failing { from, count: 1, half_done });
            let runs = vec![created("r1", "a1", 10)];
            let answer = wait(store.alerts().accept(new_alert("a1", 1, 10), Standing::First, runs));
            store.close();
            disk.mend();
            disk.cut_power();
            let store = Store::in_memory(&disk).unwrap();
            let there = store.alerts().standing(&new_alert("a1", 1, 10).alert).unwrap() == Standing::Repeated;
            let run = wait(store.runs().summary(&RunId("r1".into()))).unwrap().is_some();
            assert_eq!(there, run, "operation {from}");
            assert!(there || answer.is_err(), "operation {from}: acknowledged and gone");
        }
    }
}

#[test]
fn alerts_are_listed_by_their_latest_version_and_found_by_the_beginning_of_their_id() {
    let alerts = in_memory().alerts();
    for number in 0..10_i64 {
        let alert = new_alert(&format!("a{number}"), 1, number);
        wait(alerts.accept(alert, Standing::First, vec![])).unwrap();
    }
    wait(alerts.accept(new_alert("a3", 2, 100), Standing::Newer { versions: 1 }, vec![])).unwrap();
    let ids = |limit, before| -> Vec<String> {
        wait(alerts.list(limit, before)).unwrap().into_iter().map(|head| head.id.0).collect()
    };
    assert_eq!(ids(3, None), ["a3", "a9", "a8"]);
    assert_eq!(ids(100, None).len(), 10);
    assert_eq!(ids(2, Some(at(5))), ["a4", "a2"]);
    assert_eq!(ids(0, None), Vec::<String>::new());
    let found = alerts.find("a3").unwrap();
    assert!(found.len() == 1 && found[0].versions == 2, "{found:?}");
    assert_eq!(alerts.find("a").unwrap().len(), 10);
    assert!(alerts.find("b").unwrap().is_empty());
}

#[test]
fn raw_records_of_any_bytes_come_back_untouched() {
    let alerts = in_memory().alerts();
    for (number, raw) in
        [vec![], vec![0xff, 0xfe, 0, 1], "ä\u{0}\"\\".as_bytes().to_vec(), vec![b'x'; 300_000]]
            .into_iter()
            .enumerate()
    {
        let alert = quell_store::NewAlert { raw: raw.clone(), ..new_alert(&format!("raw{number}"), 1, 1) };
        let detection = alert.alert.same_detection_key();
        wait(alerts.accept(alert, Standing::First, vec![])).unwrap();
        assert!(wait(alerts.versions(&detection)).unwrap()[0].raw() == raw);
    }
}

#[test]
fn a_damaged_version_still_counts_as_seen() {
    let disk = MemoryDisk::new();
    let alerts = Store::in_memory(&disk).unwrap().alerts();
    let alert = new_alert("a1", 1, 10);
    wait(alerts.accept(alert.clone(), Standing::First, vec![])).unwrap();
    disk.tamper(|pairs| {
        for (key, value) in pairs.iter_mut().filter(|(key, _)| key.starts_with(b"alert/version/")) {
            assert!(!key.is_empty());
            value[40] ^= 1;
        }
    });
    assert_eq!(alerts.standing(&alert.alert).unwrap(), Standing::Repeated);
    let again = wait(alerts.accept(alert, Standing::First, vec![created("r1", "a1", 10)])).unwrap();
    assert_eq!(again, Accepted::Repeated, "an alert whose record is damaged is not decided a second time");
}
