//! [`EngineParts`]: what an engine is made of.

use std::sync::Arc;

use tokio::sync::{Semaphore, broadcast};

use crate::context::Tools;
use crate::lanes::LaneLocks;
use crate::pace::Pace;
use crate::resolve::Resolver;
use crate::retry::Jitter;
use crate::shutdown::Stop;
use crate::{Brake, Clock, Exclusions, Hands, Journal, NamedLists, PlaybookArchive, Settings};

/// What an engine is made of.
pub struct EngineParts {
    /// What it can reach.
    pub hands: Hands,
    /// Who must not be touched.
    pub exclusions: Arc<Exclusions>,
    /// The named lists.
    pub lists: Arc<NamedLists>,
    /// The global stop.
    pub brake: Arc<Brake>,
    /// Where runs are written down.
    pub journal: Arc<dyn Journal>,
    /// Where playbooks are found as they were.
    pub archive: Arc<dyn PlaybookArchive>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where jitter comes from.
    pub jitter: Arc<dyn Jitter>,
    /// How patient it is.
    pub settings: Settings,
}

/// Lines that a slow listener may lag behind before it misses some.
const EVENTS_KEPT: usize = 4096;

impl EngineParts {
    pub(super) fn into_tools(self) -> (Tools, Arc<dyn PlaybookArchive>) {
        let calls = Arc::new(Semaphore::new(self.settings.calls_at_once.max(1)));
        let resolver = Resolver::new(
            self.hands.eyes.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&calls),
            &self.settings,
        );
        let tools = Tools {
            hands: self.hands,
            exclusions: self.exclusions,
            lists: self.lists,
            journal: self.journal,
            clock: self.clock,
            jitter: self.jitter,
            settings: self.settings,
            resolver,
            locks: LaneLocks::default(),
            calls,
            events: broadcast::channel(EVENTS_KEPT).0,
            stop: Stop::default(),
            brake: self.brake,
            pace: Pace::default(),
        };
        (tools, self.archive)
    }
}
