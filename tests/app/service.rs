//! `quell run` as a service: one engine for a store, signals, and what commands do while it runs.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::place::Place;

/// Longer than anything here takes: who waits for more waits for ever.
const PATIENCE: Duration = Duration::from_secs(240);

/// A running engine, and the lines of its log.
pub(crate) struct Engine {
    child: Child,
    log: Receiver<String>,
}

impl Engine {
    /// One that reads alerts from a pipe, so that it runs until it is told to stop. Returns the pipe too.
    pub(crate) fn that_waits(place: &Place) -> (Self, File) {
        place.shell("test -p pipe || mkfifo pipe").well();
        let site = place.read("quell.yaml").replace("files: [alerts]", "files: [pipe]");
        place.write("quell.yaml", site);
        // Open for both, so that neither side waits for the other.
        let pipe = File::options().read(true).write(true).open(place.path("pipe")).unwrap();
        let engine = Self::start(place);
        engine.says("taking alerts in");
        (engine, pipe)
    }

    fn start(place: &Place) -> Self {
        let mut child = place.program(&["run"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (said, log) = channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Self { child, log }
    }

    /// Waits until the log says this, and returns the line.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> String {
        let mut before = Vec::new();
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => before.push(line),
                Err(_) => panic!("it never says {words:?}, only\n{}", before.join("\n")),
            }
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let signal = format!("-{name}");
        let sent = Command::new("kill").args([&signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end; returns its exit code and what was left of its log.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let mut rest = Vec::new();
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) => rest.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(_) => panic!("it does not end:\n{}", rest.join("\n")),
            }
        }
        (self.child.wait().unwrap().code(), rest.join("\n"))
    }

    /// Ends it as an operator would.
    pub(crate) fn end(self) {
        self.signal("TERM");
        assert_eq!(self.ended().0, Some(0));
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send(pipe: &mut File, alert: &str) {
    let alert: Value = serde_json::from_str(alert).unwrap();
    writeln!(pipe, "{alert}").unwrap();
}

/// What a running engine answers to a request, its head included.
fn ask(place: &Place, host: &str, path: &str, token: Option<&str>) -> String {
    let mut stream = TcpStream::connect(place.read("state/api.address").trim()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n{token}Connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_second_engine_on_the_same_store_is_refused() {
    let place = Place::with_acting_site();
    let (engine, _pipe) = Engine::that_waits(&place);
    let said = place.quell(&["run"]).with_code(3);
    let process = format!("held by a running engine (process {})", engine.child.id());
    assert!(said.err.contains(&process), "{}", said.err);
    engine.end();
}

#[test]
fn an_engine_waits_for_a_command_that_has_the_store() {
    let place = Place::with_acting_site();
    place.quell(&["runs", "list"]).well();
    let command = File::options().write(true).open(place.path("state/store/lock")).unwrap();
    command.lock().unwrap();
    let site = place.read("quell.yaml").replace("files: [alerts]", "files: [pipe]");
    place.write("quell.yaml", site);
    place.shell("mkfifo pipe").well();
    let _pipe = File::options().read(true).write(true).open(place.path("pipe")).unwrap();
    let engine = Engine::start(&place);
    engine.says("waiting for the store");
    command.unlock().unwrap();
    engine.says("taking alerts in");
    engine.end();
}

#[test]
fn commands_reach_the_engine_that_holds_the_store() {
    let place = Place::with_acting_site();
    let (engine, mut pipe) = Engine::that_waits(&place);
    place.quell(&["exclusions", "add", "--upn", "alice@contoso.example", "--because", "tested"]).well();
    engine.says("an exclusion was added");
    place.quell(&["exclusions", "test", "CONTOSO\\alice"]).well();
    send(&mut pipe, &place.read("alerts/dcsync.json"));
    let run = loop {
        let runs = place.quell(&["runs", "list", "--json"]).well().json();
        if runs[0]["finish"] == "contained" {
            break runs[0]["id"].as_str().unwrap().to_owned();
        }
    };
    place.quell(&["undo", &run]).well();
    place.quell(&["store", "stats"]).well();
    place.quell(&["store", "verify"]).well();
    place.quell(&["store", "backup", "copy"]).well();
    let again = place.quell(&["store", "backup", "copy"]).with_code(3);
    assert!(again.err.contains("is there already"), "{}", again.err);
    place.quell(&["store", "prune", "--days", "0", "--yes"]).well();
    for command in
        [&["restore", "copy", "--yes"][..], &["accept-loss", "--yes"], &["convert", "--to", "redb"]]
    {
        let said = place.quell(&[&["store"], command].concat()).with_code(3);
        assert!(
            said.err.contains("an engine runs on this store: stop it first"),
            "{command:?}: {}",
            said.err
        );
    }
    engine.end();
    place.quell(&["store", "restore", "copy", "--yes"]).well();
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    assert_eq!(runs[0]["id"], run.as_str());
}

#[test]
fn the_interface_is_for_its_owner_on_this_machine() {
    let place = Place::with_site();
    let (engine, _pipe) = Engine::that_waits(&place);
    let mode = |name| place.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("state"), mode("state/api.token"), mode("state/api.address")), (0o700, 0o600, 0o600));
    let token = place.read("state/api.token");
    let status = |answer: String| answer.split(' ').nth(1).unwrap().to_owned();
    assert_eq!(status(ask(&place, "localhost", "/readyz", None)), "200");
    assert_eq!(status(ask(&place, "localhost", "/metrics", None)), "200");
    assert_eq!(status(ask(&place, "localhost", "/api/v1/runs", None)), "401");
    assert_eq!(status(ask(&place, "127.0.0.1", "/api/v1/runs", Some(&token))), "200");
    assert_eq!(status(ask(&place, "rebound.example", "/api/v1/runs", Some(&token))), "421");
    engine.end();
    assert!(!place.path("state/api.token").exists() && !place.path("state/api.address").exists());
}

#[test]
fn a_bad_playbook_never_takes_the_place_of_a_good_one() {
    let place = Place::with_site();
    let (engine, mut pipe) = Engine::that_waits(&place);
    let good = place.read("playbooks/disable-on-dcsync.yaml");
    place.change("playbooks/disable-on-dcsync.yaml", "any_of", "anyof");
    engine.signal("HUP");
    engine.says("the old playbooks and exclusions stay");
    assert!(ask(&place, "localhost", "/readyz", None).contains("1 loaded"));
    send(&mut pipe, &place.read("alerts/dcsync.json"));
    while place.quell(&["runs", "list", "--json"]).well().json()[0]["finish"].is_null() {}

    let second = good.replace("disable-on-dcsync", "another");
    place.write("playbooks/disable-on-dcsync.yaml", &good);
    place.write("playbooks/another.yaml", second);
    engine.signal("HUP");
    assert!(engine.says("were read anew").contains("\"playbooks\":2"));
    assert!(ask(&place, "localhost", "/readyz", None).contains("2 loaded"));

    place.change("exclusions.yaml", "because:", "becuase:");
    engine.signal("HUP");
    engine.says("the old playbooks and exclusions stay");
    place.quell(&["exclusions", "test", "break-glass-1@contoso.example"]).well();
    engine.end();
}

#[test]
fn the_second_signal_stops_at_once_and_nothing_is_lost() {
    let place = Place::with_acting_site();
    let slow = "folder: lab\n    faults: [{ fault: latency, action: account.disable, millis: 3600000 }]";
    place.change("quell.yaml", "folder: lab", slow);
    let (engine, mut pipe) = Engine::that_waits(&place);
    send(&mut pipe, &place.read("alerts/dcsync.json"));
    let begun = || {
        let runs = place.quell(&["runs", "list", "--json"]).well().json();
        runs[0]["counts"]["tasks"] == 3
    };
    while !begun() {}
    engine.signal("TERM");
    engine.says("finishing what is started");
    engine.signal("TERM");
    engine.says("letting go at once");
    let (code, _) = engine.ended();
    assert_eq!(code, Some(0));

    place.change("quell.yaml", slow, "folder: lab");
    let (engine, _pipe) = Engine::that_waits(&place);
    let finished = || {
        let runs = place.quell(&["runs", "list", "--json"]).well().json();
        runs[0]["finish"] == "contained" && runs[0]["counts"]["changed"] == 3
    };
    while !finished() {}
    engine.end();
}

#[test]
fn an_engine_whose_port_is_taken_says_so() {
    let place = Place::with_site();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    place.change("quell.yaml", "127.0.0.1:0", &taken.local_addr().unwrap().to_string());
    let said = place.quell(&["run"]).with_code(3);
    assert!(said.err.contains("api.listen") && said.err.contains("port 0"), "{}", said.err);
    place.quell(&["runs", "list"]).well();
}

/// Killed, the engine leaves its word behind, and anybody may listen where it did.
#[test]
fn nobody_is_taken_for_an_engine_that_is_dead() {
    let place = Place::with_site();
    place.quell(&["run"]).well();
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    place.write("state/api.address", stranger.local_addr().unwrap().to_string());
    place.write("state/api.token", "0123456789abcdef0123456789abcdef");
    let paused = place.quell(&["pause", "--because", "danger"]).well();
    assert!(paused.out.contains("danger"), "{paused:?}");
    stranger.set_nonblocking(true).unwrap();
    assert!(stranger.accept().is_err(), "the stranger was asked");
    place.quell(&["resume"]).well();
}

/// What stops everything must not hang on what may be broken just then: a secret, a list, a playbook.
#[test]
fn where_no_engine_runs_a_pause_needs_nothing_but_the_store() {
    let place = Place::with_acting_site();
    place.write("exclusions.yaml", "identities: [");
    place.write("playbooks/broken.yaml", "playbook: [");
    place.change(
        "quell.yaml",
        "connectors:",
        "connectors:\n  slack:\n    token: { env: NOT_THERE }\n    channels: { soc: C024BE91L }",
    );
    place.quell(&["undo", "--since", "1h", "--dry-run"]).with_code(3);
    let paused = place.quell(&["pause", "--because", "danger"]).well();
    assert!(paused.out.contains("danger"), "{paused:?}");
    let lifted = place.quell(&["resume", "--json"]).well();
    assert_eq!(lifted.json()["because"], "danger");
    assert_eq!(place.quell(&["resume"]).well().out, "it was not paused\n");
}

/// Whoever looks after a dead engine has a shell of their own, without the secrets that its service has.
#[test]
fn where_no_engine_runs_what_is_on_record_needs_no_secrets() {
    let place = Place::with_acting_site();
    place.quell(&["run"]).well();
    place.change(
        "quell.yaml",
        "connectors:",
        "connectors:\n  slack:\n    token: { env: NOT_THERE }\n    channels: { soc: C024BE91L }",
    );
    let runs = place.quell(&["runs", "list", "--json"]).well().json();
    let run = runs[0]["id"].as_str().unwrap();
    place.quell(&["runs", "show", run]).well();
    let add = ["exclusions", "add", "--upn", "carol@contoso.example", "--because", "she is the witness"];
    for asked in [
        &["approvals", "list"] as &[&str],
        &["attention", "list"],
        &["limits"],
        &["audit", "verify"],
        &["audit", "export"],
        &add,
    ] {
        place.quell(asked).well();
    }
    assert!(place.quell(&["exclusions", "list"]).well().out.contains("the witness"));
    // What is about to touch somebody, or asks who somebody is, does not begin with a part of the systems.
    for asked in [
        &["undo", run] as &[&str],
        &["identity", "carol@contoso.example"],
        &["exclusions", "test", "S-1-5-21-1-2-3-500"],
    ] {
        let refused = place.quell(asked).with_code(3);
        assert!(refused.err.contains("NOT_THERE"), "{}", refused.err);
    }
}
