//! The real engines on a disk whose calls fail, each in its turn: a write, a sync, a new name. What was acknowledged, and
//! what anybody could read since, outlives the failure and a power cut after it.
//!
//! A sync that fails is the bad one. The system gives up what it was to write and says so once; a program that goes on
//! reads from the cache what no disk has, and the next sync succeeds (lost_pages.h plays it).

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use quell_store::{EngineKind, Scan, Store};

use crate::disk_model::{Disk, Operation, Rest, read_log};
use crate::power_cut::build_shadow;
use crate::{options, wait};

const CHILD: &str = "QUELL_TEST_FAILING_CALLS_CHILD";

/// What the test notes for itself, beside the store.
const NOTES: &str = "notes";

/// How many writes a child makes.
const WRITES: u32 = 5;

/// How often a store that cannot be opened is tried again.
const OPENINGS: usize = 20;

/// How long a store may take to recover.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn sled_outlives_every_call_that_fails() {
    fail_at_every_call(EngineKind::Sled);
}

#[test]
fn redb_outlives_every_call_that_fails() {
    fail_at_every_call(EngineKind::Redb);
}

fn fail_at_every_call(kind: EngineKind) {
    let work = tempfile::tempdir().unwrap();
    let shadow = build_shadow(work.path());
    let undisturbed = live(kind, &shadow, &work.path().join("undisturbed"), "0 0 0").unwrap();
    assert_eq!(undisturbed.failed, 0, "{kind}: nothing failed");
    assert_eq!(undisturbed.acknowledged.len() as u32, WRITES, "{kind}: all of it was acknowledged");
    let positions: Vec<_> = (1..=undisturbed.calls).flat_map(ways).collect();
    // Most of the time is spent waiting for the store to try again.
    let (next, failures) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    let play = |(from, count, torn): (usize, u32, u8)| -> Result<(), String> {
        let folder = work.path().join(format!("{from}-{count}-{torn}"));
        let life = live(kind, &shadow, &folder, &format!("{from} {count} {torn}"))?;
        failures.fetch_add(life.failed, Ordering::SeqCst);
        check(kind, &folder, &life)?;
        fs::remove_dir_all(folder).map_err(|error| error.to_string())
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(position) = positions.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let (from, count, torn) = position;
                    let what = format!("{kind}, {count} calls fail from the {from}th, torn: {torn}");
                    wrong.lock().extend(play(*position).err().map(|wrong| format!("{what}: {wrong}")));
                }
            });
        }
    });
    let (wrong, failures) = (wrong.into_inner(), failures.into_inner());
    assert!(wrong.is_empty(), "{} of {} positions:\n{}", wrong.len(), positions.len(), wrong.join("\n"));
    assert!(2 * failures > undisturbed.calls, "{kind}: only {failures} writes and openings failed");
}

/// How calls fail from here on: how many of them, and whether a write has done its half.
fn ways(from: usize) -> impl Iterator<Item = (usize, u32, u8)> {
    let one = (from, 1, u8::from(from.is_multiple_of(2)));
    std::iter::once(one).chain(from.is_multiple_of(4).then_some((from, 4, 0)))
}

/// What a child said of its life.
#[derive(Debug, Default)]
struct Life {
    acknowledged: Vec<u32>,
    /// What could be read after the store had got over its failure.
    seen: Vec<u32>,
    /// Writes and openings that were refused.
    failed: usize,
    /// How many calls would have changed files.
    calls: usize,
}

