//! The first half of an alert's path, broken at every position: each write that fails, each moment at which the power
//! goes. Whatever happens, each alert is decided once and each decision is carried out once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use parking_lot::Mutex;
use quell_action::Registry;
use quell_action::exclusion::form::SiteExclusions;
use quell_alert::Timestamp;
use quell_ingest::{Acceptance, FileSettings, FileSource, Input, Receipt, SourceHealth};
use quell_playbook::Matcher;
use quell_run::{Clock, Engine, EngineParts, Exclusions, Hands, Origin, RunFilter, Runs, Settings};
use quell_store::Store;
use quell_store::engine::memory::{Failing, MemoryDisk};
use tokio::sync::Notify;

use super::*;
use crate::archive::StoredPlaybooks;
use crate::clock::SystemClock;
use crate::random::SystemJitter;
use crate::{exclusions, playbooks};

mod once;
mod parts;
mod versions;

/// DCSync by bob, the same alert twice and a newer version of it, a record that cannot be read with one that can.
const ALERTS: [&str; 4] =
    ["01-dcsync.json", "06-risky-sign-in.json", "11-same-alert-again.jsonl", "13-broken-line.jsonl"];

/// Waits pass fifty times as fast. How long a call may take is no wait: the machine is as slow as it is, and a call that
/// was given up three times would leave its task to a person.
struct Hasty;

/// What is longer is a limit of time.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

#[async_trait]
impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    async fn sleep(&self, wait: Duration) {
        SystemClock.sleep(if wait < LONGEST_WAIT { wait / 50 } else { wait }).await;
    }
}

/// A source that remembers what was given back, and may have lost its partitions.
struct Watched {
    source: FileSource,
    lost: bool,
    given_back: Mutex<Vec<Receipt>>,
}

#[async_trait]
impl AlertSource for Watched {
    async fn fetch(&self, most: usize) -> Result<Option<Vec<Delivery>>, IngestError> {
        self.source.fetch(most).await
    }

    fn accept(&self, receipts: &[Receipt]) -> Acceptance {
        self.given_back.lock().extend_from_slice(receipts);
        self.source.accept(receipts)
    }

    fn is_current(&self, receipt: &Receipt) -> bool {
        !self.lost && self.source.is_current(receipt)
    }

    fn health(&self) -> SourceHealth {
        self.source.health()
    }

    async fn close(&self, deadline: Duration) -> Result<(), IngestError> {
        self.source.close(deadline).await
    }
}

/// Dead letters that fail so many times first.
#[derive(Debug, Default)]
struct Letters {
    failures: AtomicU32,
    failed: Notify,
    written: Mutex<Vec<DeadLetter>>,
}

#[async_trait]
impl DeadLetters for Letters {
    async fn write(&self, letters: &[DeadLetter]) -> Result<(), IngestError> {
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        {
            self.failed.notify_one();
            return Err(IngestError::Settings { key: "letters".into(), problem: "fail on demand".into() });
        }
        self.written.lock().extend_from_slice(letters);
        Ok(())
    }

    fn place(&self) -> String {
        "memory".into()
    }
}

/// One process: it ends when it is dropped.
struct Process {
    pipeline: Pipeline,
    source: Arc<Watched>,
    letters: Arc<Letters>,
}

