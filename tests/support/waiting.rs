//! Waiting for something to become true, never for time to pass.

use std::time::Duration;

/// How long a condition may take before the test fails. Group joins and broker restarts take seconds.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        let mut again = tokio::time::interval(Duration::from_millis(20));
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
