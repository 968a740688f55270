//! What every engine must do alike.

use std::sync::Arc;

use quell_store::engine::memory::MemoryDisk;
use quell_store::{Scan, Store, StoreError};

use crate::{for_each_engine, open, put, text, wait};

/// Runs a test on every engine, the one in memory included.
fn for_each_store(test: impl Fn(&str, Store)) {
    test("memory", Store::in_memory(&MemoryDisk::new()).unwrap());
    for_each_engine(|kind, dir| test(kind.name(), open(kind, dir)));
}

#[test]
fn what_was_written_is_there_after_reopening() {
    for_each_engine(|kind, dir| {
        for round in 0..5 {
            let store = open(kind, dir);
            for earlier in 0..round {
                assert_eq!(
                    text(&store, &format!("key/{earlier}")).unwrap(),
                    format!("value {earlier}"),
                    "{kind}"
                );
            }
            put(&store, &format!("key/{round}"), format!("value {round}"));
            wait(store.write(vec![(b"gone".to_vec(), Some(b"x".to_vec()))])).unwrap();
            wait(store.write(vec![(b"gone".to_vec(), None)])).unwrap();
            assert_eq!(text(&store, "gone"), None);
        }
    });
}

#[test]
fn scans_return_keys_in_order_and_in_pages_that_join() {
    for_each_store(|name, store| {
        let keys: Vec<Vec<u8>> =
            (0..300_u32).map(|at| [b"s/".as_slice(), &at.to_be_bytes()].concat()).collect();
        let mut changes: Vec<_> = keys.iter().rev().map(|key| (key.clone(), Some(key.clone()))).collect();
        for stranger in [&b"s"[..], b"s.", b"s0", b"t", b"\xff\xff"] {
            changes.push((stranger.to_vec(), Some(b"stranger".to_vec())));
        }
        wait(store.write(changes)).unwrap();

        let mut backwards = keys.clone();
        backwards.reverse();
        for limit in [1, 7, 299, 300, 1000] {
            assert_eq!(walk(&store, Scan::prefix("s/").limit(limit)), keys, "{name}, {limit} at a time");
            assert_eq!(walk(&store, Scan::prefix("s/").descending().limit(limit)), backwards, "{name}");
        }
        assert_eq!(walk(&store, Scan::prefix("s/").from(keys[250].clone())), keys[250..], "{name}");
        assert_eq!(
            walk(&store, Scan::prefix("s/").descending().from(keys[9].clone())),
            backwards[290..],
            "{name}"
        );
        assert_eq!(walk(&store, Scan::prefix("nothing")), Vec::<Vec<u8>>::new());
        assert_eq!(walk(&store, Scan::prefix([0xff])), [b"\xff\xff".to_vec()], "{name}");
        let bare = store.scan(&Scan::prefix("s/").keys_only()).unwrap();
        assert!(bare.pairs.len() == 300 && bare.pairs.iter().all(|(_, value)| value.is_empty()), "{name}");
    });
}

fn walk(store: &Store, scan: Scan) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let mut scan = scan;
    loop {
        let page = store.scan(&scan).unwrap();
        keys.extend(page.pairs.into_iter().map(|(key, _)| key));
        match page.next {
            Some(next) => scan = scan.from(next),
            None => return keys,
        }
    }
}

#[test]
fn large_values_come_back_whole_and_leave_nothing_behind_when_replaced() {
    for_each_store(|name, store| {
        let sizes = [0, 1, 32 * 1024, 32 * 1024 + 1, 1024 * 1024 + 3, 5 * 1024 * 1024];
        for (round, size) in sizes.iter().chain(sizes.iter().rev()).enumerate() {
            let value: Vec<u8> = (0..*size).map(|at| (at * 31 + round) as u8).collect();
            put(&store, "large", value.clone());
            assert!(store.get(b"large").unwrap() == Some(value.clone()), "{name}: {size} bytes");
            let page = store.scan(&Scan::prefix("large")).unwrap();
            assert!(page.pairs == [(b"large".to_vec(), value)], "{name}: {size} bytes in a scan");
        }
        wait(store.write(vec![(b"large".to_vec(), None)])).unwrap();
        assert_eq!(walk(&store, Scan::prefix("large")), Vec::<Vec<u8>>::new());
        assert_eq!(store.health().alarms, Vec::<String>::new(), "{name}");
    });
}

#[test]
fn a_scan_over_large_values_stays_small() {
    for_each_store(|name, store| {
        for at in 0..6 {
            put(&store, &format!("big/{at}"), vec![at; 5 * 1024 * 1024]);
        }
        let page = store.scan(&Scan::prefix("big/")).unwrap();
        assert!(page.pairs.len() <= 2 && page.next.is_some(), "{name}: {} at once", page.pairs.len());
        assert_eq!(walk(&store, Scan::prefix("big/")).len(), 6, "{name}");
    });
}

#[test]
fn large_values_survive_reopening() {
    for_each_engine(|kind, dir| {
        let value: Vec<u8> = (0..5_000_000_u32).map(|at| (at % 253) as u8).collect();
        put(&open(kind, dir), "large", value.clone());
        assert!(open(kind, dir).get(b"large").unwrap() == Some(value), "{kind}");
    });
}

