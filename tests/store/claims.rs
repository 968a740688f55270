//! Claims (`once_per`): of alerts that have something in common one starts a run, and the others belong to it.

use quell_alert::AlertId;
use quell_run::{Claim, Opening, RunId, Runs};
use quell_store::engine::memory::{Failing, MemoryDisk};
use quell_store::{Accepted, Retention, Standing, Store};

use crate::samples::{at, created, new_alert};
use crate::{for_each_engine, open, wait};

fn in_memory() -> Store {
    Store::in_memory(&MemoryDisk::new()).unwrap()
}

fn claim(name: &str, until: i64) -> Claim {
    Claim { name: name.into(), lane: None, shown: format!("account {name}"), until: at(until) }
}

/// A run that claims this.
fn claiming(run: &str, alert: &str, started: i64, name: &str, until: i64) -> Opening {
    Opening { claims: vec![claim(name, until)], ..created(run, alert, started).into() }
}

/// An alert that is left to this run.
fn left_to(run: &str, own: &str, name: &str, until: i64) -> Opening {
    let attached = vec![(claim(name, until), RunId(run.into()))];
    Opening { run: RunId(own.into()), batch: None, claims: Vec::new(), attached }
}

fn accept(store: &Store, id: &str, received: i64, opening: Opening) -> Accepted {
    let alerts = store.alerts();
    wait(alerts.accept_with(new_alert(id, 1, received), Standing::First, vec![opening])).unwrap()
}

fn holder(store: &Store, name: &str, now: i64) -> Option<RunId> {
    store.claims().holders(&[claim(name, 0)], at(now)).unwrap().remove(0)
}

#[test]
fn of_many_alerts_at_once_one_has_the_claim_and_the_others_are_told() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        let (mut made, mut told) = (0, 0);
        wait(async {
            let deliveries: Vec<_> = (0..50)
                .map(|number| {
                    let (alerts, id) = (store.alerts(), format!("a{number}"));
                    let opening = claiming(&format!("r{number}"), &id, 10, "alice", 1000);
                    tokio::spawn(async move {
                        alerts.accept_with(new_alert(&id, 1, 10), Standing::First, vec![opening]).await
                    })
                })
                .collect();
            for delivery in deliveries {
                match delivery.await.unwrap().unwrap() {
                    Accepted::Recorded { created, .. } => made += created.len(),
                    Accepted::Changed(_) => told += 1,
                    Accepted::Repeated => panic!("each is another alert"),
                }
            }
        });
        assert_eq!((made, told), (1, 49), "{kind}");
    });
}