impl Process {
    async fn start(disk: &MemoryDisk, folder: &Path, lost: bool) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let alerts = ALERTS.map(|name| root.join("examples/alerts").join(name));
        Self::with(disk, folder, lost, &root.join("examples/quickstart/playbooks"), alerts.into()).await
    }

    async fn with(
        disk: &MemoryDisk,
        folder: &Path,
        lost: bool,
        playbooks: &Path,
        alerts: Vec<PathBuf>,
    ) -> Self {
        let lab = quell_connectors::find("lab").unwrap();
        let connection = lab.connect("lab", serde_json::json!({ "folder": folder })).await.unwrap();
        let registry = Registry::new(&[connection]).unwrap();
        let catalogue = registry.catalogue();
        let loaded = playbooks::load_from(playbooks, &catalogue, None).unwrap();
        assert!(loaded.is_usable());
        let store = Store::in_memory(disk).unwrap();
        store
            .playbooks()
            .keep(loaded.playbooks.iter().map(|playbook| crate::wire::text(playbook)).collect())
            .await
            .unwrap();
        let list = exclusions::list(&SiteExclusions::default(), Vec::new(), 60);
        let clock: Arc<dyn Clock> = Arc::new(Hasty);
        let engine = Engine::new(EngineParts {
            hands: Hands::acting(registry),
            exclusions: Arc::new(Exclusions::new(list)),
            lists: Arc::default(),
            brake: Arc::default(),
            journal: Arc::new(store.runs()),
            archive: Arc::new(StoredPlaybooks::new(store.clone(), catalogue)),
            clock: Arc::clone(&clock),
            jitter: Arc::new(SystemJitter),
            settings: Settings::default(),
        });
        engine.recover().await.unwrap();
        let files: Vec<Input> = alerts.into_iter().map(Input::Path).collect();
        let source = FileSource::start(&FileSettings::new(files), None).unwrap();
        let source = Arc::new(Watched { source, lost, given_back: Mutex::default() });
        let letters = Arc::new(Letters::default());
        let decider = Decider {
            store,
            matcher: Arc::new(ArcSwap::from_pointee(Matcher::new(loaded.playbooks))),
            lists: Arc::default(),
            engine,
            clock,
            origin: Origin::Live,
            dry: false,
        };
        let pipeline = Pipeline { source: source.clone(), letters: letters.clone(), decider };
        Self { pipeline, source, letters }
    }

    /// Takes everything in and does it.
    async fn finish(&self) -> Tally {
        let tally = self.pipeline.run(&CancellationToken::new()).await.unwrap();
        self.pipeline.decider.engine.idle().await;
        tally
    }

    /// How often each playbook started for each alert, and how often each thing was changed for each account. What may be
    /// repeated without harm, and cannot be read back (ended sessions), counts once.
    async fn done(&self, folder: &Path) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
        let mut runs = BTreeMap::new();
        for run in self.pipeline.decider.store.runs().list(&RunFilter::default()).await.unwrap() {
            assert!(!run.open || run.finish.is_some(), "{} {} has no end", run.playbook.name, run.alert);
            assert_eq!(run.counts.attention, 0, "{} {} is left to a person", run.playbook.name, run.alert);
            *runs.entry(format!("{} {}", run.playbook.name, run.alert)).or_default() += 1;
        }
        let world: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.join("lab.json")).unwrap_or_default())
                .unwrap_or_default();
        let mut effects = BTreeMap::new();
        for change in world["history"].as_array().into_iter().flatten() {
            let key = format!("{} {} {}", change["provider"], change["of"], change["attribute"]);
            let repeatable = ["sessions", "sign_in"].iter().any(|name| change["attribute"] == *name);
            let times: &mut usize = effects.entry(key).or_default();
            *times = if repeatable { 1 } else { *times + 1 };
        }
        (runs, effects)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_decided_once_and_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&MemoryDisk::new(), folder.path(), false).await;
    let tally = process.finish().await;
    assert_eq!((tally.alerts, tally.repeated, tally.refused), (4, 1, 1), "{tally:?}");
    let letter = process.letters.written.lock().pop().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sent = fs::read_to_string(root.join("examples/alerts/13-broken-line.jsonl")).unwrap();
    assert_eq!(
        Some(letter.bytes.trim_ascii()),
        sent.lines().next().map(str::as_bytes),
        "its bytes untouched"
    );
    assert_eq!(process.source.given_back.lock().len() as u64, process.source.health().accepted);
    assert_eq!(process.source.health().in_flight, 0);
    let (runs, effects) = process.done(folder.path()).await;
    assert!(runs.len() >= 2 && runs.values().all(|times| *times == 1), "{runs:?}");
    assert!(effects.len() >= 3 && effects.values().all(|times| *times == 1), "{effects:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_at_any_write_loses_and_repeats_nothing() {
    let (writes, expected) = undisturbed().await;
    let positions = (1..=writes).flat_map(|from| [(from, false), (from, true)]);
    // Side by side: most of the time is spent waiting for the disk to be tried again.
    stream::iter(positions)
        .for_each_concurrent(16, async |(from, half_done)| {
            let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
            let process = Process::start(&disk, folder.path(), false).await;
            disk.fail(Failing { from, count: 2, half_done });
            process.finish().await;
            assert_eq!(process.source.health().in_flight, 0, "write {from}");
            assert_eq!(process.done(folder.path()).await, expected, "write {from}, half done: {half_done}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_that_goes_at_any_write_loses_and_repeats_nothing() {
    let (writes, expected) = undisturbed().await;
    for from in 1..=writes {
        let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
        let process = Process::start(&disk, folder.path(), false).await;
        disk.fail(Failing { from, count: u64::MAX, half_done: true });
        let stop = CancellationToken::new();
        let mut running = Box::pin(process.pipeline.run(&stop));
        // Until it stands before the disk that is gone, however far it came.
        let _ = tokio::time::timeout(Duration::from_millis(80), &mut running).await;
        drop(running);
        process.pipeline.decider.engine.stop_now();
        process.pipeline.decider.engine.shut_down(Duration::ZERO).await;
        process.pipeline.decider.store.close();
        disk.cut_power();
        disk.mend();
        let process = Process::start(&disk, folder.path(), false).await;
        process.finish().await;
        assert_eq!(process.done(folder.path()).await, expected, "power gone at write {from}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_not_given_back_before_its_dead_letter_is_safe() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&MemoryDisk::new(), folder.path(), false).await;
    process.letters.failures.store(u32::MAX, Ordering::SeqCst);
    let stop = CancellationToken::new();
    let mut running = Box::pin(process.pipeline.run(&stop));
    let all_but_one = async {
        process.letters.failed.notified().await;
        while process.source.health().in_flight != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        done = &mut running => panic!("the record that cannot be read was given back: {done:?}"),
        waited = tokio::time::timeout(Duration::from_secs(60), all_but_one) => waited.expect("nothing else waits"),
    }
    let _ = tokio::time::timeout(Duration::from_millis(300), &mut running).await;
    assert_eq!(process.source.health().in_flight, 1, "the record that cannot be read, and nothing else");
    process.letters.failures.store(2, Ordering::SeqCst);
    running.await.unwrap();
    assert_eq!(process.source.health().in_flight, 0);
    assert_eq!(process.letters.written.lock().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_which_a_part_is_not_safe_is_not_given_back_when_the_program_stops() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let good = fs::read_to_string(root.join("examples/alerts/01-dcsync.json")).unwrap();
    let message = folder.path().join("message.json");
    fs::write(&message, format!(r#"[{good}, {{"Type": "SecurityAlert", "AlertName": 7}}]"#)).unwrap();
    let playbooks = root.join("examples/quickstart/playbooks");
    let process = Process::with(&MemoryDisk::new(), folder.path(), false, &playbooks, vec![message]).await;
    process.letters.failures.store(u32::MAX, Ordering::SeqCst);
    let stop = CancellationToken::new();
    let stopping = async {
        process.letters.failed.notified().await;
        stop.cancel();
    };
    let (tally, ()) = tokio::join!(process.pipeline.run(&stop), stopping);
    let tally = tally.unwrap();
    assert_eq!((tally.alerts, tally.refused), (1, 0), "one record is safe, the other is not: {tally:?}");
    assert!(process.source.given_back.lock().is_empty());
    assert_eq!(process.source.health().in_flight, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_whose_record_is_damaged_is_a_dead_letter_and_holds_up_nothing() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    Process::start(&disk, folder.path(), false).await.finish().await;
    // The versions are forgotten, so that each alert is one more version of something that cannot be read.
    disk.tamper(|pairs| {
        pairs.retain(|key, _| !key.starts_with(b"alert/version/"));
        for (_, value) in pairs.iter_mut().filter(|(key, _)| key.starts_with(b"alert/head/")) {
            if let Some(last) = value.last_mut() {
                *last ^= 0xff;
            }
        }
    });
    let process = Process::start(&disk, folder.path(), false).await;
    let tally = process.finish().await;
    assert_eq!((tally.alerts, tally.repeated, tally.runs), (0, 0, 0), "nothing is decided anew: {tally:?}");
    let letters = process.letters.written.lock();
    assert_eq!(letters.iter().filter(|letter| letter.reason.contains("damaged")).count(), 5, "{letters:?}");
    assert_eq!(process.source.health().in_flight, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_belongs_to_another_consumer_by_now_is_left_to_it() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let process = Process::start(&disk, folder.path(), true).await;
    // What is not given back is not at its end either.
    let stop = CancellationToken::new();
    let _ = tokio::time::timeout(Duration::from_millis(300), process.pipeline.run(&stop)).await;
    assert!(process.source.given_back.lock().is_empty());
    assert_eq!(process.done(folder.path()).await, Default::default());
}

/// How many writes it takes where nothing goes wrong, and what comes of it.
async fn undisturbed() -> (u64, (BTreeMap<String, usize>, BTreeMap<String, usize>)) {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let process = Process::start(&disk, folder.path(), false).await;
    let before = disk.operations();
    process.finish().await;
    (disk.operations() - before, process.done(folder.path()).await)
}
