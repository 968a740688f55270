//! Waiting for something to become true, never for time to pass.

use std::time::Duration;

use tokio::time::MissedTickBehavior;

/// How long a condition may take before the test fails. Group joins and broker restarts take seconds; a busy
/// machine with two cores makes minutes of them.
pub const PATIENCE: Duration = Duration::from_secs(240);

/// Asks again and again until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        let mut again = tokio::time::interval(Duration::from_millis(20));
        // Asking may start a program: what is waited for needs the machine more than the question does.
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            again.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("not within {PATIENCE:?}: {what}"),
    }
}

/// The same for what is merely true or not.
pub async fn until_true(what: &str, mut ask: impl FnMut() -> bool) {
    until(what, async || ask().then_some(())).await;
}
