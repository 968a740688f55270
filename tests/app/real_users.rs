//! Commands of users who may not look into the state folder. It takes root to be several users.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::process::{Command, Stdio};

use crate::place::{Place, Said};
use crate::service::Engine;

const ANNS: &str = "anns-token-0123456789abcdef01234";

/// Two users who are nobody else.
const ANN: u32 = 64_001;
const EVE: u32 = 64_002;

/// The program, for whoever they are.
const PROGRAM: &str = "./quell";

/// An address of this machine at which no other test listens: a port of it that was let go is still free.
const HERE: &str = "127.83.64.1";

/// A site whose engine listens at this port; its owner alone may look into what it keeps.
fn site(port: u16) -> Place {
    let place = Place::with_site();
    place.write("tokens/ann", ANNS);
    let people = "\n  people: [{ name: ann, token: { file: tokens/ann } }]";
    place.change("quell.yaml", "\"127.0.0.1:0\"", &format!("\"{HERE}:{port}\"{people}"));
    fs::set_permissions(place.path("."), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(place.path("tokens"), Permissions::from_mode(0o700)).unwrap();
    // Where it was built, others may not be able to look.
    fs::copy(place.program(&[]).get_program(), place.path(PROGRAM)).unwrap();
    place
}

fn free_port() -> u16 {
    std::net::TcpListener::bind((HERE, 0)).unwrap().local_addr().unwrap().port()
}

/// A command of this user, with the token of ann.
fn as_user(user: u32, place: &Place, command: &str) -> Said {
    let to = format!("setpriv --reuid={user} --regid={user} --clear-groups");
    place.shell(&format!("QUELL_TOKEN={ANNS} {to} {PROGRAM} {command}"))
}

#[test]
fn another_user_reaches_the_engine_with_a_token_and_nobody_in_its_place() {
    let port = free_port();
    let place = site(port);
    let (engine, _pipe) = Engine::that_waits(&place);
    let paused = as_user(ANN, &place, "pause --json").well();
    assert_eq!(paused.json()["by"], "ann");
    let without =
        place.shell(&format!("setpriv --reuid={ANN} --regid={ANN} --clear-groups {PROGRAM} runs list"));
    assert_eq!(without.code, 3, "{without:?}");
    engine.end();

    // Somebody else takes the port, with an engine of their own.
    let trap = site(port);
    for path in [".", "quell.yaml", "tokens", "tokens/ann"] {
        chown(trap.path(path), Some(EVE), Some(EVE)).unwrap();
    }
    trap.shell("mkfifo pipe && chmod 666 pipe").well();
    trap.change("quell.yaml", "files: [alerts]", "files: [pipe]");
    let _pipe = File::options().read(true).write(true).open(trap.path("pipe")).unwrap();
    let mut listens = Command::new("setpriv");
    listens.args([format!("--reuid={EVE}"), format!("--regid={EVE}"), "--clear-groups".into()]);
    listens.args([PROGRAM, "run"]).current_dir(trap.path(".")).stderr(Stdio::null());
    let mut listens = listens.spawn().unwrap();
    while std::net::TcpStream::connect((HERE, port)).is_err() {
        assert!(listens.try_wait().unwrap().is_none(), "it has ended");
        std::thread::yield_now();
    }
    let refused = as_user(ANN, &place, "resume --json");
    listens.kill().unwrap();
    listens.wait().unwrap();
    let refused = refused.with_code(3);
    assert!(refused.err.contains("your token was not sent there"), "{}", refused.err);
}