#[test]
fn a_value_over_the_limit_is_refused_and_harms_nobody_else() {
    for_each_store(|name, store| {
        let limit = quell_store::engine::VALUE_LIMIT;
        let refused = wait(store.write(vec![(b"huge".to_vec(), Some(vec![0; limit + 1]))]));
        assert!(matches!(refused, Err(StoreError::TooLarge { .. })), "{name}: {refused:?}");
        assert!(store.health().healthy);
        put(&store, "small", "fine");
    });
}

#[test]
fn of_many_who_claim_the_same_key_one_succeeds() {
    for_each_store(|name, store| {
        let store = Arc::new(store);
        let winners = wait(async {
            let claims = (0..200).map(|at: u32| {
                let store = Arc::clone(&store);
                let key = format!("claim/{}", at % 10).into_bytes();
                tokio::spawn(async move { store.claim(key, at.to_be_bytes().to_vec()).await.unwrap() })
            });
            let mut winners = 0;
            for claim in claims.collect::<Vec<_>>() {
                winners += usize::from(claim.await.unwrap().is_none());
            }
            winners
        });
        assert_eq!(winners, 10, "{name}");
    });
}

#[test]
fn the_loser_of_a_claim_learns_who_was_first() {
    for_each_store(|_, store| {
        assert_eq!(wait(store.claim(b"k".to_vec(), b"first".to_vec())).unwrap(), None);
        assert_eq!(wait(store.claim(b"k".to_vec(), b"second".to_vec())).unwrap(), Some(b"first".to_vec()));
        assert_eq!(text(&store, "k").unwrap(), "first");
    });
}

#[test]
fn a_replacement_needs_the_expected_value() {
    for_each_store(|_, store| {
        let replace = |expected: Option<&str>, value: Option<&str>| {
            let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
            wait(store.replace(b"k".to_vec(), bytes(expected), bytes(value))).unwrap()
        };
        assert!(!replace(Some("a"), Some("b")));
        assert!(replace(None, Some("a")));
        assert!(!replace(None, Some("b")));
        assert!(!replace(Some("b"), None));
        assert!(replace(Some("a"), Some("b")));
        assert!(replace(Some("b"), None));
        assert_eq!(text(&store, "k"), None);
    });
}

#[test]
fn counting_by_many_at_once_loses_no_step() {
    for_each_store(|name, store| {
        wait(async {
            let steps = (0..500).map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    let step = store.decide(|view| {
                        let old =
                            view.get(b"count")?.map_or(0, |old| u64::from_be_bytes(old.try_into().unwrap()));
                        view.put(b"count".to_vec(), (old + 1).to_be_bytes().to_vec())?;
                        Ok(old)
                    });
                    step.await.unwrap()
                })
            });
            let mut seen = Vec::new();
            for step in steps.collect::<Vec<_>>() {
                seen.push(step.await.unwrap());
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..500).collect::<Vec<_>>(), "{name}");
        });
    });
}

#[test]
fn a_decision_that_fails_changes_nothing_and_spoils_no_other() {
    for_each_store(|name, store| {
        wait(async {
            let spoiled = (0..60).map(|at: u32| {
                let store = store.clone();
                tokio::spawn(async move {
                    let decide = store.decide(move |view| {
                        view.put(format!("at/{at:02}").into_bytes(), vec![1])?;
                        match at % 3 {
                            0 => Ok(()),
                            1 => Err(StoreError::Closed),
                            _ => panic!("a decision that panics, on purpose"),
                        }
                    });
                    (at, decide.await)
                })
            });
            for task in spoiled.collect::<Vec<_>>() {
                let (at, answer) = task.await.unwrap();
                assert_eq!(answer.is_ok(), at % 3 == 0, "{name}, {at}: {answer:?}");
            }
        });
        let kept = walk(&store, Scan::prefix("at/"));
        let expected: Vec<_> =
            (0..60).filter(|at| at % 3 == 0).map(|at| format!("at/{at:02}").into_bytes()).collect();
        assert_eq!(kept, expected, "{name}");
    });
}

#[test]
fn a_write_goes_on_when_its_waiter_goes_away() {
    for_each_store(|_, store| {
        wait(async {
            let pending = store.write(vec![(b"left".to_vec(), Some(b"x".to_vec()))]);
            tokio::pin!(pending);
            let _ = futures_poll(&mut pending).await;
            store.write(vec![(b"later".to_vec(), Some(b"y".to_vec()))]).await.unwrap();
        });
        assert_eq!(text(&store, "left").unwrap(), "x");
    });
}

/// Polls a future once, and drops it afterwards.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready())
    })
    .await
}

#[test]
fn many_writers_share_a_flush() {
    let disk = MemoryDisk::new();
    let store = Store::in_memory(&disk).unwrap();
    let before = disk.syncs();
    wait(async {
        let gate = Arc::new(tokio::sync::Barrier::new(500));
        let writers = (0..500).map(|at| {
            let (store, gate) = (store.clone(), Arc::clone(&gate));
            tokio::spawn(async move {
                gate.wait().await;
                store.write(vec![(format!("w/{at}").into_bytes(), Some(vec![0; 100]))]).await.unwrap();
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
    assert_eq!(walk(&store, Scan::prefix("w/")).len(), 500);
    let flushes = disk.syncs() - before;
    assert!(flushes < 400, "500 writers made {flushes} flushes");
}

#[test]
fn a_closed_store_says_so() {
    for_each_store(|_, store| {
        let other = store.clone();
        store.close();
        let late = wait(other.write(vec![(b"k".to_vec(), None)]));
        assert!(matches!(late, Err(StoreError::Closed)), "{late:?}");
        assert!(other.get(b"k").is_err());
    });
}
