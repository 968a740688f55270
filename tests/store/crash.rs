//! kill -9 in a loop: a child writes and prints what was acknowledged, its parent kills it at a random moment, opens the
//! store and compares.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use quell_store::{EngineKind, Scan, Store};

use crate::{open, wait};

const CHILD: &str = "QUELL_TEST_STORE_CHILD";
const WRITERS: u64 = 8;

/// How many acknowledged writes show something.
const ENOUGH: usize = 100;

/// A small generator of numbers: the same seed gives the same moments.
struct Moments(u64);

impl Moments {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn what_was_acknowledged_survives_being_killed_at_random_moments() {
    for kind in EngineKind::ALL {
        let dir = tempfile::tempdir().unwrap();
        let mut moments = Moments(0x5eed_0001);
        let mut acknowledged = BTreeSet::new();
        // On a busy machine a life may be too short to write anything.
        let mut round = 0;
        while round < 15 || (round < 200 && acknowledged.len() <= ENOUGH) {
            // Every third round dies young: the first moments of opening are the dangerous ones.
            let life = if round % 3 == 0 { moments.below(100) } else { 50 + moments.below(600) };
            run_and_kill(kind, dir.path(), round, Duration::from_millis(life), &mut acknowledged);
            compare(
                &open(kind, dir.path()),
                &acknowledged,
                &format!("{kind}, round {round}, after {life} ms"),
            );
            round += 1;
        }
        assert!(acknowledged.len() > ENOUGH, "{kind}: only {} writes were acknowledged", acknowledged.len());
    }
}

#[test]
fn a_new_store_killed_in_its_first_moments_is_whole_or_not_there() {
    for kind in EngineKind::ALL {
        let mut moments = Moments(0x5eed_0002);
        for round in 0..15 {
            let dir = tempfile::tempdir().unwrap();
            let life = moments.below(100);
            let mut acknowledged = BTreeSet::new();
            run_and_kill(kind, dir.path(), round, Duration::from_millis(life), &mut acknowledged);
            compare(
                &open(kind, dir.path()),
                &acknowledged,
                &format!("{kind}, young round {round}, after {life} ms"),
            );
        }
    }
}

/// The child. As a test on its own it does nothing.
#[test]
fn child() {
    let Some(told) = std::env::var_os(CHILD) else { return };
    let told = told.into_string().unwrap();
    let mut words = told.split('|');
    let kind: EngineKind = words.next().unwrap().parse().unwrap();
    let dir = words.next().unwrap();
    let round: u64 = words.next().unwrap().parse().unwrap();
    let store = open(kind, std::path::Path::new(dir));
    wait(async {
        let writers = (0..WRITERS).map(|writer| tokio::spawn(write_for_ever(store.clone(), round, writer)));
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
}

async fn write_for_ever(store: Store, round: u64, writer: u64) {
    for at in 0.. {
        let id = round << 40 | writer << 32 | at;
        // One in fifty is large, so that pieces are written as well.
        let size = if at % 50 == 49 { 150_000 } else { 200 };
        let twin = [b"twin/".as_slice(), &id.to_be_bytes()].concat();
        let value = vec![(id % 251) as u8; size];
        store.write(vec![(key(id), Some(value)), (twin, Some(vec![1]))]).await.unwrap();
        let line = format!("acknowledged {id}\n");
        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
    }
}

fn key(id: u64) -> Vec<u8> {
    [b"id/".as_slice(), &id.to_be_bytes()].concat()
}

fn run_and_kill(
    kind: EngineKind,
    dir: &std::path::Path,
    round: u64,
    life: Duration,
    acknowledged: &mut BTreeSet<u64>,
) {
    let mut child = start(kind, dir, round);
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        // A line that was cut by the kill does not count: the child may not have finished the write either.
        let lines = output.split(b'\n').map_while(Result::ok);
        lines
            .filter_map(|line| String::from_utf8(line).ok()?.split("acknowledged ").nth(1)?.parse().ok())
            .collect()
    });
    let born = Instant::now();
    while born.elapsed() < life {
        std::thread::park_timeout(life - born.elapsed().min(life));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let seen: Vec<u64> = reader.join().unwrap();
    acknowledged.extend(seen);
}

fn start(kind: EngineKind, dir: &std::path::Path, round: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{kind}|{}|{round}", dir.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn compare(store: &Store, acknowledged: &BTreeSet<u64>, what: &str) {
    for id in acknowledged {
        let value = store.get(&key(*id)).unwrap();
        let value = value.unwrap_or_else(|| panic!("{what}: {id} was acknowledged and is gone"));
        assert!(value.iter().all(|byte| *byte == (*id % 251) as u8), "{what}: {id} has other bytes");
        assert!(value.len() == 200 || value.len() == 150_000, "{what}: {id} has {} bytes", value.len());
    }
    // A write is whole or absent, acknowledged or not: each record has its twin.
    let count = |prefix: &str| {
        let mut scan = Scan::prefix(prefix).limit(100_000).keys_only();
        let mut keys = BTreeSet::new();
        loop {
            let page = store.scan(&scan).unwrap();
            keys.extend(page.pairs.into_iter().map(|(key, _)| key[prefix.len()..].to_vec()));
            match page.next {
                Some(next) => scan = scan.from(next),
                None => return keys,
            }
        }
    };
    assert!(count("id/") == count("twin/"), "{what}: a write is there by half");
}
