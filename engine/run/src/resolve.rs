//! [`Resolver`]: who is meant. From what an alert names to what the directories know: the first half of clearing.
//!
//! Rules that cost somebody their work if they are broken:
//! - Only strong identifiers find anybody. Mail addresses and bare names never do.
//! - Accounts are tied together only by what is certain: ids that one directory copied from the other. A user
//!   principal name ties nothing, unless the site says so.
//! - An id that finds nobody is not replaced by a name, and names that lead to different accounts lead to nobody.
//! - A directory that could not be asked is recorded; while there is one, nobody is cleared.

mod device;
mod identity;
mod memory;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use quell_action::{ActionError, DeviceFacts, Directory, Failure, IdentityFacts, Subject, Target};
use quell_alert::{Account, Alert, Device, Provider};
use quell_playbook::Entity;
use tokio::sync::Semaphore;

use crate::hands::Eyes;
use crate::meant::safe_order;
use crate::{Clock, Lane, Settings};
use memory::Memory;

/// Finds out who is meant.
pub(crate) struct Resolver {
    eyes: Eyes,
    clock: Arc<dyn Clock>,
    calls: Arc<Semaphore>,
    time_limit: Duration,
    link_by_upn: bool,
    identities: Memory<Vec<quell_alert::Identifier>, Resolved<IdentityFacts>>,
    devices: Memory<Vec<quell_alert::DeviceIdentifier>, Resolved<Vec<DeviceFacts>>>,
}

/// How fresh an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// Asked for this: whoever is cleared, and whoever is waited for.
    Now,
    /// What was said a moment ago will do; the record says how old it is.
    Lately,
}

/// What is known of who is meant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Resolved<F> {
    /// These.
    Found(F),
    /// Every directory was asked, and nobody there has the name; or there is no name by which to ask.
    Nobody(String),
    /// The names lead to more than one: nobody is touched.
    Ambiguous(String),
    /// Directories could not be asked, with the reason; what the others said may not be all.
    Away(F, Vec<(Provider, String)>),
}

impl<F> Resolved<F> {
    /// The same, of something else about them.
    pub(crate) fn map<G>(self, of: impl FnOnce(F) -> G) -> Resolved<G> {
        match self {
            Self::Found(facts) => Resolved::Found(of(facts)),
            Self::Nobody(why) => Resolved::Nobody(why),
            Self::Ambiguous(why) => Resolved::Ambiguous(why),
            Self::Away(facts, why) => Resolved::Away(of(facts), why),
        }
    }
}

impl Resolver {
    pub(crate) fn new(eyes: Eyes, clock: Arc<dyn Clock>, calls: Arc<Semaphore>, settings: &Settings) -> Self {
        Self {
            eyes,
            clock,
            calls,
            time_limit: settings.look_time_limit,
            link_by_upn: settings.link_by_upn,
            identities: Memory::new(settings.remember_for),
            devices: Memory::new(settings.remember_for),
        }
    }

    /// The person or service behind an account that an alert names, with all accounts that are certainly theirs.
    pub(crate) async fn identity(&self, account: &Account, fresh: Fresh) -> Resolved<IdentityFacts> {
        let now = self.clock.now();
        let remembered = || self.identities.recall(&account.identifiers, now);
        if let Some(known) = (fresh == Fresh::Lately).then(remembered).flatten() {
            return known;
        }
        let resolved = self.ask_for_identity(account).await;
        if !matches!(resolved, Resolved::Away(..)) {
            self.identities.keep(account.identifiers.clone(), resolved.clone(), now);
        }
        resolved
    }

    /// The device that an alert names, as each system that knows it describes it.
    pub(crate) async fn device(&self, device: &Device, fresh: Fresh) -> Resolved<Vec<DeviceFacts>> {
        let now = self.clock.now();
        let remembered = || self.devices.recall(&device.identifiers, now);
        if let Some(known) = (fresh == Fresh::Lately).then(remembered).flatten() {
            return known;
        }
        let resolved = self.ask_for_device(device).await;
        if !matches!(resolved, Resolved::Away(..)) {
            self.devices.keep(device.identifiers.clone(), resolved.clone(), now);
        }
        resolved
    }

