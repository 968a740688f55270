//! What an operator changes is in force when it is said to be, whoever comes in between, goes away, or fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use futures::future::poll_immediate;
use quell_api::RefusalKind;
use quell_store::engine::Scan;
use quell_store::engine::memory::{Failing, MemoryDisk};
use quell_store::{AuditRecord, Audited, Store};
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

mod asked;
mod doubtful;
mod imported;
mod noted;
mod reload;
mod told;

use super::*;
use crate::config;
use crate::service::watch;
use crate::wire::Reach;

const SITE: &str =
    "language: 1\nstate: state\nexclusions: exclusions.yaml\nconnectors:\n  lab: { folder: lab }\n";

/// Nothing here takes so long; what does hangs.
const LONGEST: Duration = Duration::from_secs(60);

/// An engine of a site in a folder of its own, as a command has it that finds no engine running.
async fn app(folder: &TempDir) -> Arc<App> {
    fs::write(folder.path().join("quell.yaml"), SITE).unwrap();
    exclude_in_file(folder.path(), &[]);
    let site = config::read(Some(&folder.path().join("quell.yaml"))).unwrap();
    Arc::new(App::open(site, Reach::Tending).await.unwrap())
}

fn exclude_in_file(folder: &Path, who: &[&str]) {
    let mut text = "language: 1\nexclusions:".to_owned();
    for name in who {
        text += &format!("\n  - account: {{ upn: {name}@contoso.example }}\n    because: The file says so");
    }
    let text = if who.is_empty() { text + " []\n" } else { text + "\n" };
    // Read whole or not at all, as an editor leaves it.
    fs::write(folder.join("exclusions.new"), text).unwrap();
    fs::rename(folder.join("exclusions.new"), folder.join("exclusions.yaml")).unwrap();
}

fn entry(name: &str) -> AddExclusion {
    let entry = json!({ "account": { "upn": format!("{name}@contoso.example") }, "because": name });
    AddExclusion { entry, by: "ann".into() }
}

fn in_force(app: &App) -> Vec<String> {
    app.exclusions.now().entries().iter().map(|entry| entry.because.clone()).collect()
}

/// Returns once it is so.
async fn becomes_so(is_so: impl Fn() -> bool) {
    let looked = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONGEST, looked).await.expect("it never becomes so");
}

/// Whoever has read the file, or listed the entries, first must not have the last word: one after the other reads and puts
/// into force.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_put_together_by_one_at_a_time() {
    const LONG_ENOUGH: Duration = Duration::from_millis(500);
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder).await;
    let at_work = app.renewing.lock().await;
    let mut adding = tokio::spawn({
        let local = Local::new(Arc::clone(&app));
        async move { local.exclude(&entry("alice")).await.unwrap() }
    });
    assert!(tokio::time::timeout(LONG_ENOUGH, &mut adding).await.is_err(), "{:?}", in_force(&app));
    let mut reading = tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.reload_exclusions().await.unwrap() }
    });
    assert!(tokio::time::timeout(LONG_ENOUGH, &mut reading).await.is_err(), "the file was read");
    exclude_in_file(folder.path(), &["bob"]);
    drop(at_work);
    adding.await.unwrap();
    assert_eq!(reading.await.unwrap(), 1, "it is read when its turn has come");
    assert_eq!(in_force(&app), ["The file says so", "alice"]);
    app.store.close();
}

/// Their connection breaks before the entry is on disk: it gets there all the same, and must be in force then. One thread:
/// what is asked for cannot get far before whoever asks has gone.
#[tokio::test]
async fn an_entry_is_in_force_though_whoever_added_it_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder).await;
    let local = Local::new(Arc::clone(&app));
    let (first, second) = (entry("gone"), entry("bob"));
    assert!(poll_immediate(local.exclude(&first)).await.is_none(), "nothing is on disk at once");
    becomes_so(|| in_force(&app).contains(&"gone".to_owned())).await;

    let pause = PauseOrder { by: "ann".into(), because: "Too much at once".into() };
    local.pause(&pause).await.unwrap();
    assert!(app.brake.is_on());
    assert!(poll_immediate(local.resume("ann")).await.is_none());
    becomes_so(|| !app.brake.is_on()).await;
    assert_eq!(app.store.pause().read().unwrap(), None);

    let id = local.exclude(&second).await.unwrap().id;
    assert!(poll_immediate(local.remove_exclusion(&id, "ann")).await.is_none());
    becomes_so(|| !in_force(&app).contains(&"bob".to_owned())).await;
    app.store.close();
}

