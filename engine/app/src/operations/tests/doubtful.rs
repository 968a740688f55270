//! What was decided and started is carried out, whoever asked for it has gone, and also where the write that says so was
//! reported as failed.

use quell_action::Registry;
use quell_action::lists::ListEntry;
use quell_run::{EngineParts, Hands, RunStatus, Settings};

use super::*;
use crate::archive::StoredPlaybooks;
use crate::lists::SiteLists;
use crate::random::SystemJitter;

const BY_ALERT: &str = "language: 1
playbook: by-alert
title: By alert
mode: act
when:
  manual: true
  alert:
    all:
      - alert.severity: { at_least: low }
steps:
  - stop: { outcome: done }
";

/// An engine whose store lies on this disk, with a playbook.
async fn on_disk(folder: &TempDir, disk: &MemoryDisk) -> Arc<App> {
    with_playbook(folder, disk, "by-alert", BY_ALERT).await
}

pub(super) async fn with_playbook(folder: &TempDir, disk: &MemoryDisk, name: &str, text: &str) -> Arc<App> {
    fs::create_dir_all(folder.path().join("playbooks")).unwrap();
    fs::write(folder.path().join(format!("playbooks/{name}.yaml")), text).unwrap();
    let mut app = Arc::into_inner(app(folder).await).unwrap();
    app.store.close();
    app.store = Store::in_memory(disk).unwrap();
    app.engine = quell_run::Engine::new(EngineParts {
        hands: Hands::acting(Registry::new(&[]).unwrap()),
        exclusions: Arc::clone(&app.exclusions),
        lists: app.lists.handle(),
        brake: Arc::clone(&app.brake),
        journal: Arc::new(app.store.runs()),
        archive: Arc::new(StoredPlaybooks::new(app.store.clone(), app.catalogue.clone())),
        clock: Arc::clone(&app.clock),
        jitter: Arc::new(SystemJitter),
        settings: Settings::default(),
    });
    app.playbooks_loaded().await.unwrap();
    Arc::new(app)
}

fn alert() -> Submission {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bytes = fs::read(root.join("examples/alerts/01-dcsync.json")).unwrap();
    Submission { by: "ann".into(), origin: None, bytes }
}

fn by_hand() -> StartOrder {
    let order = json!({ "playbook": "by-alert", "inputs": {}, "by": "ann", "ticket": "1", "dry": false });
    serde_json::from_value(order).unwrap()
}

/// Returns once there is one run, and it has come to its end.
async fn one_run_ends(app: &App, what: &str) {
    let ends = async {
        loop {
            let runs = app.store.runs().list(&RunFilter::default()).await.unwrap_or_default();
            assert!(runs.len() <= 1, "{what}");
            if runs.iter().any(|run| run.status == RunStatus::Finished) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONGEST, ends).await.unwrap_or_else(|_| panic!("{what}: nobody drives the run"));
}

/// The first write is not the only one that may be reported as failed. Where it was not written, nothing begins.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_disk_though_it_was_reported_as_failed_is_carried_out() {
    for failing in 1..=2 {
        let fail = Failing { from: failing, count: 1, half_done: true };
        let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
        let app = on_disk(&folder, &disk).await;
        let local = Local::new(Arc::clone(&app));
        disk.fail(fail);
        assert_eq!(local.submit(&alert()).await.unwrap_err().kind, RefusalKind::Unavailable);
        one_run_ends(&app, "sent in").await;
        assert!(matches!(local.submit(&alert()).await.unwrap()[0], Submitted::Repeated { .. }));
        app.store.close();

        let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
        let app = on_disk(&folder, &disk).await;
        let local = Local::new(Arc::clone(&app));
        disk.fail(fail);
        let refused = local.start(&by_hand()).await.unwrap_err();
        assert_eq!(refused.kind, RefusalKind::Unavailable);
        assert!(refused.message.contains("quell runs show"), "{refused}");
        one_run_ends(&app, "started by hand").await;
        app.store.close();
    }
}

