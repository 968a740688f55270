//! What kills the program is for tests, and in no program that is shipped.

use std::fs;

/// Where it is read what is to happen, a point, and another one.
const MARKS: [&str; 3] = ["QUELL_CRASH_AT", "run.intent.written", "store.group.synced"];

#[test]
fn the_program_has_crash_points_only_where_it_is_built_with_them() {
    let program = fs::read(env!("CARGO_BIN_EXE_quell")).unwrap();
    for mark in MARKS {
        let found = program.windows(mark.len()).any(|part| part == mark.as_bytes());
        assert_eq!(found, cfg!(feature = "crash-points"), "{mark}");
    }
}
