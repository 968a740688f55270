//! Places under limits, in the store: taken once, over restarts, whoever asks at the same time.

use std::collections::BTreeSet;

use quell_playbook::model::{Counted, Per, PlaybookName};
use quell_run::{CounterName, Journal, Limit, Member, Reservation, Reserved, RunId, Whose};
use quell_store::engine::memory::MemoryDisk;
use quell_store::{Retention, Store};

use crate::samples::{at, created, end};
use crate::{for_each_engine, open, wait};

fn limit(per: Per, at_most: u32) -> Limit {
    Limit { whose: Whose::Site, what: Counted::Accounts, per, at_most }
}

fn place(who: &str, seconds: i64, limits: &[Limit]) -> Reservation {
    Reservation {
        run: RunId(format!("run of {who}")),
        playbook: PlaybookName("contain".into()),
        what: Counted::Accounts,
        member: Member { keys: BTreeSet::from([who.to_owned()]), display: who.to_owned() },
        limits: limits.to_vec(),
        granted: Vec::new(),
        at: at(seconds),
    }
}

fn used(store: &Store, per: Per, seconds: i64) -> usize {
    let all = wait(store.counters().list()).unwrap();
    let site = all.iter().find(|(name, _)| *name == CounterName::Site(Counted::Accounts));
    site.map_or(0, |(_, tally)| tally.counted(per, at(seconds)).len())
}

#[test]
fn places_stay_taken_over_restarts() {
    for_each_engine(|kind, dir| {
        let hourly = [limit(Per::Hour, 2)];
        let take = |who: &str, seconds: i64| {
            let store = open(kind, dir);
            wait(store.counters().take(place(who, seconds, &hourly))).unwrap()
        };
        assert_eq!(take("a", 0), Reserved::Counted);
        assert_eq!(take("a", 60), Reserved::Counted);
        assert_eq!(take("b", 120), Reserved::Counted);
        let Reserved::Over(over) = take("c", 3659) else { panic!("{kind}: there was no room") };
        assert_eq!((over[0].limit, over[0].used, over[0].frees_at), (hourly[0], 2, Some(at(3660))), "{kind}");
        assert_eq!(take("c", 3660), Reserved::Counted, "{kind}");
        assert_eq!(used(&open(kind, dir), Per::Hour, 3660), 2, "{kind}");
    });
}

#[test]
fn five_hundred_who_ask_at_once_get_twenty_places() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        let counted = wait(async {
            let asking = (0..500).map(|number| {
                let counters = store.counters();
                let order =
                    place(&format!("user {number}"), 0, &[limit(Per::Hour, 20), limit(Per::Day, 400)]);
                tokio::spawn(async move { counters.take(order).await.unwrap() })
            });
            let mut counted = 0;
            for answer in asking.collect::<Vec<_>>() {
                counted += usize::from(answer.await.unwrap() == Reserved::Counted);
            }
            counted
        });
        assert_eq!((counted, used(&store, Per::Day, 0)), (20, 20), "{kind}");
    });
}

#[test]
fn a_counter_that_cannot_be_read_leaves_no_room() {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    let order = || place("a", 0, &[limit(Per::Hour, 9)]);
    wait(store.counters().take(order())).unwrap();
    disk.tamper(|pairs| {
        let key = pairs.keys().find(|key| key.starts_with(b"counter/")).unwrap().clone();
        pairs.get_mut(&key).unwrap()[9] ^= 0x11;
    });
    assert!(wait(store.counters().take(order())).is_err());
}

#[test]
fn what_a_run_has_touched_is_forgotten_with_it() {
    let store = Store::in_memory(&MemoryDisk::new()).unwrap();
    wait(store.runs().append(created("r1", "a1", 0))).unwrap();
    let in_one_run = [limit(Per::Run, 1)];
    let order = |who: &str| Reservation { run: RunId("r1".into()), ..place(who, 1, &in_one_run) };
    assert_eq!(wait(store.runs().reserve(order("a"))).unwrap(), Reserved::Counted);
    assert!(matches!(wait(store.runs().reserve(order("b"))).unwrap(), Reserved::Over(_)));
    wait(store.runs().append(end("r1", "a1", 0, 1))).unwrap();
    let all = Retention { before: None, keep_runs: Some(0) };
    assert_eq!(wait(store.prune(all, at(99), false)).unwrap().runs, 1);
    assert_eq!(wait(store.runs().reserve(order("b"))).unwrap(), Reserved::Counted);
}
