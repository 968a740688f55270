//! What the program does when a reader goes away, and when it is fed through a pipe.

use std::io::Write;
use std::process::Stdio;

use crate::place::Place;

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::with_site();
    for command in [
        "quell actions",
        "quell actions --json",
        "quell connectors list --json",
        "quell decode \"$SAMPLES\" --document",
        "quell completions bash",
        "quell explain-code --json",
        "quell --help",
        "quell demo",
    ] {
        let said = place.shell(&format!("({command}; echo $? > code) | head -c 1"));
        assert!(
            !said.err.contains("panicked") && !said.err.contains("Broken pipe"),
            "{command}: {}",
            said.err
        );
        let code: i32 = place.read("code").trim().parse().unwrap();
        assert!([0, 1].contains(&code), "{command}: {code}");
    }
}

#[test]
fn a_closed_standard_output_and_error_are_no_panic() {
    let place = Place::with_site();
    for command in ["quell actions >&-", "quell check 2>&-", "quell check >&- 2>&-", "quell actions <&-"] {
        let said = place.shell(command);
        assert!([0, 3].contains(&said.code), "{command}: {said:?}");
    }
}

#[test]
fn an_answer_that_could_not_be_written_is_not_taken_for_the_whole() {
    let place = Place::with_site();
    for command in
        ["actions", "actions --json", "decode alerts", "completions bash", "exclusions list --json"]
    {
        let said = place.shell(&format!("quell {command} > /dev/full")).with_code(3);
        assert!(said.err.contains("could not be written to its end"), "{command}: {}", said.err);
    }
}

#[test]
fn alerts_come_through_standard_input() {
    let place = Place::with_site();
    let alert = place.read("alerts/dcsync.json");
    for args in [&["decode", "-"][..], &["explain", "-"], &["replay", "-"]] {
        let mut child = place
            .program(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(alert.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && out.contains("Suspected DCSync"), "{args:?}: {out}");
    }
}
