//! Clearing one task: who is meant, asked anew, and the exclusion list, as it is at this moment.

use std::collections::BTreeSet;

use quell_action::{
    AccountKey, ActionError, ActionSpec, Cleared, DeviceFacts, DeviceKey, Excluded, Impact, Subject, Target,
};
use quell_alert::{Device, DeviceIdentifier, Provider};
use quell_playbook::Entity;

use crate::context::{Context, Early};
use crate::resolve::{Fresh, Resolved, away};
use crate::{Entry, Lane, Member, RunState, Task, TaskState, scope};
use quell_action::exclusion::Reason;

/// Who a task is about, as the directories say now.
pub(crate) struct Known {
    subject: Subject,
    /// Those whom it is about though it has no target.
    about: Vec<Subject>,
    /// Set where not every system that knows such devices could be asked.
    partly: Option<ActionError>,
}

impl Known {
    fn one(subject: Subject, partly: Option<ActionError>) -> Self {
        Self { subject, about: Vec::new(), partly }
    }

    /// Whom a limit counts: the identity with all its accounts, or the device under every name that stays with it.
    pub(crate) fn member(&self, task: &Task) -> Member {
        let subject = self.about.first().unwrap_or(&self.subject);
        let mut keys: BTreeSet<String> = match &task.target {
            Target::None => BTreeSet::new(),
            target => BTreeSet::from([target.to_string()]),
        };
        let mut display = task.display.clone();
        match subject {
            Subject::Identity(facts) => {
                keys.extend(facts.accounts.iter().map(|account| account.key.to_string()));
                let first = facts.accounts.first().filter(|_| task.target == Target::None);
                display = first.map_or(display, |account| account.display.clone());
            }
            Subject::Device(facts) => {
                keys.insert(facts.key.to_string());
                let lasting = facts.identifiers.iter().filter(|name| stays(name));
                keys.extend(lasting.map(ToString::to_string));
                if task.target == Target::None {
                    display.clone_from(&facts.display);
                }
            }
            Subject::Nobody => {}
        }
        Member { keys, display }
    }
}

/// Whether a name of a device is its own for life.
fn stays(name: &DeviceIdentifier) -> bool {
    use DeviceIdentifier::{AzureId, EntraDeviceId, MdeId, Sid};
    matches!(name, MdeId(_) | EntraDeviceId(_) | AzureId(_) | Sid(_))
}

impl Context {
    /// Asks the directories, anew, who a task is about. `Err` where nobody can be meant any more.
    pub(crate) async fn who_is(&self, task: &Task) -> Result<Known, ActionError> {
        let lane = self.lane_about(task).await;
        let entity = lane.as_ref().and_then(|lane| lane.entity(&self.plan.alert));
        match (&task.target, entity) {
            (Target::None, _) => self.those_around(task).await,
            (Target::Account(key), Some(Entity::Account(account))) => {
                self.account(key, self.tools.resolver.identity(account, Fresh::Now).await, task)
            }
            (Target::Device(key), Some(Entity::Device(device))) => {
                self.device(key, self.tools.resolver.device(device, Fresh::Now).await, task)
            }
            _ => Err(ActionError::rejected(format!("{} is not what its lane is about", task.display))),
        }
    }

    fn account(
        &self,
        key: &AccountKey,
        resolved: Resolved<quell_action::IdentityFacts>,
        task: &Task,
    ) -> Result<Known, ActionError> {
        match resolved {
            // With directories that could not be asked: the list says "unknown", unless it knows better.
            Resolved::Away(facts, _) => Ok(Known::one(Subject::Identity(facts), None)),
            Resolved::Found(facts) if facts.accounts.iter().any(|account| account.key == *key) => {
                Ok(Known::one(Subject::Identity(facts), None))
            }
            Resolved::Found(_) => Err(ActionError::not_found(format!(
                "{} is no longer one of the accounts that the alert's names lead to",
                task.display
            ))),
            other => Err(nobody(other)),
        }
    }

    fn device(
        &self,
        key: &DeviceKey,
        resolved: Resolved<Vec<quell_action::DeviceFacts>>,
        task: &Task,
    ) -> Result<Known, ActionError> {
        let (found, partly) = match resolved {
            Resolved::Found(found) => (found, None),
            Resolved::Away(found, unanswered) => (found, Some(away(&unanswered))),
            other => return Err(nobody(other)),
        };
        match (found.into_iter().find(|facts| facts.key == *key), partly) {
            (Some(facts), partly) => Ok(Known::one(Subject::Device(facts), partly)),
            (None, Some(partly)) => Ok(Known::one(Subject::Nobody, Some(partly))),
            (None, None) => Err(ActionError::not_found(format!(
                "{} is no longer the device that the alert's names lead to",
                task.display
            ))),
        }
    }

