//! [`Stop`]: how the engine is told to stop, once gently and once for good.

use tokio_util::sync::CancellationToken;

/// How the engine is told to stop. Nothing is lost either way: what was begun is in the journal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    gently: CancellationToken,
    now: CancellationToken,
}

impl Stop {
    /// Nothing more is begun; what is under way is finished.
    pub(crate) fn gently(&self) {
        self.gently.cancel();
    }

    /// What is under way is let go.
    pub(crate) fn now(&self) {
        self.gently.cancel();
        self.now.cancel();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.gently.is_cancelled()
    }

    /// Returns when nothing more is to be begun.
    pub(crate) async fn stopping(&self) {
        self.gently.cancelled().await;
    }

    /// Returns when what is under way is to be let go.
    pub(crate) async fn at_once(&self) {
        self.now.cancelled().await;
    }
}
