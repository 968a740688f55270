//! Colour appears on a terminal only, unless it is asked for; NO_COLOR and `--color never` take it away there too.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::place::Place;

const ESCAPE: char = '\x1b';

/// What a program writes when its standard output and standard error are a terminal.
fn on_a_terminal(mut command: Command) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let open = || File::options().read(true).write(true).custom_flags(NOCTTY).open(&name).unwrap();
    command.env("TERM", "xterm-256color").stdout(open()).stderr(open()).stdin(Stdio::null());
    let mut child = command.spawn().unwrap();
    // Our copies of the terminal must be closed, so that reading ends when the program does.
    drop(command);
    let mut written = Vec::new();
    // A terminal whose last writer is gone says so with an error.
    let _ = File::from(master).read_to_end(&mut written);
    child.wait().unwrap();
    String::from_utf8_lossy(&written).into_owned()
}

/// The terminal must not become the one that controls this test.
const NOCTTY: i32 = OpenptFlags::NOCTTY.bits() as i32;

#[test]
fn a_terminal_gets_colour() {
    let place = Place::with_site();
    for args in [&["actions"][..], &["check"], &["exclusions", "list"], &["decode", "alerts"]] {
        assert!(on_a_terminal(place.program(args)).contains("\x1b["), "{args:?}");
    }
}

#[test]
fn no_color_and_never_take_it_away() {
    let place = Place::with_site();
    for args in [&["actions"][..], &["check"], &["exclusions", "list"]] {
        let mut quiet = place.program(args);
        quiet.env("NO_COLOR", "1");
        assert!(!on_a_terminal(quiet).contains("\x1b[1;"), "{args:?}");
        let never = place.program(&[args, &["--color", "never"]].concat());
        let text = on_a_terminal(never);
        assert!(!text.contains("\x1b[3") && !text.contains("\x1b[1m"), "{args:?}: {text:?}");
    }
}

#[test]
fn elsewhere_there_is_none_unless_it_is_asked_for() {
    let place = Place::with_site();
    place.change("playbooks/disable-on-dcsync.yaml", "any_of", "anyof");
    for args in
        [&["actions"][..], &["check"], &["decode", "alerts"], &["exclusions", "list"], &["runs", "list"]]
    {
        let said = place.quell(args);
        assert!(!said.out.contains(ESCAPE) && !said.err.contains(ESCAPE), "{args:?}: {said:?}");
        let never = place.quell(&[args, &["--color", "never"]].concat());
        assert_eq!((never.out, never.err), (said.out, said.err), "{args:?}");
        let always = place.quell(&[args, &["--color", "always"]].concat());
        assert!(always.out.contains(ESCAPE) || always.err.contains(ESCAPE), "{args:?}: {always:?}");
    }
}

#[test]
fn json_is_never_coloured() {
    let place = Place::with_site();
    for args in [&["actions"][..], &["check"], &["exclusions", "list"], &["decode", "alerts"]] {
        let args = [args, &["--json"]].concat();
        assert!(!place.quell(&args).out.contains(ESCAPE), "{args:?}");
        assert!(!on_a_terminal(place.program(&args)).contains(ESCAPE), "{args:?}");
    }
}
