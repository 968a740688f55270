//! The program itself, for tests that use it as a person would: from outside, as a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Names a program to test in place of the one that is built here.
const NAMED: &str = "QUELL_TEST_PROGRAM";

/// The program `quell`, no older than its source.
///
/// Cargo tells a test where a program is only when both are of one package. So the first test of a process that asks
/// has cargo build it, into the build folder that the test came from: `cargo test` has given that folder free when it
/// runs tests, several processes wait for one another, and where nothing has changed it takes a moment.
pub fn quell() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| std::env::var_os(NAMED).map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--package", "quell-app", "--bin", "quell"]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    if let Some(folder) = build_folder() {
        cargo.arg("--target-dir").arg(folder);
    }
    let output = cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "cargo could not build the program: see above");
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    messages.lines().find_map(executable).expect("cargo says where the program is")
}

/// The folder that this test was built in: `<folder>/debug/deps/<test>`.
fn build_folder() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    test.ancestors().nth(3).map(Path::to_owned)
}

fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    if message["target"]["name"] != "quell" {
        return None;
    }
    message["executable"].as_str().map(PathBuf::from)
}
