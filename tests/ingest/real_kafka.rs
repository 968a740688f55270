//! Against a real Apache Kafka. The endpoints come from the environment, and a missing one fails the test:
//! these tests never pass by not running.

use quell_tests::environment::variable;
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

/// Lets the broker's control program do something, such as `stop`.
fn control(arguments: &[&str]) -> String {
    quell_tests::environment::control("QUELL_TEST_KAFKA_CTL", arguments)
}