/// Returns once the watch has seen to it. The clock stands still but for those who wait for it.
async fn comes_into_force(app: &App, because: &str) {
    let began = tokio::time::Instant::now();
    while !in_force(app).contains(&because.to_owned()) {
        assert!(began.elapsed() < Duration::from_secs(3600), "the watch does not see to it");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// An entry of the store cannot be read for a while, so no list can be made: it is made as soon as it can.
#[tokio::test(start_paused = true)]
async fn a_list_that_could_not_be_put_together_is_put_together_later() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder).await;
    let local = Local::new(Arc::clone(&app));
    let stop = CancellationToken::new();
    let watch = tokio::spawn({
        let (app, stop) = (Arc::clone(&app), stop.clone());
        async move { watch::exclusions(&app, &stop).await }
    });
    // The watch has read the file once, and sees no reason to read it again.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let first = local.exclude(&entry("alice")).await.unwrap();
    let found = app.store.scan(&Scan::prefix([])).unwrap().pairs;
    let is_hers = |(key, _): &(Vec<u8>, Vec<u8>)| {
        key.windows(first.id.0.len()).any(|part| part == first.id.0.as_bytes())
    };
    let (key, whole) = found.into_iter().find(is_hers).unwrap();
    app.store.write(vec![(key.clone(), Some(b"damaged".to_vec()))]).await.unwrap();

    assert!(local.exclude(&entry("bob")).await.is_err(), "nobody is told that it is in force");
    assert_eq!(in_force(&app), ["alice"]);
    assert!(app.exclusions_are_stale());

    app.store.write(vec![(key, Some(whole))]).await.unwrap();
    comes_into_force(&app, "bob").await;
    assert!(!app.exclusions_are_stale());
    exclude_in_file(folder.path(), &["carol"]);
    comes_into_force(&app, "The file says so").await;
    stop.cancel();
    watch.await.unwrap();
    app.store.close();
}

/// A mistake in a playbook keeps the exclusions of the same moment out too: what is in force was checked together.
#[tokio::test]
async fn files_are_read_anew_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("playbooks")).unwrap();
    let app = app(&folder).await;
    exclude_in_file(folder.path(), &["alice"]);
    fs::write(folder.path().join("playbooks/bad.yaml"), "language: 1\nplaybook: Bad one\n").unwrap();
    assert!(app.reload().await.is_err());
    assert_eq!(in_force(&app), [""; 0]);
    fs::remove_file(folder.path().join("playbooks/bad.yaml")).unwrap();
    app.reload().await.unwrap();
    assert_eq!(in_force(&app).len(), 1);
    exclude_in_file(folder.path(), &["bob"]);
    app.reload_exclusions().await.unwrap();
    let changes = noted::changes(&app).await;
    assert_eq!(changes, [(1, 0), (1, 1)], "the record says what came into force, and what did not");
    app.store.close();
}

/// The next process begins paused, also where it cannot read the note any more.
#[tokio::test]
async fn a_pause_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let first = app(&folder).await;
    assert!(!first.brake.is_on());
    let pause = PauseOrder { by: "ann".into(), because: "Too much at once".into() };
    Local::new(Arc::clone(&first)).pause(&pause).await.unwrap();
    let later = PauseOrder { by: "bob".into(), because: "Me too".into() };
    assert_eq!(Local::new(Arc::clone(&first)).pause(&later).await.unwrap().by, "ann", "the first one stands");
    first.store.close();

    let second = app(&folder).await;
    assert!(second.brake.is_on());
    let found = second.store.scan(&Scan::prefix([])).unwrap().pairs;
    let is_note = |(_, bytes): &(Vec<u8>, Vec<u8>)| {
        bytes.windows(16).any(|part| part == b"Too much at once")
            && !bytes.windows(6).any(|part| part == b"digest")
    };
    let (key, _) = found.into_iter().find(is_note).unwrap();
    second.store.write(vec![(key, Some(b"damaged".to_vec()))]).await.unwrap();
    second.store.close();

    let third = app(&folder).await;
    assert!(third.brake.is_on(), "nobody knows that nothing disruptive was forbidden");
    Local::new(Arc::clone(&third)).resume("ann").await.unwrap();
    assert!(!third.brake.is_on());
    third.store.close();
}