/// One thread: what is asked for cannot get far before whoever asks has gone.
#[tokio::test]
async fn a_run_is_driven_though_whoever_started_it_has_gone() {
    for what in ["sent in", "started by hand"] {
        let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
        let app = on_disk(&folder, &disk).await;
        let local = Local::new(Arc::clone(&app));
        let is_there = match what {
            "sent in" => poll_immediate(local.submit(&alert())).await.is_some(),
            _ => poll_immediate(local.start(&by_hand())).await.is_some(),
        };
        assert!(!is_there, "{what}");
        one_run_ends(&app, what).await;
        app.store.close();
    }
}

/// Nobody has to ask again: whatever the note says by then is what the brake does.
#[tokio::test(start_paused = true)]
async fn a_pause_and_its_end_count_before_long_though_they_were_reported_as_failed() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let app = on_disk(&folder, &disk).await;
    let (local, stop) = (Local::new(Arc::clone(&app)), CancellationToken::new());
    let pause = PauseOrder { by: "ann".into(), because: "Too much at once".into() };
    let half_done = Failing { from: 1, count: 1, half_done: true };
    let test = async {
        disk.fail(half_done);
        assert!(local.pause(&pause).await.is_err());
        brakes(&app, true).await;
        disk.fail(half_done);
        assert!(local.resume("bob").await.is_err());
        brakes(&app, false).await;
    };
    tokio::select! {
        () = watch::exclusions(&app, &stop) => {}
        () = test => {}
    }
    app.store.close();
}

#[tokio::test(start_paused = true)]
async fn an_entry_of_a_list_counts_before_long_though_it_was_reported_as_failed() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let mut app = Arc::into_inner(on_disk(&folder, &disk).await).unwrap();
    fs::write(folder.path().join("quell.yaml"), format!("{SITE}lists: {{ vip: {{}} }}\n")).unwrap();
    let site = config::read(Some(&folder.path().join("quell.yaml"))).unwrap();
    app.lists = Arc::new(SiteLists::open(&site, app.store.clone(), Arc::clone(&app.clock)).await);
    let stop = CancellationToken::new();
    let app = Arc::new(app);
    let test = async {
        disk.fail(Failing { from: 1, count: 1, half_done: true });
        assert!(app.lists.add("vip", vec![ListEntry::new("bob").unwrap()], "ann").await.is_err());
        app.store.healthy().await.unwrap();
        let began = tokio::time::Instant::now();
        while app.lists.handle().now().get("vip").unwrap().entry("bob").is_none() {
            assert!(began.elapsed() < Duration::from_secs(10_000), "the watch does not see to it");
            tokio::time::sleep(Duration::from_secs(1)).await;
            app.store.write(Vec::new()).await.unwrap();
        }
    };
    tokio::select! {
        () = watch::exclusions(&app, &stop) => {}
        () = test => {}
    }
    app.store.close();
}

/// Whoever puts the list together just then has read too early to know what became of the write.
#[tokio::test]
async fn a_doubt_that_comes_up_while_the_list_is_put_together_stays() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder).await;
    let renewing = loop {
        let mut renewing = Box::pin(app.renew_exclusions());
        if poll_immediate(renewing.as_mut()).await.is_none() {
            break renewing;
        }
    };
    app.doubt_exclusions();
    renewing.await.unwrap();
    assert!(app.exclusions_are_stale());
    app.renew_exclusions().await.unwrap();
    assert!(!app.exclusions_are_stale());
    app.store.close();
}

/// Returns once the watch has put the brake on, or has let it go.
async fn brakes(app: &App, is_on: bool) {
    app.store.healthy().await.unwrap();
    let began = tokio::time::Instant::now();
    while app.brake.is_on() != is_on {
        assert!(began.elapsed() < Duration::from_secs(10_000), "the watch does not see to it");
        tokio::time::sleep(Duration::from_secs(1)).await;
        // Whatever the watch has asked of the store comes first.
        app.store.write(Vec::new()).await.unwrap();
    }
}
