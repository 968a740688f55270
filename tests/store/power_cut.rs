//! Power cuts: whatever was acknowledged is there, at whatever moment the power goes and whatever part of the writes
//! that were not synced got through.
//!
//! A child works with the store while every call that changes its files is written down (shadow.c). From that log the
//! disk of any moment can be built (disk_model.rs), so one run of the child is cut at many moments.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use quell_store::{EngineKind, Scan, Store};

use crate::disk_model::{Disk, Operation, Rest, read_log};
use crate::{open, options, wait};

const CHILD: &str = "QUELL_TEST_POWER_CUT_CHILD";
const CUTS: usize = 110;
const LIVES: u64 = 3;

/// Random numbers from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn sled_keeps_what_was_acknowledged_through_every_power_cut() {
    cut_at_many_moments(EngineKind::Sled, 0x5eed_0003);
}

#[test]
fn redb_keeps_what_was_acknowledged_through_every_power_cut() {
    cut_at_many_moments(EngineKind::Redb, 0x5eed_0004);
}

fn cut_at_many_moments(kind: EngineKind, seed: u64) {
    let work = tempfile::tempdir().unwrap();
    let operations = record(kind, work.path());
    let root = work.path().join("root");
    let mut chance = Chance(seed);
    let mut moments: Vec<usize> =
        (0..CUTS / 2).map(|_| chance.below(operations.len() as u64) as usize).collect();
    // The other half while the store is young: that is where it is easiest to lose.
    let young = operations.iter().position(acknowledges).unwrap() as u64 * 2;
    moments.extend((0..CUTS / 2).map(|_| chance.below(young) as usize));
    moments.sort_unstable();

    let mut disk = Disk::new(&root);
    let mut done = 0;
    let mut acknowledged = Vec::new();
    for (number, moment) in moments.into_iter().enumerate() {
        for operation in &operations[done..moment] {
            disk.apply(operation);
            acknowledged.extend(acknowledgement(operation));
        }
        done = moment;
        let rest = [Rest::Some, Rest::Nothing, Rest::Some, Rest::All][number % 4];
        let what = format!("{kind}, seed {seed:#x}, cut before operation {moment}, of the rest: {rest:?}");
        let left = tempfile::tempdir().unwrap();
        disk.cut(left.path(), rest, &mut |limit| chance.below(limit));
        check(kind, &left.path().join("store"), &acknowledged, &what);
    }
    assert!(acknowledged.len() > 50, "{kind}: only {} writes were acknowledged", acknowledged.len());
}

fn check(kind: EngineKind, dir: &Path, acknowledged: &[(u64, u64)], what: &str) {
    let promised = acknowledged.iter().map(|(_, commit)| *commit).max().unwrap_or(0);
    let mark = high_water(dir).unwrap_or(0);
    assert!(mark >= promised, "{what}: commit {promised} was acknowledged, the mark says {mark}");
    let store = Store::open(&options(kind, dir)).unwrap_or_else(|error| panic!("{what}: {error}"));
    for (id, _) in acknowledged {
        let value = store.get(&key(*id)).unwrap();
        let value = value.unwrap_or_else(|| panic!("{what}: {id} was acknowledged and is gone"));
        assert!(value == vec![*id as u8; size(*id)], "{what}: {id} has other bytes");
    }
    let keys = |prefix: &str| -> Vec<Vec<u8>> {
        let page = store.scan(&Scan::prefix(prefix).limit(100_000).keys_only()).unwrap();
        page.pairs.into_iter().map(|(key, _)| key[prefix.len()..].to_vec()).collect()
    };
    assert!(keys("id/") == keys("twin/"), "{what}: a write is there by half");
    wait(store.write(vec![(b"after".to_vec(), Some(b"the cut".to_vec()))])).unwrap();
}

/// Lets children work, each until it is killed, and returns what they did to their files.
fn record(kind: EngineKind, work: &Path) -> Vec<Operation> {
    let root = work.join("root");
    let log = work.join("log");
    let shadow = build_shadow(work);
    std::fs::create_dir(&root).unwrap();
    for life in 0..LIVES {
        let ended = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "power_cut::child", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{kind}|{life}|{}", root.display()))
            .env("LD_PRELOAD", &shadow)
            .env("SHADOW_ROOT", &root)
            .env("SHADOW_LOG", &log)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(!ended.success(), "the child ends by its own abort");
    }
    read_log(&std::fs::read(log).unwrap())
}

pub(crate) fn build_shadow(work: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("store/shadow.c");
    let library = work.join("shadow.so");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
    assert!(built.expect("a C compiler, which the build needs as well").success());
    library
}

/// The child. As a test on its own it does nothing.
#[test]
fn child() {
    let Some(told) = std::env::var_os(CHILD) else { return };
    let told = told.into_string().unwrap();
    let mut words = told.split('|');
    let kind: EngineKind = words.next().unwrap().parse().unwrap();
    let life: u64 = words.next().unwrap().parse().unwrap();
    let root = PathBuf::from(words.next().unwrap());
    let store = open(kind, &root.join("store"));
    wait(async {
        let writers =
            (0..4).map(|writer| tokio::spawn(write(store.clone(), root.clone(), life * 1000 + writer * 100)));
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
    // The end is as sudden as the power cut: nothing is closed.
    std::process::abort();
}

async fn write(store: Store, root: PathBuf, first: u64) {
    for id in first..first + 25 {
        let twin = [b"twin/".as_slice(), &id.to_be_bytes()].concat();
        store.write(vec![(key(id), Some(vec![id as u8; size(id)])), (twin, Some(vec![1]))]).await.unwrap();
        let mut told =
            std::fs::File::options().append(true).create(true).open(root.join("acknowledged")).unwrap();
        let line = [id.to_ne_bytes(), store.health().commit.to_ne_bytes()].concat();
        std::io::Write::write_all(&mut told, &line).unwrap();
    }
}

fn acknowledges(operation: &Operation) -> bool {
    acknowledgement(operation).is_some()
}

/// The id of a write that was acknowledged, and a commit that was acknowledged by then.
fn acknowledgement(operation: &Operation) -> Option<(u64, u64)> {
    match operation {
        Operation::Write { path, data, .. } if path.ends_with("acknowledged") => {
            let (id, commit) = data.split_at(8);
            Some((u64::from_ne_bytes(id.try_into().unwrap()), u64::from_ne_bytes(commit.try_into().unwrap())))
        }
        _ => None,
    }
}

/// The number in the high-water mark: the higher one of its two blocks.
fn high_water(dir: &Path) -> Option<u64> {
    let bytes = std::fs::read(dir.join("high-water")).ok()?;
    let block = |at: usize| Some(u64::from_be_bytes(bytes.get(at + 4..at + 12)?.try_into().ok()?));
    [block(0), block(4096)].into_iter().flatten().max()
}

fn key(id: u64) -> Vec<u8> {
    [b"id/".as_slice(), &id.to_be_bytes()].concat()
}

/// One in ten is large, so that pieces are cut as well.
fn size(id: u64) -> usize {
    if id % 10 == 9 { 200_000 } else { 300 }
}
