//! The clockwork, stopped and started at every moment: each moment of a schedule is one run, and none is made twice.

use quell_action::Registry;
use quell_action::exclusion::form::SiteExclusions;
use quell_playbook::{SourceFile, Surroundings, load};
use quell_run::testing::ManualClock;
use quell_run::{EngineParts, Exclusions, Hands, NoJitter, Occasion, RunFilter, Runs, Settings};
use quell_store::engine::memory::{Failing, MemoryDisk};

use super::*;
use crate::archive::StoredPlaybooks;
use crate::exclusions;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A process with one playbook that starts at three in the morning.
async fn process(disk: &MemoryDisk, clock: &ManualClock, missed: &str) -> Clockwork {
    let yaml = format!(
        "language: 1\nplaybook: nightly\ntitle: Nightly\nmode: act\nwhen:\n  schedule: {{ cron: \"0 3 * * *\", timezone: UTC{missed} }}\nsteps:\n  - stop: {{ outcome: done }}\n"
    );
    let registry = Registry::new(&[]).unwrap();
    let catalogue = registry.catalogue();
    let file = SourceFile { name: "nightly.yaml".into(), bytes: yaml.into_bytes() };
    let loaded = load(&[file], &catalogue, &Surroundings::default());
    assert!(loaded.is_usable(), "{:?}", loaded.diagnostics);
    let store = Store::in_memory(disk).unwrap();
    let texts = loaded.playbooks.iter().map(|playbook| crate::wire::text(playbook)).collect();
    store.playbooks().keep(texts).await.unwrap();
    let time: Arc<dyn Clock> = Arc::new(clock.clone());
    let list = exclusions::list(&SiteExclusions::default(), Vec::new(), 60);
    let engine = Engine::new(EngineParts {
        hands: Hands::acting(registry),
        exclusions: Arc::new(Exclusions::new(list)),
        lists: Arc::default(),
        brake: Arc::default(),
        journal: Arc::new(store.runs()),
        archive: Arc::new(StoredPlaybooks::new(store.clone(), catalogue)),
        clock: Arc::clone(&time),
        jitter: Arc::new(NoJitter),
        settings: Settings::default(),
    });
    engine.recover().await.unwrap();
    let matcher = Arc::new(ArcSwap::from_pointee(Matcher::new(loaded.playbooks)));
    Clockwork { store, matcher, engine, clock: time, lists: Arc::default() }
}

/// The moments for which there are runs, in order.
async fn started(clockwork: &Clockwork) -> Vec<String> {
    clockwork.engine.idle().await;
    let mut runs = clockwork.store.runs().list(&RunFilter::default()).await.unwrap();
    runs.sort_by_key(|run| run.started);
    let due = |run: &quell_run::RunSummary| match &run.occasion {
        Occasion::Schedule { due } => due.format("%d %H:%M").to_string(),
        other => panic!("{other:?}"),
    };
    runs.iter().map(due).collect()
}

#[tokio::test]
async fn a_moment_is_one_run_however_often_it_is_looked_at() {
    let (disk, clock) = (MemoryDisk::new(), ManualClock::at(at("2026-03-01T12:00:00Z")));
    let clockwork = process(&disk, &clock, "").await;
    assert_eq!(clockwork.look().await, Some(at("2026-03-02T03:00:00Z")));
    assert!(started(&clockwork).await.is_empty(), "what was before it was loaded was not missed");
    clock.set(at("2026-03-02T02:59:59Z"));
    clockwork.look().await;
    assert!(started(&clockwork).await.is_empty());
    for seconds in ["00", "01", "30"] {
        clock.set(at(&format!("2026-03-02T03:00:{seconds}Z")));
        clockwork.look().await;
    }
    assert_eq!(started(&clockwork).await, ["02 03:00"]);
    clock.set(at("2026-03-03T03:00:05Z"));
    assert_eq!(clockwork.look().await, Some(at("2026-03-04T03:00:00Z")));
    assert_eq!(started(&clockwork).await, ["02 03:00", "03 03:00"]);
}

#[tokio::test]
async fn what_was_missed_is_left_out_or_made_up_for_once() {
    for (missed, expected) in [("", vec!["05 03:00"]), (", missed: once", vec!["04 03:00", "05 03:00"])] {
        let (disk, clock) = (MemoryDisk::new(), ManualClock::at(at("2026-03-01T12:00:00Z")));
        let clockwork = process(&disk, &clock, missed).await;
        clockwork.look().await;
        clockwork.store.close();
        // Nobody looks for three days.
        clock.set(at("2026-03-04T09:00:00Z"));
        let clockwork = process(&disk, &clock, missed).await;
        clockwork.look().await;
        clockwork.look().await;
        clock.set(at("2026-03-05T03:00:01Z"));
        clockwork.look().await;
        assert_eq!(started(&clockwork).await, expected, "{missed}");
    }
}

#[tokio::test]
async fn another_schedule_begins_anew() {
    let (disk, clock) = (MemoryDisk::new(), ManualClock::at(at("2026-03-01T12:00:00Z")));
    process(&disk, &clock, ", missed: once").await.look().await;
    let clockwork = process(&disk, &clock, ", missed: once").await;
    let seen = Seen { schedule: "0 4 * * * UTC".into(), until: at("2026-01-01T00:00:00Z") };
    clockwork
        .store
        .schedules()
        .note(&quell_playbook::model::PlaybookName("nightly".into()), seen)
        .await
        .unwrap();
    clockwork.look().await;
    assert!(started(&clockwork).await.is_empty(), "nothing of the new schedule was missed");
}

#[tokio::test]
async fn power_that_goes_at_any_write_makes_no_second_run_and_loses_none() {
    for from in 1..=12 {
        for half_done in [false, true] {
            let (disk, clock) = (MemoryDisk::new(), ManualClock::at(at("2026-03-01T12:00:00Z")));
            let clockwork = process(&disk, &clock, ", missed: once").await;
            clockwork.look().await;
            clock.set(at("2026-03-02T03:00:00Z"));
            disk.fail(Failing { from, count: u64::MAX, half_done });
            clockwork.look().await;
            clockwork.engine.stop_now();
            clockwork.store.close();
            disk.cut_power();
            disk.mend();
            let clockwork = process(&disk, &clock, ", missed: once").await;
            clockwork.look().await;
            clockwork.look().await;
            assert_eq!(started(&clockwork).await, ["02 03:00"], "write {from}, half done: {half_done}");
        }
    }
}

#[tokio::test]
async fn the_clock_starts_nothing_that_is_disabled() {
    let (disk, clock) = (MemoryDisk::new(), ManualClock::at(at("2026-03-01T12:00:00Z")));
    let clockwork = process(&disk, &clock, "").await;
    clockwork.look().await;
    let disabled = |playbook: &Arc<Playbook>| {
        let mut playbook = Playbook::clone(playbook);
        playbook.mode = Mode::Disabled;
        Arc::new(playbook)
    };
    let playbooks: Vec<_> = clockwork.matcher.load().playbooks().iter().map(disabled).collect();
    clockwork.matcher.store(Arc::new(Matcher::new(playbooks)));
    clock.set(at("2026-03-02T03:00:05Z"));
    assert_eq!(clockwork.look().await, None);
    assert!(started(&clockwork).await.is_empty());
}