    /// We have changed this target: what was said of it before does not count any more.
    pub(crate) fn forget(&self, target: &Target) {
        match target {
            Target::Account(key) => self.identities.forget(|resolved| match resolved {
                Resolved::Found(facts) => facts.accounts.iter().any(|account| account.key == *key),
                _ => false,
            }),
            Target::Device(key) => self.devices.forget(|resolved| match resolved {
                Resolved::Found(found) => found.iter().any(|facts| facts.key == *key),
                _ => false,
            }),
            Target::None => {}
        }
    }

    /// The providers whose directories are asked about accounts, in the order in which accounts are acted on.
    pub(crate) fn account_directories(&self) -> Vec<Provider> {
        in_safe_order(self.eyes.directories().iter().filter(|directory| directory.knows_accounts()))
    }

    /// The providers whose systems are asked about devices.
    pub(crate) fn device_directories(&self) -> Vec<Provider> {
        in_safe_order(self.device_systems())
    }

    /// Who a lane is about, for its conditions. `Err` where it cannot be said for the moment.
    pub(crate) async fn subject(
        &self,
        alert: &Alert,
        lane: &Lane,
        fresh: Fresh,
    ) -> Result<Subject, ActionError> {
        match lane.entity(alert) {
            Some(Entity::Account(account)) => match self.identity(account, fresh).await {
                Resolved::Found(facts) => Ok(Subject::Identity(facts)),
                Resolved::Nobody(_) | Resolved::Ambiguous(_) => Ok(Subject::Nobody),
                Resolved::Away(_, why) => Err(away(&why)),
            },
            Some(Entity::Device(device)) => match self.device(device, fresh).await {
                Resolved::Found(mut facts) if facts.len() == 1 => Ok(Subject::Device(facts.remove(0))),
                Resolved::Found(facts) => {
                    Ok(device::together(facts).map_or(Subject::Nobody, Subject::Device))
                }
                Resolved::Nobody(_) | Resolved::Ambiguous(_) => Ok(Subject::Nobody),
                Resolved::Away(_, why) => Err(away(&why)),
            },
            _ => Ok(Subject::Nobody),
        }
    }

    /// Asks one directory, for no longer than the time limit.
    async fn ask<T>(
        &self,
        provider: &Provider,
        question: impl Future<Output = Result<T, ActionError>>,
    ) -> Result<T, ActionError> {
        let _one_of_the_calls = self.calls.acquire().await;
        let question = AssertUnwindSafe(question).catch_unwind();
        quell_crash::point!("run.directory.asking");
        let answer = tokio::select! {
            biased;
            answer = question => answer.unwrap_or_else(|_| {
                Err(ActionError::unavailable(format!("the connector of {provider} failed (a defect in it)")))
            }),
            () = self.clock.sleep(self.time_limit) => {
                let seconds = self.time_limit.as_secs();
                Err(ActionError::unavailable(format!("{provider} did not answer within {seconds} s")))
            }
        };
        quell_crash::point!("run.directory.answered");
        answer
    }
}

fn in_safe_order<'a>(directories: impl Iterator<Item = &'a Arc<dyn Directory>>) -> Vec<Provider> {
    let mut providers: Vec<Provider> = directories.map(|directory| directory.provider()).collect();
    providers.sort_by_key(safe_order);
    providers.dedup();
    providers
}

/// The error of directories that could not be asked.
pub(crate) fn away(unanswered: &[(Provider, String)]) -> ActionError {
    let who: Vec<String> = unanswered.iter().map(|(provider, why)| format!("{provider}: {why}")).collect();
    ActionError::new(
        Failure::Unavailable { retry_after: None },
        format!("unknown never acts, and not every directory could be asked ({})", who.join("; ")),
    )
}
