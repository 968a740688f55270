//! How fast it is on this machine; printed, not asserted. Run with `--ignored --nocapture bench`.

use std::time::Instant;

use crate::{for_each_engine, open, wait};

#[test]
#[ignore = "prints figures; run it in release"]
fn bench_group_commit() {
    for_each_engine(|kind, dir| {
        let store = open(kind, dir);
        for writers in [1, 8, 64, 256] {
            let each = 20_000 / writers;
            let start = Instant::now();
            wait(async {
                let tasks = (0..writers).map(|writer: u32| {
                    let store = store.clone();
                    tokio::spawn(async move {
                        for at in 0..each {
                            let key = format!("{writers}/{writer}/{at}").into_bytes();
                            store.write(vec![(key, Some(vec![7; 1024]))]).await.unwrap();
                        }
                    })
                });
                for task in tasks.collect::<Vec<_>>() {
                    task.await.unwrap();
                }
            });
            let seconds = start.elapsed().as_secs_f64();
            println!("{kind}: {writers} writers, {:.0} acknowledged/s", f64::from(writers * each) / seconds);
        }
    });
}
