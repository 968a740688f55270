//! [`Brake`]: the global stop. While it is on, nothing disruptive begins; everything that waits is kept.

use quell_action::Impact;
use tokio::sync::watch;

use crate::context::Context;

/// The global stop. It holds back calls that disrupt; undoing, informing and looking go on.
#[derive(Debug)]
pub struct Brake(watch::Sender<bool>);

impl Brake {
    /// A brake that is on, or not.
    pub fn new(on: bool) -> Self {
        Self(watch::Sender::new(on))
    }

    /// Puts it on, or takes it off. A call whose intent is on disk is finished.
    pub fn set(&self, on: bool) {
        self.0.send_replace(on);
    }

    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is off.
    async fn off(&self) {
        // The sender is ours: waiting ends with the brake taken off, and not otherwise.
        let _ = self.0.subscribe().wait_for(|on| !on).await;
    }
}

impl Default for Brake {
    fn default() -> Self {
        Self::new(false)
    }
}

impl Context {
    /// Whether an action of this impact is held back at this moment.
    pub(crate) fn is_held_back(&self, impact: Impact) -> bool {
        impact == Impact::Disruptive && self.tools.brake.is_on()
    }

    /// Waits while an action of this impact is held back. Whether it was: what was read before is old by then.
    pub(crate) async fn wait_for_brake(&self, impact: Impact) -> bool {
        if !self.is_held_back(impact) {
            return false;
        }
        tokio::select! {
            () = self.tools.brake.off() => {}
            () = self.tools.stop.stopping() => {}
        }
        true
    }
}
