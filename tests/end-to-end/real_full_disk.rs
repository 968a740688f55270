//! A disk that is full, really. The engine says so, takes nothing in and touches nobody, and goes on by itself when
//! there is room. Mounting a small disk needs root; without it these tests fail.

use std::time::{Duration, Instant};

use quell_tests::directory::audit;
use quell_tests::directory::people::Admin;
use quell_tests::small_disk::SmallDisk;

use crate::alert::{by_sid, dcsync};
use crate::site::{Site, assert_disabled, assert_untouched};

/// The engine keeps 64 MiB in reserve.
const MEGABYTES: u32 = 128;

#[tokio::test]
async fn a_full_disk_under_the_state_folder_stops_the_engine_from_accepting_and_room_lets_it_go_on() {
    for store in ["sled", "redb"] {
        let mut admin = Admin::new().await;
        let person = admin.person(&format!("q-d-{store}")).await;
        let disk = SmallDisk::mount(MEGABYTES);
        let site = Site::with(|form| {
            form.state = disk.path().join("state");
            form.store = store;
        })
        .await;
        let mut engine = site.engine().await;
        let before = dcsync(by_sid("S-1-5-21-1-2-3-4444"));
        let offset = site.produce(&before).await;
        site.finished(&before).await;
        site.until_committed(offset + 1).await;

        let ballast = disk.fill();
        let alert = dcsync(by_sid(&person.sid));
        let last = site.produce(&alert).await;
        let full = engine.until("health says that the disk is full", async |engine| {
            engine.part("store").await.filter(|(well, _)| !well).map(|(_, note)| note)
        });
        let note = full.await;
        assert!(note.contains("disk") && note.contains("make room"), "{note}");
        assert_eq!(engine.get("/readyz").await.unwrap().0, 503);
        assert_eq!(engine.get("/healthz").await.unwrap().0, 200);
        engine.until_said("cannot be accepted").await;
        // What was recorded before can still be read; what came now is neither acknowledged nor acted on.
        assert_eq!(site.runs_of(&before).await.len(), 1);
        assert!(site.runs_of(&alert).await.is_empty());
        assert_eq!(site.committed(), Some(last));
        assert_untouched(&person).await;

        std::fs::remove_file(ballast).unwrap();
        site.finished(&alert).await;
        assert_disabled(&mut admin, &person).await;
        assert_eq!(audit::changes(&person, "userAccountControl"), 1);
        site.until_committed(last + 1).await;
        engine.until_ready().await;
        engine.stop().await;
        drop(disk);
    }
}

#[tokio::test]
async fn killed_and_started_on_a_full_disk_it_says_so_and_loses_nothing() {
    let mut admin = Admin::new().await;
    let person = admin.person("q-d-restart").await;
    let disk = SmallDisk::mount(MEGABYTES);
    let site = Site::with(|form| form.state = disk.path().join("state")).await;
    let mut engine = site.engine().await;
    let ballast = disk.fill();
    let alert = dcsync(by_sid(&person.sid));
    let last = site.produce(&alert).await;
    engine.until_said("cannot be accepted").await;
    engine.kill().await;

    let engine = site.run();
    let said = engine.said.clone();
    let status = engine.ended().await;
    assert_eq!(status.code(), Some(3));
    let words = said.lock().join("\n");
    assert!(words.contains("make room"), "{words}");
    assert_untouched(&person).await;

    std::fs::remove_file(ballast).unwrap();
    let engine = site.engine().await;
    site.finished(&alert).await;
    assert_disabled(&mut admin, &person).await;
    assert_eq!(audit::changes(&person, "userAccountControl"), 1);
    site.until_committed(last + 1).await;
    engine.stop().await;
}

#[tokio::test]
async fn a_full_disk_keeps_the_log_small_however_many_alerts_wait() {
    let disk = SmallDisk::mount(MEGABYTES);
    let site = Site::with(|form| form.state = disk.path().join("state")).await;
    let mut engine = site.engine().await;
    let ballast = disk.fill();
    const WAITING: usize = 200;
    let alerts: Vec<_> = (0..WAITING).map(|_| dcsync(by_sid("S-1-5-21-1-2-3-4444")).bytes()).collect();
    // All of them come at once to an engine that wakes up, and are one batch.
    engine.signal("STOP").await;
    site.broker.send_all(&site.form.topic, &alerts).await;
    engine.signal("CONT").await;
    // Everything that is read ahead waits and is tried again; that must not be said for each of them each time.
    let began = Instant::now();
    engine
        .until("it has tried for a while", async |engine| {
            let (well, _) = engine.part("store").await?;
            (!well && began.elapsed() > Duration::from_secs(4)).then_some(())
        })
        .await;
    let lines = engine.said.lock().len();
    assert!(lines < 100, "{lines} lines for {WAITING} alerts:\n{}", engine.log());
    std::fs::remove_file(ballast).unwrap();
    site.until_committed(WAITING as i64).await;
    engine.until_ready().await;
    engine.stop().await;
}
