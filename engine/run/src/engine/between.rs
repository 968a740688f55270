//! What runs tell one another: that what was called has ended, and that a caller was stopped.

use std::sync::Arc;

use super::runner::Runner;
use crate::command::Wish;
use crate::context::Context;
use crate::{PlaybookArchive, RunId, callee};

impl Runner {
    /// A run that has ended tells the one that called it, before it is let go of: the engine is not idle in between.
    pub(super) async fn tell_caller(self: &Arc<Self>, cx: &Context) {
        let Some(caller) = cx.log.look(callee::waiting_for).await else { return };
        if let Err(error) = self.ask(&caller, Wish::Tend).await {
            // It looks for itself when it is taken up again.
            tracing::warn!(run.id = %caller, %error, "a run could not be told that what it called has ended");
        }
    }

    /// Stops a run that a stopped run has called.
    pub(crate) fn cancel_called(self: &Arc<Self>, run: &RunId, by: String) {
        self.tell(run.clone(), Wish::Cancel { by });
    }

    /// Playbooks as they were.
    pub(crate) fn archive(&self) -> &dyn PlaybookArchive {
        self.archive.as_ref()
    }

    /// Tells a run something, without waiting until it has heard it.
    fn tell(self: &Arc<Self>, run: RunId, wish: Wish) {
        let runner = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = runner.ask(&run, wish).await {
                tracing::debug!(run.id = %run, %error, "a run was told something and did not hear it");
            }
        });
    }
}
