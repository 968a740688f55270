//! Whole sittings as text files: the commands after `$ `, and below each what it must print.
//!
//! A line on standard error begins with `! `, an exit code other than 0 stands after `= exit`. A command goes on in
//! lines that begin with `> `; each is a line of shell. What is above the first command says what the file shows.
//! Times, run ids, sizes and places of this machine are replaced by words of the same width.
//!
//! `UPDATE=1 cargo test -p quell-app --test app transcripts` plays the commands and writes anew what they print: read
//! the difference before you commit it. To add a command, write its line and do the same.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::place::{Place, tests};
use crate::plain;

macro_rules! transcripts {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )*

        #[test]
        fn every_transcript_is_played() {
            let mut names = vec![$(stringify!($name)),*];
            names.sort_unstable();
            assert_eq!(names, files());
        }
    };
}

transcripts! { actions codes connectors deadletters decode demo exclusions exclusions_import exit_codes explain first_site identity store undo_timers }

fn folder() -> PathBuf {
    tests().join("app/transcripts")
}

fn files() -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> =
        entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    names
}

fn check(name: &str) {
    let file = folder().join(format!("{name}.txt"));
    let wanted = fs::read_to_string(&file).unwrap();
    let played = play(&wanted);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, played).unwrap();
        return;
    }
    if played != wanted {
        let first = wanted.lines().zip(played.lines()).position(|(wanted, played)| wanted != played);
        let line = first.unwrap_or_else(|| wanted.lines().count().min(played.lines().count())) + 1;
        panic!(
            "{} differs from line {line} on; it is now\n{played}\nUPDATE=1 writes it anew",
            file.display()
        );
    }
}

/// Plays the commands of a transcript, and writes it with what they print.
fn play(transcript: &str) -> String {
    let place = Place::new();
    let mut played = String::new();
    let mut lines = transcript.lines().peekable();
    while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
        played.push_str(line);
        played.push('\n');
    }
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else { continue };
        let mut command = first.to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with("> ")) {
            command.push('\n');
            command.push_str(&more[2..]);
        }
        run(&place, &command, &mut played);
    }
    while played.ends_with("\n\n") {
        played.pop();
    }
    played
}

fn run(place: &Place, command: &str, played: &mut String) {
    let said = place.shell(command);
    writeln!(played, "$ {}", command.replace('\n', "\n> ")).unwrap();
    let plain = |text: &str| plain::of(text, place.as_ref());
    for line in plain(&said.out).lines() {
        writeln!(played, "{line}").unwrap();
    }
    for line in plain(&said.err).lines() {
        writeln!(played, "{}", format!("! {line}").trim_end()).unwrap();
    }
    if said.code != 0 {
        writeln!(played, "= exit {}", said.code).unwrap();
    }
    played.push('\n');
}
