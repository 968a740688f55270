//! A folder to try the program in, and what it said there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_quell");

/// The folder of all tests.
pub(crate) fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").canonicalize().unwrap()
}

/// No command of these tests takes so long; one that does hangs.
const LONGEST: &str = "120";

/// A folder of its own, with nothing of this machine but the path to its programs.
pub(crate) struct Place(TempDir);

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

impl Place {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// One with the site that `quell init` writes: an observing playbook, an alert that starts it, a made-up tenant.
    pub(crate) fn with_site() -> Self {
        let place = Self::new();
        place.quell(&["init", "."]).well();
        // Tests run side by side, so each engine takes a free port.
        place.change("quell.yaml", "127.0.0.1:7878", "127.0.0.1:0");
        place
    }

    /// The same with a playbook that acts.
    pub(crate) fn with_acting_site() -> Self {
        let place = Self::with_site();
        place.change("playbooks/disable-on-dcsync.yaml", "mode: observe", "mode: act");
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Whether any file below a folder holds this text.
    pub(crate) fn holds(&self, folder: &str, text: &str) -> bool {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        entries.map(|entry| entry.unwrap()).any(|entry| {
            let below = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                return self.holds(&below, text);
            }
            let bytes = fs::read(entry.path()).unwrap();
            bytes.windows(text.len()).any(|part| part == text.as_bytes())
        })
    }

    /// Replaces a piece of a file; it must be there.
    pub(crate) fn change(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} does not say {from:?}");
        self.write(name, text.replace(from, to));
    }

    /// Runs the program to its end.
    pub(crate) fn quell(&self, args: &[&str]) -> Said {
        let mut command = self.command("timeout");
        command.args(["--kill-after=5", LONGEST]).arg(PROGRAM).args(args);
        said(command.output().unwrap())
    }

    /// Runs a line of shell, in which `quell` is the program.
    pub(crate) fn shell(&self, line: &str) -> Said {
        let mut command = self.command("timeout");
        command.args(["--kill-after=5", LONGEST, "sh", "-c", line]);
        said(command.output().unwrap())
    }

    /// The program, not yet started.
    pub(crate) fn program(&self, args: &[&str]) -> Command {
        let mut command = self.command(PROGRAM);
        command.args(args);
        command
    }

    fn command(&self, name: impl AsRef<std::ffi::OsStr>) -> Command {
        let folder = Path::new(PROGRAM).parent().unwrap().to_owned();
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&others))).unwrap();
        let mut command = Command::new(name);
        command
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.0.path())
            .env("USER", "operator")
            .env("LANG", "C.UTF-8")
            .env("SAMPLES", tests().join("../examples/alerts"))
            .stdin(Stdio::null());
        command
    }
}

impl AsRef<Path> for Place {
    fn as_ref(&self) -> &Path {
        self.0.path()
    }
}

fn said(output: Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    let code = output.status.code().expect("no signal ended it");
    assert!(![124, 137].contains(&code), "it hangs");
    let said = Said { out: text(output.stdout), err: text(output.stderr), code };
    assert!(!said.err.contains("panicked"), "{}", said.err);
    said
}

impl Said {
    /// It went well.
    #[track_caller]
    pub(crate) fn well(self) -> Self {
        self.with_code(0)
    }

    /// It ended with this code.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// What it answered, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    /// What it answered, as JSON lines.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }
}