/// Lets a child work in a folder where calls fail.
fn live(kind: EngineKind, shadow: &Path, folder: &Path, fail: &str) -> Result<Life, String> {
    let root = folder.join("root");
    fs::create_dir_all(&root).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "failing_calls::child", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{kind}|{}", root.display()))
        .env("LD_PRELOAD", shadow)
        .env("SHADOW_ROOT", &root)
        .env("SHADOW_LOG", folder.join("log"))
        .env("SHADOW_SPARED", NOTES)
        .env("SHADOW_FAIL", fail)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let mut life = Life {
        calls: operations(folder).iter().filter(|call| call.changes_files() && !call.is_of(NOTES)).count(),
        ..Life::default()
    };
    let notes = fs::read_to_string(root.join(NOTES)).unwrap_or_default();
    let mut ended = false;
    for note in notes.lines() {
        let (what, id) = note.split_once(' ').unwrap();
        match what {
            "acknowledged" => life.acknowledged.push(id.parse().unwrap()),
            "seen" => life.seen.push(id.parse().unwrap()),
            "failed" => life.failed += 1,
            _ => ended = true,
        }
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if ended { Ok(life) } else { Err(format!("the child ended early ({})\n{notes}\n{said}", output.status)) }
}

fn operations(folder: &Path) -> Vec<Operation> {
    read_log(&fs::read(folder.join("log")).unwrap())
}

/// The process has died: the files are as it saw them. And the power has gone: the disk has what was synced.
fn check(kind: EngineKind, folder: &Path, life: &Life) -> Result<(), String> {
    let mut disk = Disk::new(&folder.join("root"));
    operations(folder).iter().for_each(|operation| disk.apply(operation));
    disk.cut(&folder.join("cut"), Rest::Nothing, &mut |_| 0);
    for (left, end) in [("root", "the end of the process"), ("cut", "the end of the power")] {
        let store = Store::open(&options(kind, &folder.join(left).join("store")))
            .map_err(|error| format!("after {end}: {error}"))?;
        let there = there(&store);
        let lost = life.acknowledged.iter().chain(&life.seen).find(|id| !there.contains(id));
        if let Some(id) = lost {
            return Err(format!("after {end} {id} is gone, which was acknowledged or seen; {life:?}"));
        }
    }
    Ok(())
}

/// The writes that are there, each of them whole.
fn there(store: &Store) -> Vec<u32> {
    let ids = |prefix: &str| -> Vec<u32> {
        let page = store.scan(&Scan::prefix(prefix).limit(1_000)).unwrap();
        let id = |key: &[u8]| u32::from_be_bytes(key[prefix.len()..].try_into().unwrap());
        page.pairs.iter().map(|(key, _)| id(key)).collect()
    };
    let (ones, twins) = (ids("one/"), ids("twin/"));
    assert_eq!(ones, twins, "a write is there by half");
    ones
}

/// The child. As a test on its own it does nothing.
#[test]
fn child() {
    let Some(told) = std::env::var_os(CHILD) else { return };
    let told = told.into_string().unwrap();
    let (kind, root) = told.split_once('|').unwrap();
    let root = Path::new(root);
    let note = |what: &str, id: u32| {
        let mut notes = fs::File::options().append(true).create(true).open(root.join(NOTES)).unwrap();
        notes.write_all(format!("{what} {id}\n").as_bytes()).unwrap();
    };
    let options = options(kind.parse().unwrap(), &root.join("store"));
    let opened = (0..OPENINGS).find_map(|_| match Store::open(&options) {
        Ok(store) => Some(store),
        Err(error) => {
            eprintln!("{error}");
            note("failed", 0);
            None
        }
    });
    let store = opened.expect("a store that could not be opened can be opened later");
    wait(async {
        for id in 0..WRITES {
            let key = |prefix: &str| [prefix.as_bytes(), &id.to_be_bytes()].concat();
            let value = vec![id as u8; if id % 4 == 3 { 50_000 } else { 300 }];
            match store.write(vec![(key("one/"), Some(value)), (key("twin/"), Some(vec![1]))]).await {
                Ok(_) => note("acknowledged", id),
                Err(error) => {
                    eprintln!("{id}: {error}");
                    note("failed", id);
                    tokio::time::timeout(PATIENCE, store.healthy()).await.expect("it recovers").unwrap();
                    there(&store).into_iter().for_each(|id| note("seen", id));
                }
            }
        }
        there(&store).into_iter().for_each(|id| note("seen", id));
    });
    note("ended", 0);
    // As sudden as a kill: nothing is closed.
    std::process::abort();
}