/// A question to nobody in particular is one to all whom the site knows, and to nobody else.
#[tokio::test]
async fn whom_the_site_does_not_know_answers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let open = app(&folder).await;
    assert!(people::may_answer(&open, &[], "eve").is_ok(), "a site without teams knows everybody");
    open.store.close();
    let with_teams = format!("{SITE}teams:\n  soc: [ann]\n  it: [carol]\n");
    fs::write(folder.path().join("quell.yaml"), with_teams).unwrap();
    let site = config::read(Some(&folder.path().join("quell.yaml"))).unwrap();
    let app = App::open(site, Reach::Tending).await.unwrap();
    let soc = ["soc".to_owned()];
    for (asked, who, may) in
        [(&[][..], "ann", true), (&[], "eve", false), (&soc, "ann", true), (&soc, "carol", false)]
    {
        assert_eq!(people::may_answer(&app, asked, who).is_ok(), may, "{who}");
    }
    app.store.close();
}

/// Whatever door an order comes through: nobody takes everything back by mistake.
#[tokio::test]
async fn an_undo_of_everything_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder).await;
    let order = UndoMany { who: None, since: None, until: None, by: "ann".into(), dry: false };
    let refused = Local::new(Arc::clone(&app)).undo_many(&order).await.unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Invalid);
    app.store.close();
}

/// What a package or an operator has made may be open to others.
#[tokio::test]
async fn the_state_folder_is_closed_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    app(&folder).await.store.close();
    assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
}

/// A pause that could not be written down is no pause, and one that is in force stays in force.
#[tokio::test]
async fn the_brake_and_the_note_of_it_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder).await;
    let local = Local::new(Arc::clone(&app));
    let pause = PauseOrder { by: "ann".into(), because: "Too much at once".into() };
    local.pause(&pause).await.unwrap();
    assert!(app.brake.is_on());
    assert_eq!(local.resume("bob").await.unwrap().map(|note| note.by), Some("ann".to_owned()));
    assert!(!app.brake.is_on());
    app.store.close();
    assert!(local.pause(&pause).await.is_err());
    assert!(!app.brake.is_on(), "nobody can see who paused it");
}

/// Whatever the note says when both have answered is what the brake does.
#[tokio::test]
async fn of_a_pause_and_its_end_at_the_same_moment_the_later_one_counts() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder).await;
    let local = Local::new(Arc::clone(&app));
    let pause = PauseOrder { by: "ann".into(), because: "Too much at once".into() };
    for round in 0..20 {
        match round % 2 {
            0 => drop(tokio::join!(local.resume("bob"), local.pause(&pause))),
            _ => drop(tokio::join!(local.pause(&pause), local.resume("bob"))),
        }
        let is_noted = app.store.pause().read().unwrap().is_some();
        assert_eq!(app.brake.is_on(), is_noted, "round {round}");
    }
    app.store.close();
}

/// A write that is reported as failed may have happened all the same: what is on disk counts before long.
#[tokio::test(start_paused = true)]
async fn what_was_written_though_it_was_reported_as_failed_comes_into_force() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = Arc::into_inner(app(&folder).await).unwrap();
    app.store.close();
    let disk = MemoryDisk::new();
    app.store = Store::in_memory(&disk).unwrap();
    let app = Arc::new(app);
    let local = Local::new(Arc::clone(&app));
    let stop = CancellationToken::new();
    let fails = || disk.fail(Failing { from: 1, count: 1, half_done: true });

    fails();
    let pause = PauseOrder { by: "ann".into(), because: "Too much at once".into() };
    assert!(local.pause(&pause).await.is_err());
    app.store.healthy().await.unwrap();
    pause::settle_doubt(&app).await;
    assert!(app.brake.is_on() && app.store.pause().read().unwrap().is_some());

    fails();
    assert!(local.exclude(&entry("bob")).await.is_err());
    assert!(app.exclusions_are_stale());
    app.store.healthy().await.unwrap();
    tokio::select! {
        () = watch::exclusions(&app, &stop) => {}
        () = comes_into_force(&app, "bob") => {}
    }
    app.store.close();
}