#[test]
fn a_later_alert_belongs_to_the_run_and_both_say_so() {
    let store = in_memory();
    accept(&store, "a1", 10, claiming("r1", "a1", 10, "alice", 1000));
    assert_eq!(holder(&store, "alice", 20), Some(RunId("r1".into())));
    assert_eq!(holder(&store, "bob", 20), None);

    accept(&store, "a2", 20, left_to("r1", "r2", "alice", 1020));
    let attached = wait(store.runs().attached(&RunId("r1".into()))).unwrap();
    assert_eq!(attached.len(), 1);
    assert_eq!((&attached[0].alert, attached[0].at), (&AlertId("a2".into()), at(20)));
    assert_eq!(attached[0].because, "account alice");
    let detection = new_alert("a2", 1, 20).alert.same_detection_key();
    let version = wait(store.alerts().versions(&detection)).unwrap().remove(0);
    assert_eq!((version.runs, version.attached), (vec![], vec![RunId("r1".into())]));
    assert!(wait(store.runs().summary(&RunId("r2".into()))).unwrap().is_none(), "no run of its own");

    let exported = wait(store.audit().export(0, 100)).unwrap();
    let said = serde_json::to_string(&exported).unwrap();
    assert!(said.contains(r#""attached":{"run":"r1","alert":"a2"}"#), "{said}");
    assert!(wait(store.audit().verify(None)).unwrap().broken.is_none());
}

#[test]
fn a_claim_that_is_over_is_free_and_goes_with_the_next_pruning() {
    let store = in_memory();
    accept(&store, "a1", 10, claiming("r1", "a1", 10, "alice", 100));
    assert_eq!(holder(&store, "alice", 99), Some(RunId("r1".into())));
    assert_eq!(holder(&store, "alice", 100), None);
    // What was planned while the claim stood does not count when it is over: it is planned again.
    let late = accept(&store, "a2", 100, left_to("r1", "r2", "alice", 200));
    assert!(matches!(late, Accepted::Changed(_)), "{late:?}");
    let again = accept(&store, "a2", 100, claiming("r2", "a2", 100, "alice", 200));
    assert!(matches!(again, Accepted::Recorded { .. }), "{again:?}");

    accept(&store, "a3", 110, claiming("r3", "a3", 110, "bob", 500));
    assert_eq!(wait(store.stats()).unwrap().claims, 2);
    wait(store.prune(Retention::default(), at(300), false)).unwrap();
    assert_eq!(wait(store.stats()).unwrap().claims, 1);
    assert_eq!(holder(&store, "bob", 300), Some(RunId("r3".into())));
}

#[test]
fn a_run_that_was_forgotten_holds_nothing() {
    let store = in_memory();
    let mut done = created("r1", "a1", 10);
    done.summary.open = false;
    let opening = Opening { claims: vec![claim("alice", 1_000_000)], ..done.into() };
    accept(&store, "a1", 10, opening);
    accept(&store, "a2", 20, left_to("r1", "r2", "alice", 1_000_020));
    let gone = wait(store.prune(Retention { keep_runs: Some(0), before: None }, at(50), false)).unwrap();
    assert_eq!(gone.runs, 1);
    assert_eq!(holder(&store, "alice", 60), None, "an alert attached to it would be lost");
    assert!(wait(store.runs().attached(&RunId("r1".into()))).unwrap().is_empty());
    let next = accept(&store, "a3", 60, claiming("r3", "a3", 60, "alice", 2_000_000));
    assert!(matches!(next, Accepted::Recorded { .. }), "{next:?}");
}

#[test]
fn at_every_failing_operation_a_claim_is_there_with_its_run_or_not_at_all() {
    for from in 1..=4 {
        for half_done in [false, true] {
            let disk = MemoryDisk::new();
            let store = Store::in_memory(&disk).unwrap();
            disk.fail(Failing { from, count: 1, half_done });
            let openings = vec![claiming("r1", "a1", 10, "alice", 1000)];
            let _ = wait(store.alerts().accept_with(new_alert("a1", 1, 10), Standing::First, openings));
            store.close();
            disk.mend();
            disk.cut_power();
            let store = Store::in_memory(&disk).unwrap();
            let run = wait(store.runs().summary(&RunId("r1".into()))).unwrap().is_some();
            assert_eq!(wait(store.stats()).unwrap().claims == 1, run, "operation {from}");
            assert_eq!(holder(&store, "alice", 20).is_some(), run, "operation {from}");
        }
    }
}

/// An alert belongs to a run once, whatever it has in common with it, and never to the run that it starts itself.
#[test]
fn an_alert_is_attached_once_and_not_to_its_own_run() {
    let store = in_memory();
    let both =
        Opening { claims: vec![claim("alice", 1000), claim("bob", 1000)], ..created("r1", "a1", 10).into() };
    accept(&store, "a1", 10, both);
    let run = RunId("r1".into());
    let names = ["alice", "bob"].map(|name| (claim(name, 1020), run.clone()));
    let left = Opening { run: RunId("r2".into()), batch: None, claims: vec![], attached: names.to_vec() };
    accept(&store, "a2", 20, left.clone());
    assert_eq!(wait(store.runs().attached(&run)).unwrap().len(), 1);
    let detection = new_alert("a2", 1, 20).alert.same_detection_key();
    let version = wait(store.alerts().versions(&detection)).unwrap().remove(0);
    assert_eq!(version.attached, std::slice::from_ref(&run), "so says the alert's own record too");
    accept(&store, "a3", 30, Opening { run: run.clone(), ..left });
    assert_eq!(wait(store.runs().attached(&run)).unwrap().len(), 1, "it is the same decision");
}

/// Another alert may lead to the same run.
#[test]
fn what_a_run_has_itself_does_not_keep_it_from_beginning() {
    let store = in_memory();
    accept(&store, "a1", 10, claiming("r1", "a1", 10, "alice", 1000));
    let again = accept(&store, "a2", 20, claiming("r1", "a2", 20, "alice", 1000));
    assert!(matches!(again, Accepted::Recorded { .. }), "{again:?}");
    let other = accept(&store, "a3", 30, claiming("r3", "a3", 30, "alice", 1000));
    assert!(matches!(other, Accepted::Changed(_)), "{other:?}");
}
