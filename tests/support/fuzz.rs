//! Inputs that nobody would write, many of them, each made from a number: no panic, no hang, no growing memory.
//!
//! Cases that once did harm are kept in `tests/fuzz-cases/<what>/` and tried first, each time. A new one is written to
//! the folder for temporary files, and the failure says where and from which seed; move it to the kept ones when it is
//! mended. `QUELL_FUZZ_CASES` says how many are tried, `QUELL_SEED` from which number on.

pub mod mutate;
mod watch;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use crate::environment::setting;
use watch::{Memory, Watchdog};

/// Numbers that follow from a seed.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// A number (SplitMix64).
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { usize::try_from(self.number() % end as u64).unwrap() }
    }

    /// One of these.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len());
        &all[at]
    }
}

/// Tries the kept cases of `what`, then so many new ones.
pub fn fuzz(
    what: &str,
    cases: u64,
    mut make: impl FnMut(&mut Random) -> Vec<u8>,
    mut tried: impl FnMut(&[u8]),
) {
    let number = |name: &str| setting(name).map(|text| text.parse::<u64>().expect("a number"));
    let (first, cases) = (number("QUELL_SEED").unwrap_or(1), number("QUELL_FUZZ_CASES").unwrap_or(cases));
    let watchdog = Watchdog::start(what);
    for (name, case) in kept(what) {
        one(&watchdog, &format!("{what}: the kept case {name}"), &case, &mut tried);
    }
    let mut memory = Memory::default();
    for seed in first..first.saturating_add(cases) {
        let case = make(&mut Random::new(seed));
        memory.before(&case);
        one(&watchdog, &format!("{what}: seed {seed}"), &case, &mut tried);
        memory.after(what, seed);
    }
}

fn one(watchdog: &Watchdog, name: &str, case: &[u8], tried: &mut impl FnMut(&[u8])) {
    watchdog.begins(name, case);
    let outcome = catch_unwind(AssertUnwindSafe(|| tried(case)));
    let in_time = watchdog.ends();
    if outcome.is_ok() && in_time {
        return;
    }
    let file = keep(name, case);
    let how = if outcome.is_err() { "panics" } else { "takes too long" };
    let told = format!("{name} {how}: the case is in {}\n", file.display());
    std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()).unwrap();
    match outcome {
        Err(panic) => resume_unwind(panic),
        Ok(()) => panic!("{told}"),
    }
}

fn kept(what: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-cases").join(what);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut cases: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect();
    cases.sort();
    cases
}

fn keep(name: &str, case: &[u8]) -> PathBuf {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let file = std::env::temp_dir().join(format!("quell-fuzz-{plain}"));
    fs::write(&file, case).unwrap();
    file
}
