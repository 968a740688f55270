//! The list of points, and what happens at them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Signal, getpid, kill_process};

/// All points, in the order in which an alert comes by them; its place in this list is the number of a point.
pub const POINTS: &[&str] = &[
    // The store is made.
    "store.mark.made",
    "store.made",
    "store.in-place",
    // The engine starts.
    "app.playbooks.kept",
    "app.exclusions.noted",
    "app.announced",
    "app.recovered",
    "app.schedule.noted",
    // Records come in.
    "app.batch.fetched",
    "app.alert.decided",
    "app.alert.recorded",
    "app.alert.handed-over",
    "ingest.letter.sending",
    "ingest.letter.sent",
    "ingest.letter-file.written",
    "ingest.letter-file.synced",
    "ingest.accepted",
    "ingest.offsets.storing",
    "ingest.offsets.stored",
    "ingest.offsets.committed",
    // A commit of the store.
    "store.group.evaluated",
    "store.group.applied",
    "store.group.synced",
    "store.mark.written",
    "store.group.acknowledged",
    "store.group.answered",
    // A run.
    "run.directory.asking",
    "run.directory.answered",
    "run.look.asking",
    "run.look.answered",
    "run.place.taking",
    "run.place.taken",
    "run.intent.writing",
    "run.intent.written",
    "run.call.sending",
    "run.call.answered",
    "run.lines.writing",
    "run.lines.written",
    "run.restore.sending",
    "run.restore.answered",
    "run.callee.written",
    "run.making",
    "run.made",
    // What operators ask for.
    "app.exclusion.stored",
    "app.pause.stored",
    "app.pause.lifted",
    "app.list.stored",
    "store.copy.written",
    "store.copy.in-place",
];

/// What is to happen, for the life of the process.
#[derive(Debug, Default)]
pub struct Arms {
    /// End the process when this point is passed for the so-many-th time.
    pub kill_at: Option<(String, u64)>,
    /// Write down every point that is passed, one name a line.
    pub trace: Option<PathBuf>,
}

struct Armed {
    kill_at: Option<(usize, u64)>,
    trace: Option<File>,
}

static ARMED: OnceLock<Armed> = OnceLock::new();
static PASSED: [AtomicU64; POINTS.len()] = [const { AtomicU64::new(0) }; POINTS.len()];

/// Says what is to happen. Once; until then every point is passed over.
///
/// # Errors
/// In words, when there is no such point, or the trace cannot be written.
pub fn arm(arms: Arms) -> Result<(), String> {
    let kill_at = match arms.kill_at {
        Some((name, time)) => {
            let number = POINTS.iter().position(|point| *point == name);
            Some((number.ok_or_else(|| format!("there is no crash point {name}"))?, time))
        }
        None => None,
    };
    let trace = arms.trace.as_deref().map(open).transpose()?;
    ARMED.set(Armed { kill_at, trace }).map_err(|_| "crash points are armed once".to_owned())
}

/// The number of a point. A name that is not in the list does not build.
#[must_use]
pub const fn number(name: &str) -> usize {
    let mut number = 0;
    while number < POINTS.len() {
        if same(POINTS[number].as_bytes(), name.as_bytes()) {
            return number;
        }
        number += 1;
    }
    panic!("this point is not in the list of points")
}

/// The process is at this point.
pub fn passed(number: usize) {
    let Some(armed) = ARMED.get() else { return };
    let time = PASSED[number].fetch_add(1, Ordering::SeqCst) + 1;
    if let Some(mut trace) = armed.trace.as_ref() {
        // One write a line, so that lines of several threads do not mix. A trace that cannot be written shows as a
        // point that was not passed.
        let _shown = trace.write_all(format!("{}\n", POINTS[number]).as_bytes());
    }
    if armed.kill_at == Some((number, time)) {
        die();
    }
}

/// As `kill -9` would: nothing is flushed, no destructor runs.
fn die() -> ! {
    let _sent = kill_process(getpid(), Signal::KILL);
    std::process::abort()
}

fn open(path: &Path) -> Result<File, String> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_a_number_of_its_own() {
        for (at, name) in POINTS.iter().enumerate() {
            assert_eq!(number(name), at, "{name} stands twice in the list");
        }
    }

    #[test]
    fn a_point_that_is_not_there_is_refused() {
        let arms = Arms { kill_at: Some(("store.nowhere".into(), 1)), trace: None };
        assert_eq!(arm(arms), Err("there is no crash point store.nowhere".into()));
    }
}
