//! What `tests/run` says about the real services.

use std::process::Command;

/// The value of a variable. One that is missing fails the test: tests that need a service never pass by not running.
#[expect(clippy::disallowed_methods, reason = "the endpoints of the real services come from the environment")]
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the suite with tests/run"))
}

/// Lets the control program that this variable names do something, such as `stop`; what it printed.
pub fn control(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(variable(program)).args(arguments).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {words}");
    String::from_utf8(output.stdout).unwrap()
}

/// The value of a variable that may be left out.
#[expect(
    clippy::disallowed_methods,
    reason = "how long and from where a test goes on comes from the environment"
)]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