/// The record must say who it was, and the same ticket twice must be the same start.
#[tokio::test]
async fn a_start_says_who_wants_it_and_which_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("playbooks")).unwrap();
    let by_hand = "language: 1\nplaybook: by-hand\ntitle: By hand\nmode: act\nwhen: { manual: true }\n\
                   steps:\n  - stop: { outcome: done }\n";
    fs::write(folder.path().join("playbooks/by-hand.yaml"), by_hand).unwrap();
    let app = app(&folder).await;
    let local = Local::new(Arc::clone(&app));
    let order =
        |by: &str, ticket: &str| json!({ "playbook": "by-hand", "by": by, "ticket": ticket, "dry": true });
    for (by, ticket) in [("", "1"), (" ", "1"), ("ann", ""), ("ann", " ")] {
        let order: StartOrder = serde_json::from_value(order(by, ticket)).unwrap();
        assert_eq!(local.start(&order).await.unwrap_err().kind, RefusalKind::Invalid, "{order:?}");
    }
    let order: StartOrder = serde_json::from_value(order("ann", "1")).unwrap();
    assert!(local.start(&order).await.unwrap().dry);
    app.store.close();
}

/// What could not be written down has not happened: neither the end of a pause, nor a second one.
#[tokio::test]
async fn a_pause_in_force_outlives_what_could_not_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder).await;
    let local = Local::new(Arc::clone(&app));
    let pause = PauseOrder { by: "ann".into(), because: "Too much at once".into() };
    local.pause(&pause).await.unwrap();
    app.store.close();
    assert!(local.pause(&pause).await.is_err());
    assert!(app.brake.is_on(), "the first one stands");
    assert!(local.resume("bob").await.is_err());
    assert!(app.brake.is_on(), "nobody would know after the next start that it had ended");
    let health = local.health().await;
    let well = |name: &str| health.parts.iter().find(|part| part.name == name).map(|part| part.well);
    assert_eq!((well("source"), health.ready), (Some(false), false), "no alert comes in");
    assert!(well("pause").is_some(), "a note that cannot be read is a pause");
}

#[tokio::test]
async fn an_entry_of_a_list_that_is_over_already_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    app(&folder).await.store.close();
    fs::write(folder.path().join("quell.yaml"), format!("{SITE}lists:\n  vip: {{}}\n")).unwrap();
    let site = config::read(Some(&folder.path().join("quell.yaml"))).unwrap();
    let app = Arc::new(App::open(site, Reach::Tending).await.unwrap());
    let local = Local::new(Arc::clone(&app));
    let order = |until| {
        let entries = json!([{ "value": "bob" }, { "value": "alice", "until": until }]);
        serde_json::from_value(json!({ "list": "vip", "entries": entries, "by": "ann" })).unwrap()
    };
    let refused = local.add_to_list(&order("2020-01-01T00:00:00Z")).await.unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Invalid);
    assert_eq!(local.list("vip").await.unwrap().content.len(), 0, "all of them or none");
    assert_eq!(local.add_to_list(&order("2999-01-01T00:00:00Z")).await.unwrap().len(), 2);
    app.store.close();
}

/// Where a copy would go is looked at before anything is written, whatever door the order comes through.
#[tokio::test]
async fn a_copy_of_the_store_takes_the_place_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder).await;
    let local = Local::new(Arc::clone(&app));
    let taken = folder.path().join("taken");
    fs::write(&taken, "mine").unwrap();
    for (file, kind) in [
        (Path::new("./copy").to_owned(), RefusalKind::Invalid),
        (taken.clone(), RefusalKind::Conflict),
        (folder.path().join("nowhere/copy"), RefusalKind::Invalid),
    ] {
        assert_eq!(local.backup(&Backup { file }).await.unwrap_err().kind, kind);
    }
    assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
    app.store.close();
}
