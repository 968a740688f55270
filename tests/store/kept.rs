//! Values kept for an alert: in the commit of their line, over restarts, forgotten with the alert.

use std::collections::BTreeMap;

use quell_playbook::model::StepId;
use quell_run::{Batch, Entry, Journal, LaneId};
use quell_store::{Retention, Standing, Store};

use crate::samples::{at, created, end, new_alert, next};
use crate::{for_each_engine, open, wait};

fn keeps(run: &str, alert: &str, number: u64, name: &str, value: &str) -> Batch {
    let mut batch = next(run, alert, 0, number);
    batch.lines[0].entry = Entry::Kept {
        lane: LaneId(0),
        step: StepId("keep".into()),
        of: Some(detection(alert)),
        values: BTreeMap::from([(name.to_owned(), value.to_owned())]),
        trace: serde_json::Value::Null,
    };
    batch
}

fn detection(alert: &str) -> String {
    new_alert(alert, 1, 0).alert.same_detection_key()
}

fn kept(store: &Store, alert: &str) -> Vec<(String, String)> {
    wait(store.runs().kept(&detection(alert))).unwrap().into_iter().collect()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn the_latest_value_of_each_name_counts_and_outlives_a_restart() {
    for_each_engine(|kind, dir| {
        {
            let store = open(kind, dir);
            let runs = vec![created("r1", "a1", 0)];
            wait(store.alerts().accept(new_alert("a1", 1, 0), Standing::First, runs)).unwrap();
            wait(store.runs().append(keeps("r1", "a1", 1, "ticket", "T-1"))).unwrap();
            wait(store.runs().append(keeps("r1", "a1", 2, "page", "P-1"))).unwrap();
            wait(store.runs().append(keeps("r1", "a1", 3, "ticket", "T-2"))).unwrap();
            store.close();
        }
        let store = open(kind, dir);
        assert_eq!(kept(&store, "a1"), [pair("page", "P-1"), pair("ticket", "T-2")]);
        assert_eq!(kept(&store, "a2"), []);
        assert_eq!(wait(store.verify()).unwrap().damaged, []);
    });
}

#[test]
fn a_line_that_is_refused_keeps_nothing() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        let runs = vec![created("r1", "a1", 0)];
        wait(store.alerts().accept(new_alert("a1", 1, 0), Standing::First, runs)).unwrap();
        assert!(wait(store.runs().append(keeps("r1", "a1", 7, "ticket", "T-1"))).is_err());
        assert_eq!(kept(&store, "a1"), []);
    });
}

#[test]
fn it_is_forgotten_with_the_alert_and_not_before() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        let runs = vec![created("r1", "a1", 0)];
        wait(store.alerts().accept(new_alert("a1", 1, 0), Standing::First, runs)).unwrap();
        wait(store.runs().append(keeps("r1", "a1", 1, "ticket", "T-1"))).unwrap();
        let all = Retention { before: Some(at(100_000)), keep_runs: None };
        wait(store.prune(all, at(100_000), false)).unwrap();
        assert_eq!(kept(&store, "a1"), [pair("ticket", "T-1")], "its run has not ended");
        wait(store.runs().append(end("r1", "a1", 0, 2))).unwrap();
        wait(store.prune(all, at(100_000), false)).unwrap();
        assert_eq!(kept(&store, "a1"), []);
    });
}
