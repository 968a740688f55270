//! Against a real Apache Kafka. The endpoints come from the environment, and a missing one fails the test:
//! these tests never pass by not running.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::broker::Broker;

mod consuming;
mod dead_letters;
mod faults;
mod groups;
mod killed;
mod replay;
mod security;
mod topics;

/// Tests that stop the broker have it alone; all others share it.
static ALONE: RwLock<()> = RwLock::const_new(());

async fn shared() -> (Broker, RwLockReadGuard<'static, ()>) {
    let guard = ALONE.read().await;
    (Broker { plain: variable("QUELL_TEST_KAFKA") }, guard)
}

async fn alone() -> (Broker, RwLockWriteGuard<'static, ()>) {
    let guard = ALONE.write().await;
    (Broker { plain: variable("QUELL_TEST_KAFKA") }, guard)
}

#[expect(clippy::disallowed_methods, reason = "the endpoints of the real services come from the environment")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the suite with tests/run"))
}

/// Lets the broker's control program do something, such as `stop`.
fn control(arguments: &[&str]) -> String {
    let program = variable("QUELL_TEST_KAFKA_CTL");
    let output = std::process::Command::new(program).args(arguments).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {words}");
    String::from_utf8(output.stdout).unwrap()
}