    /// Those whom a call is about that names nobody: whoever its lane, and the lanes around it, are about.
    async fn those_around(&self, task: &Task) -> Result<Known, ActionError> {
        let mut known = Known::one(Subject::Nobody, None);
        for kind in &task.about {
            let find = |state: &RunState| scope::entity_for(state, state.lane(task.id.lane)?.lane(), *kind);
            let lane = self.log.look(find).await;
            match lane.as_ref().and_then(|lane| lane.entity(&self.plan.alert)) {
                Some(Entity::Account(account)) => {
                    match self.tools.resolver.identity(account, Fresh::Now).await {
                        Resolved::Found(facts) | Resolved::Away(facts, _) => {
                            known.about.push(Subject::Identity(facts));
                        }
                        other => return Err(nobody(other)),
                    }
                }
                Some(Entity::Device(device)) => {
                    known.about.extend(self.device_around(device, &mut known.partly).await?)
                }
                _ => return Err(ActionError::rejected("what the step is about is no longer in its lane")),
            }
        }
        Ok(known)
    }

    /// A device, as every system describes it. Where no system is connected that knows devices, the list is asked about
    /// the names that the alert has for it: whatever else an entry goes by is unknown, and stops the call.
    async fn device_around(
        &self,
        device: &Device,
        partly: &mut Option<ActionError>,
    ) -> Result<Vec<Subject>, ActionError> {
        let found = match self.tools.resolver.device(device, Fresh::Now).await {
            Resolved::Found(found) => found,
            Resolved::Away(found, unanswered) => {
                *partly = Some(away(&unanswered));
                found
            }
            Resolved::Nobody(_) if self.tools.resolver.device_directories().is_empty() => {
                vec![self.as_the_alert_has_it(device)]
            }
            other => return Err(nobody(other)),
        };
        match found.is_empty() {
            true => Ok(vec![Subject::Nobody]),
            false => Ok(found.into_iter().map(Subject::Device).collect()),
        }
    }

    fn as_the_alert_has_it(&self, device: &Device) -> DeviceFacts {
        let display = device.name.clone().unwrap_or_default();
        DeviceFacts {
            key: DeviceKey { provider: Provider::from("alert"), realm: String::new(), id: display.clone() },
            display,
            identifiers: device.identifiers.clone(),
            tags: None,
            addresses: None,
            account: None,
            protected: None,
            read_at: self.now(),
        }
    }

    /// What a task's action is for it: a call that names nobody, and is about somebody all the same, is taken for what it
    /// may do to them.
    pub(crate) fn spec_of(&self, task: &Task, spec: &ActionSpec) -> ActionSpec {
        match task.about.first() {
            Some(kind) => ActionSpec { impact: Impact::Disruptive, target: *kind, ..*spec },
            None => *spec,
        }
    }

    /// Asks the exclusion list, as it is at this moment.
    pub(crate) fn clear(&self, known: &Known, task: &Task, spec: &ActionSpec) -> Result<Cleared, Excluded> {
        let list = self.tools.exclusions.now();
        let mut cleared = match known.about.is_empty() {
            true => list.clear(&known.subject, task.target.clone(), spec, self.now()),
            false => list.clear_about(&known.about[0], spec, self.now()),
        };
        for subject in known.about.iter().skip(1) {
            cleared = cleared.and(list.clear_about(subject, spec, self.now()));
        }
        match (&known.partly, spec.impact, cleared) {
            (Some(partly), Impact::Disruptive, Ok(_) | Err(Excluded { reason: Reason::Unknown(_), .. })) => {
                Err(Excluded {
                    display: task.display.clone(),
                    reason: Reason::Unknown(partly.message.clone()),
                })
            }
            (_, _, cleared) => cleared,
        }
    }

    /// What becomes of a task that was not cleared: too little known is tried again while there is patience.
    pub(crate) fn not_cleared(&self, task: &TaskState, excluded: Excluded) -> Early {
        let id = task.task.id.clone();
        if let Reason::Unknown(what) = &excluded.reason {
            let error = ActionError::unavailable(format!("unknown never acts: {what}"));
            if let Some(again_at) = self.while_patient(task.wait, &error) {
                return Entry::Delayed { task: id, error, again_at }.into();
            }
        }
        Entry::TaskExcluded { task: id, excluded }.into()
    }

    /// The list's answer where somebody was excluded after their call had begun. That too little is known does not
    /// count: it was known when the call began.
    pub(crate) fn excluded_meanwhile(
        &self,
        known: &Known,
        task: &Task,
        spec: &ActionSpec,
    ) -> Option<Excluded> {
        let excluded = self.clear(known, task, spec).err()?;
        (!matches!(excluded.reason, Reason::Unknown(_))).then_some(excluded)
    }

    /// The lane whose entity a task acts on: its own, or one that its own is within.
    async fn lane_about(&self, task: &Task) -> Option<Lane> {
        let kind = task.target.kind();
        let find = |state: &RunState| scope::entity_for(state, state.lane(task.id.lane)?.lane(), kind);
        self.log.look(find).await
    }
}

fn nobody<F>(resolved: Resolved<F>) -> ActionError {
    match resolved {
        Resolved::Ambiguous(why) => ActionError::new(quell_action::Failure::Ambiguous, why),
        Resolved::Nobody(why) => ActionError::not_found(why),
        Resolved::Found(_) | Resolved::Away(..) => ActionError::not_found("nobody is meant"),
    }
}
