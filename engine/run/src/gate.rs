//! [`Gate`]: the places of one lane among all lanes of its identity.
//!
//! A lane lines up twice: under the name that the alert has for its entity, when it begins, and under the accounts or
//! devices themselves, once it is known which they are. Whoever waits for the second holds only the first, and whoever
//! holds the second never waits for the first: nobody waits in a circle.

use std::collections::BTreeSet;
use std::sync::Arc;

use quell_action::Target;
use tokio::sync::{Mutex, OwnedRwLockReadGuard, RwLock};

use crate::call::hold_key;
use crate::lanes::{LaneLocks, Place};
use crate::{Lane, Task};

/// The places of one lane. Dropping it gives them up.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    entity: Mutex<Option<Place>>,
    targets: Mutex<Option<Place>>,
    calls: Arc<RwLock<()>>,
}

/// Steps of one lane may go side by side: while the call of one is under way, none of them steps back.
pub(crate) type UnderWay = OwnedRwLockReadGuard<()>;

/// Names of entities and targets never meet.
const ENTITY: &str = "entity:";
const TARGET: &str = "target:";

/// The key of what a task acts on: its target, or else the state that it keeps (an entry of a list). Nothing for a message
/// or a ticket.
pub(crate) fn task_key(task: &Task) -> Option<String> {
    match &task.target {
        Target::None => hold_key(task).map(|key| {
            format!("{TARGET}{} {} {}", key.provider, key.action, key.item.as_deref().unwrap_or_default())
        }),
        target => Some(format!("{TARGET}{target}")),
    }
}

/// The key of what a lane is about, in the alert's words; nothing for a lane without entity.
pub(crate) fn entity_key(lane: &Lane) -> Option<String> {
    lane.kind.map(|_| format!("{ENTITY}{}", lane.key))
}

impl Gate {
    /// A gate of a lane that was in the middle of a call when the engine stopped: it stands in all its queues before
    /// anybody who comes after the restart.
    pub(crate) fn lined_up(locks: &LaneLocks, keys: BTreeSet<String>) -> Self {
        Self { entity: Mutex::new(Some(locks.line_up(keys))), ..Self::default() }
    }

    /// Returns when it is this lane's turn among those about the same entity.
    pub(crate) async fn enter(&self, locks: &LaneLocks, lane: &Lane) {
        let mut place = self.entity.lock().await;
        let place = place.get_or_insert_with(|| locks.line_up(entity_key(lane).into_iter().collect()));
        place.turn().await;
    }

    /// Returns when it is this lane's turn among those that act on any of these targets. Who needs more than he has
    /// steps back and lines up for all of them: he does not keep one while he waits for another. It stays his turn at least
    /// for as long as what is returned is kept.
    pub(crate) async fn hold(&self, locks: &LaneLocks, keys: BTreeSet<String>) -> UnderWay {
        loop {
            let under_way = Arc::clone(&self.calls).read_owned().await;
            if keys.is_empty() || self.covers(&keys).await {
                return under_way;
            }
            drop(under_way);
            let _nobody_is_calling = self.calls.write().await;
            self.line_up(locks, keys.clone()).await;
        }
    }

    /// Whether it is this lane's turn for all of these, without stepping back.
    async fn covers(&self, keys: &BTreeSet<String>) -> bool {
        for place in [&self.entity, &self.targets] {
            if let Some(own) = place.lock().await.as_mut().filter(|own| own.covers(keys)) {
                own.turn().await;
                return true;
            }
        }
        false
    }

    async fn line_up(&self, locks: &LaneLocks, keys: BTreeSet<String>) {
        let mut entity = self.entity.lock().await;
        if entity.as_ref().is_some_and(|place| place.covers(&keys)) {
            return;
        }
        step_back_from_targets(&mut entity, locks).await;
        let mut place = self.targets.lock().await;
        if let Some(own) = place.as_mut().filter(|own| own.covers(&keys)) {
            return own.turn().await;
        }
        let mut all = keys;
        all.extend(place.take().map(|own| own.keys()).unwrap_or_default());
        place.insert(locks.line_up(all)).turn().await;
    }
}

/// A lane that was taken up in the middle of a call has one place for its name and its targets together. Once it needs
/// others, it lines up like everybody else.
async fn step_back_from_targets(entity: &mut Option<Place>, locks: &LaneLocks) {
    let Some(keys) = entity.as_ref().map(Place::keys) else { return };
    let name: BTreeSet<String> = keys.iter().filter(|key| key.starts_with(ENTITY)).cloned().collect();
    if name.len() < keys.len() {
        *entity = None;
        entity.insert(locks.line_up(name)).turn().await;
    }
}
