//! What is in force of the exclusion file is on record, if not at once then before long.

use quell_action::exclusion::form::SiteExclusions;

use super::*;

/// An engine whose store lies on this disk.
async fn on_disk(folder: &TempDir, disk: &MemoryDisk) -> Arc<App> {
    let mut app = Arc::into_inner(app(folder).await).unwrap();
    app.store.close();
    app.store = Store::in_memory(disk).unwrap();
    Arc::new(app)
}

/// How many lines came and went, change by change.
pub(super) async fn changes(app: &App) -> Vec<(usize, usize)> {
    let log = app.store.audit().export(0, 99).await.unwrap_or_default();
    let of_file = |record: &AuditRecord| match &record.what {
        Audited::ExclusionFile { added, removed, .. } => Some((added.len(), removed.len())),
        _ => None,
    };
    log.iter().filter_map(|one| of_file(&one.record)).collect()
}

/// The next engine finds it on record, and notes what has changed while none was there.
#[tokio::test]
async fn what_was_changed_while_no_engine_was_there_is_noted_at_its_start() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("playbooks")).unwrap();
    app(&folder).await.store.close();
    let mut noted = Vec::new();
    // Where in the file somebody stands is no news.
    for who in [&["alice"][..], &["alice"], &["bob", "alice"]] {
        exclude_in_file(folder.path(), who);
        let site = config::read(Some(&folder.path().join("quell.yaml"))).unwrap();
        let app = App::open(site, Reach::Acting).await.unwrap();
        noted = changes(&app).await;
        app.store.close();
    }
    assert_eq!(noted, [(1, 0), (1, 0)]);
}

/// A protection that does not hold here is as much news as an entry that is gone.
#[test]
fn what_is_lifted_is_a_line_of_its_own() {
    let krbtgt = quell_action::Protected::Krbtgt;
    let site = SiteExclusions { lifted: vec![(krbtgt, "A drill".into())], ..SiteExclusions::default() };
    let lines = crate::exclusions::lines(&site);
    assert_eq!(lines, [json!({ "lift": krbtgt, "because": "A drill" })]);
}

/// Returns once so many changes are on record.
async fn are_noted(app: &App, count: usize) {
    let began = tokio::time::Instant::now();
    while changes(app).await.len() < count {
        assert!(began.elapsed() < Duration::from_secs(10_000), "the watch does not see to it");
        tokio::time::sleep(Duration::from_secs(1)).await;
        app.store.healthy().await.unwrap();
        // Whatever the watch has asked of the store comes first.
        let _may_fail_now = app.store.write(Vec::new()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_could_not_be_noted_counts_and_is_noted_later() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let app = on_disk(&folder, &disk).await;
    let stop = CancellationToken::new();
    exclude_in_file(folder.path(), &["alice"]);
    let test = async {
        // The watch has read the file by then, and sees no reason to read it again.
        are_noted(&app, 1).await;
        disk.fail(Failing { from: 1, count: 1, half_done: false });
        exclude_in_file(folder.path(), &["bob", "carol"]);
        are_noted(&app, 2).await;
    };
    tokio::select! {
        () = watch::exclusions(&app, &stop) => {}
        () = test => {}
    }
    assert_eq!(in_force(&app), ["The file says so"; 2]);
    app.note_file_in_force().await;
    assert_eq!(changes(&app).await, [(1, 0), (2, 1)]);
    app.store.close();
}

/// Nobody is told that it is not in force because it could not be noted.
#[tokio::test]
async fn a_file_that_could_not_be_noted_was_read_all_the_same() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let app = on_disk(&folder, &disk).await;
    exclude_in_file(folder.path(), &["alice"]);
    disk.fail(Failing { from: 1, count: u64::MAX, half_done: false });
    assert_eq!(app.reload_exclusions().await.unwrap(), 1);
    assert_eq!(in_force(&app), ["The file says so"]);
    let health = Local::new(Arc::clone(&app)).health().await;
    let store = health.parts.iter().find(|part| part.name == "store").unwrap();
    assert!(!store.well && !health.ready, "{store:?}");
    app.store.close();
}

/// The record says what is in force, and not what was to be.
#[tokio::test]
async fn a_file_is_noted_when_it_has_come_into_force_and_not_before() {
    let (disk, folder) = (MemoryDisk::new(), tempfile::tempdir().unwrap());
    let app = on_disk(&folder, &disk).await;
    let first = Local::new(Arc::clone(&app)).exclude(&entry("carol")).await.unwrap();
    let found = app.store.scan(&Scan::prefix("exclusion/")).unwrap().pairs;
    let id = first.id.0.as_bytes();
    let is_hers = |(key, _): &(Vec<u8>, Vec<u8>)| key.windows(id.len()).any(|part| part == id);
    let (key, whole) = found.into_iter().find(is_hers).unwrap();
    app.store.write(vec![(key.clone(), Some(b"damaged".to_vec()))]).await.unwrap();

    exclude_in_file(folder.path(), &["alice"]);
    assert!(app.reload_exclusions().await.is_err());
    app.note_file_in_force().await;
    assert_eq!((in_force(&app), changes(&app).await), (vec!["carol".to_owned()], Vec::new()));
    app.store.write(vec![(key, Some(whole))]).await.unwrap();
    app.renew_exclusions().await.unwrap();
    app.note_file_in_force().await;
    assert_eq!((in_force(&app).len(), changes(&app).await), (2, vec![(1, 0)]));
    app.store.close();
}
