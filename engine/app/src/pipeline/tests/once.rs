//! `once_per`, from alerts that come at once to one run: whatever fails, none of them is lost, and none starts a second.

use quell_run::RunSummary;

use super::*;

const PLAYBOOK: &str = "language: 1
playbook: once
title: Once for each person
mode: act
when:
  alert:
    all:
      - alert.severity: { at_least: low }
once_per: { key: [alert.type, account], within: 4h }
for_each: account
steps:
  - do: account.disable
    at: [active_directory]
";

/// How many alerts say the same of the same person.
const MANY: usize = 12;

/// A folder with the playbook and many alerts of one kind about one person.
fn site() -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("playbooks")).unwrap();
    fs::write(folder.path().join("playbooks/once.yaml"), PLAYBOOK).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bytes = fs::read(root.join("examples/alerts/01-dcsync.json")).unwrap();
    let mut alert: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let files = (0..MANY).map(|number| {
        let id = format!("0000000{number:x}-0000-4000-8000-00000000000{number:x}");
        for key in ["SystemAlertId", "VendorOriginalId"] {
            alert[key] = id.clone().into();
        }
        let file = folder.path().join(format!("alert-{number}.json"));
        fs::write(&file, alert.to_string()).unwrap();
        file
    });
    let files = files.collect();
    (folder, files)
}

async fn start(disk: &MemoryDisk, site: &Path, alerts: &[PathBuf]) -> Process {
    Process::with(disk, site, false, &site.join("playbooks"), alerts.to_vec()).await
}

/// The one run, with every other alert attached to it; and the account changed once.
async fn is_as_it_should(process: &Process, site: &Path, what: &str) {
    let runs = process.pipeline.decider.store.runs();
    let all: Vec<RunSummary> = runs.list(&RunFilter::default()).await.unwrap();
    assert_eq!(all.len(), 1, "{what}");
    assert_eq!(runs.attached(&all[0].id).await.unwrap().len(), MANY - 1, "{what}");
    let (_, effects) = process.done(site).await;
    assert_eq!(effects.values().copied().collect::<Vec<_>>(), [1], "{what}: {effects:?}");
    assert!(process.pipeline.decider.store.audit().verify(None).await.unwrap().broken.is_none(), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_that_come_at_once_start_one_run_and_none_is_lost() {
    let (site, alerts) = site();
    let process = start(&MemoryDisk::new(), site.path(), &alerts).await;
    let tally = process.finish().await;
    assert_eq!((tally.alerts, tally.runs, tally.attached), (MANY as u64, 1, MANY as u64 - 1), "{tally:?}");
    is_as_it_should(&process, site.path(), "undisturbed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_that_goes_at_any_write_starts_no_second_run() {
    for from in 1..=12 {
        let (disk, (site, alerts)) = (MemoryDisk::new(), site());
        let process = start(&disk, site.path(), &alerts).await;
        disk.fail(Failing { from, count: u64::MAX, half_done: true });
        let stop = CancellationToken::new();
        let mut running = Box::pin(process.pipeline.run(&stop));
        let _ = tokio::time::timeout(Duration::from_millis(80), &mut running).await;
        drop(running);
        process.pipeline.decider.engine.stop_now();
        process.pipeline.decider.engine.shut_down(Duration::ZERO).await;
        process.pipeline.decider.store.close();
        disk.cut_power();
        disk.mend();
        let process = start(&disk, site.path(), &alerts).await;
        process.finish().await;
        is_as_it_should(&process, site.path(), &format!("power gone at write {from}")).await;
    }
}
