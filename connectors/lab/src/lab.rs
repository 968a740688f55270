//! [`Lab`]: the file, the faults and the way in which calls meet both.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quell_action::{ActionError, Target};

use crate::fault::{self, Call, During, Fault, Trouble};
use crate::file::{LabError, LabFile};
use crate::world::World;

/// The lab as a connection uses it.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) file: LabFile,
    /// The faults of the settings; those of the file are used up in the file.
    faults: Mutex<Vec<Fault>>,
}

impl Lab {
    pub(crate) fn new(file: LabFile, faults: Vec<Fault>) -> Arc<Self> {
        Arc::new(Self { file, faults: Mutex::new(faults) })
    }

    /// Makes a call to this target, and lets it take its time, as the faults say.
    pub(crate) async fn call(
        self: &Arc<Self>,
        (during, action, provider): (During, Option<&'static str>, &'static str),
        names: impl FnOnce(&World) -> Vec<String>,
        time_limit: Option<Duration>,
    ) -> Result<OwnedCall, ActionError> {
        let world = self.read().await?;
        let mut call = OwnedCall { during, action, provider, names: names(&world), too_late: false };
        let latency = {
            let faults = self.faults.lock();
            fault::latency(faults.iter().chain(&world.faults), &call.seen())
        };
        call.too_late = time_limit.is_some_and(|limit| latency > limit);
        tokio::time::sleep(time_limit.map_or(latency, |limit| latency.min(limit))).await;
        Ok(call)
    }

    /// Everything, as it is now.
    pub(crate) async fn read(self: &Arc<Self>) -> Result<World, ActionError> {
        let lab = Arc::clone(self);
        in_the_background(move || lab.file.read()).await
    }

    /// Changes something alone, with the trouble that the faults have made for this call.
    pub(crate) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        call: OwnedCall,
        change: impl FnOnce(&mut World, Trouble) -> T + Send + 'static,
    ) -> Result<T, ActionError> {
        let lab = Arc::clone(self);
        in_the_background(move || {
            lab.file.change(|world| {
                let trouble = {
                    let mut faults = lab.faults.lock();
                    fault::trouble(faults.iter_mut().chain(&mut world.faults), &call.seen())
                };
                change(world, trouble)
            })
        })
        .await
    }
}

/// One call to the lab.
#[derive(Debug, Clone)]
pub(crate) struct OwnedCall {
    during: During,
    action: Option<&'static str>,
    provider: &'static str,
    names: Vec<String>,
    /// The caller has given up meanwhile.
    pub(crate) too_late: bool,
}

impl OwnedCall {
    fn seen(&self) -> Call<'_> {
        let Self { during, action, provider, names, .. } = self;
        Call { during: *during, action: *action, provider, names }
    }
}

/// The names by which faults mean a target.
pub(crate) fn names_of(world: &World, target: &Target) -> Vec<String> {
    match target {
        Target::Account(key) => {
            let account = world.accounts.iter().find(|account| account.key() == *key);
            account.into_iter().flat_map(|found| [found.person.clone(), found.id.clone()]).collect()
        }
        Target::Device(key) => {
            let device = world.devices.iter().find(|device| device.key() == *key);
            device.into_iter().flat_map(|found| [found.name.clone(), found.id.clone()]).collect()
        }
        Target::None => Vec::new(),
    }
}

/// Files are waited for beside the other work. Until the new file is in place nothing has happened.
async fn in_the_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LabError> + Send + 'static,
) -> Result<T, ActionError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| ActionError::unavailable(error.to_string())),
        Err(_) => Err(ActionError::uncertain("the lab was interrupted")),
    }
}
