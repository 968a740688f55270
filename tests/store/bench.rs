//! How fast it is on this machine; printed, not asserted. Run in release, with `-- --ignored --nocapture bench`.

use std::time::Instant;

use quell_run::{Journal, RunFilter, Runs};
use quell_store::{Standing, Store};

use crate::samples::{created, end, new_alert};
use crate::{for_each_engine, open, wait};

#[test]
#[ignore = "prints figures; run it in release"]
fn bench_group_commit() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        for writers in [1, 8, 64, 256] {
            let each = 20_000 / writers;
            let start = Instant::now();
            let store = store.clone();
            many(writers, each, move |writer, at| {
                let store = store.clone();
                async move {
                    let key = format!("{writers}/{writer}/{at}").into_bytes();
                    store.write(vec![(key, Some(vec![7; 1024]))]).await.unwrap();
                }
            });
            let rate = f64::from(writers * each) / start.elapsed().as_secs_f64();
            println!("{kind}: {writers} writers, {rate:.0} acknowledged/s");
        }
    });
}

/// Accepts alerts with a run each and ends the runs, but for one in a hundred; then starts again.
#[test]
#[ignore = "prints figures; run it in release"]
fn bench_runs_and_recovery() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        let mut done = 0;
        for total in [20_000, 100_000] {
            let start = Instant::now();
            let each = (total - done) / 256;
            let accepting = store.clone();
            many(256, each, move |writer, at| accept_and_end(accepting.clone(), done + writer * each + at));
            let rate = f64::from(each * 256) / start.elapsed().as_secs_f64();
            done += each * 256;
            println!("{kind}: {done} runs, {rate:.0} accepted and ended/s");
            let start = Instant::now();
            let open_runs = wait(store.runs().unfinished()).unwrap().len();
            println!("{kind}: {open_runs} unfinished found in {:?}", start.elapsed());
        }
        let bytes = store.disk_bytes().unwrap();
        println!("{kind}: {} bytes on disk for each alert with its run", bytes / u64::from(done));
        drop(store);
        let start = Instant::now();
        let store = open(kind, dir);
        println!("{kind}: opened in {:?}", start.elapsed());
        let start = Instant::now();
        let newest = RunFilter { limit: Some(50), ..RunFilter::default() };
        assert_eq!(wait(store.runs().list(&newest)).unwrap().len(), 50);
        println!("{kind}: the newest 50 in {:?}", start.elapsed());
        let start = Instant::now();
        let verification = wait(store.verify()).unwrap();
        println!("{kind}: {} records looked over in {:?}", verification.records, start.elapsed());
    });
}

async fn accept_and_end(store: Store, number: u32) {
    let (run, alert, at) = (format!("r{number}"), format!("a{number}"), i64::from(number));
    let new = quell_store::NewAlert { raw: vec![b'x'; 3700], ..new_alert(&alert, 1, at) };
    store.alerts().accept(new, Standing::First, vec![created(&run, &alert, at)]).await.unwrap();
    if !number.is_multiple_of(100) {
        store.runs().append(end(&run, &alert, at, 1)).await.unwrap();
    }
}

fn many<F>(writers: u32, each: u32, work: impl Fn(u32, u32) -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send,
{
    wait(async {
        let tasks = (0..writers).map(|writer| {
            let work = work.clone();
            tokio::spawn(async move {
                for at in 0..each {
                    work(writer, at).await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
}
