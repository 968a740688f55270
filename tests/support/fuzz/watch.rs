//! How long a case may take, and how much memory.

use std::fs;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A case that takes longer fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// A case that takes so long never ends: the program is ended then, since a thread cannot be.
const NEVER: Duration = Duration::from_secs(60);

/// After so many cases memory is looked at.
const EVERY: usize = 250;

/// So many bytes may be taken meanwhile, whatever the cases are: buffers, caches, the tests beside this one.
const ALLOWED: usize = 192 * 1024 * 1024;

/// So many bytes for each byte of the largest case.
const FOR_EACH_BYTE: usize = 512;

/// Since when which case is tried, and its bytes.
type UnderWay = Arc<Mutex<Option<(Instant, String, Vec<u8>)>>>;

/// Looks that a case ends.
pub(super) struct Watchdog {
    under_way: UnderWay,
    _ends_with: Sender<()>,
}

impl Watchdog {
    pub(super) fn start(what: &str) -> Self {
        let under_way: UnderWay = Arc::default();
        let (_ends_with, ended) = channel::<()>();
        let seen = Arc::clone(&under_way);
        std::thread::Builder::new()
            .name(format!("watchdog of {what}"))
            .spawn(move || {
                while ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                    if let Some((begun, name, case)) = &*seen.lock()
                        && begun.elapsed() > NEVER
                    {
                        let file = super::keep(name, case);
                        let told = format!("{name} does not end: the case is in {}\n", file.display());
                        std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()).unwrap();
                        std::process::abort();
                    }
                }
            })
            .unwrap();
        Self { under_way, _ends_with }
    }

    pub(super) fn begins(&self, name: &str, case: &[u8]) {
        *self.under_way.lock() = Some((Instant::now(), name.to_owned(), case.to_vec()));
    }

    /// Whether it ended in time.
    pub(super) fn ends(&self) -> bool {
        self.under_way.lock().take().is_none_or(|(begun, ..)| begun.elapsed() < PATIENCE)
    }
}

/// The memory of this process, as the system counts it, over some cases.
#[derive(Default)]
pub(super) struct Memory {
    cases: usize,
    largest: usize,
    begun_with: usize,
}

impl Memory {
    pub(super) fn before(&mut self, case: &[u8]) {
        if self.cases == 0 {
            // Where the system lets us, its highest mark is set back to what is taken now.
            let _ = fs::write("/proc/self/clear_refs", "5");
            self.begun_with = taken("VmRSS:");
        }
        self.largest = self.largest.max(case.len());
        self.cases += 1;
    }

    pub(super) fn after(&mut self, what: &str, seed: u64) {
        if self.cases < EVERY {
            return;
        }
        let most = self.begun_with + ALLOWED + FOR_EACH_BYTE * self.largest;
        let peak = taken("VmHWM:");
        assert!(peak <= most, "{what}: {peak} bytes were taken over the {EVERY} cases up to seed {seed}");
        *self = Self::default();
    }
}

fn taken(line: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let found = status.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    found.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
