//! A vendor that keeps people's accounts and counts what really changed. It fails where told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quell_action::{
    AccountFacts, AccountKey, ActionError, DeviceFacts, DeviceKey, Failure, GroupFacts, InEffect, LookUp,
    State,
};
use quell_alert::{DeviceIdentifier, Identifier, Provider};
use quell_run::Clock;
use tokio::sync::Notify;

use super::{AD, ENTRA, MDE, OKTA, Person, VirtualClock};

/// How a call goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An error of this kind, and nothing happened.
    Fails(Failure),
    /// It happened, and the answer says that nobody knows.
    UncertainAfter,
    /// No answer ever, and nothing happened.
    SilentBefore,
    /// No answer ever, and it happened.
    SilentAfter,
    /// The connector panics, after it happened.
    Panics,
    /// It says that it did it and did not.
    Lies,
    /// The process dies before it.
    DiesBefore,
    /// The process dies after it.
    DiesAfter,
    /// It takes so long.
    Slow(Duration),
}

/// One call that reached the vendor.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its number.
    pub number: usize,
    /// What it was.
    pub kind: CallKind,
    /// The action: `account.disable`.
    pub action: &'static str,
    /// Where.
    pub provider: String,
    /// The target, as text.
    pub target: String,
    /// The request's key, for writes.
    pub key: String,
    /// What the caller says that stands there, for writes to what can be read.
    pub expected: Option<State>,
    /// Begun and ended, in order of all beginnings and endings.
    pub span: (usize, usize),
}

/// What a call was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallKind {
    /// A directory was asked.
    LookUp,
    /// A target was read.
    Observe,
    /// Something was to be changed.
    Execute,
    /// Something was to be put back.
    Restore,
}

type Script = Box<dyn Fn(&Call) -> Option<Fault> + Send + Sync>;
type Hook = Box<dyn Fn(&Call) + Send + Sync>;

/// A vendor that counts what really changed.
#[derive(Clone)]
pub struct Vendor {
    inner: Arc<Mutex<Inner>>,
    died: Arc<Notify>,
    /// What every look says, whatever stands there.
    pub(super) seems: Arc<Mutex<Option<InEffect>>>,
    pub(super) clock: VirtualClock,
}

#[derive(Default)]
struct Inner {
    people: Vec<Person>,
    strangers: BTreeMap<String, Identifier>,
    devices: Vec<String>,
    disabled: BTreeSet<String>,
    changes: BTreeMap<String, u32>,
    told: BTreeMap<String, u32>,
    effects: BTreeMap<String, u32>,
    calls: Vec<Call>,
    moments: usize,
    script: Option<Script>,
    hook: Option<Hook>,
    dead: bool,
}

impl Vendor {
    pub(super) fn new(clock: VirtualClock) -> Self {
        Self { inner: Arc::default(), died: Arc::default(), seems: Arc::default(), clock }
    }

    /// Somebody gets accounts.
    pub fn hire(&self, person: Person) {
        self.inner.lock().people.push(person);
    }

    /// Somebody gets an account who has the name of somebody else, and nothing that ties the two together.
    pub fn hire_stranger(&self, person: Person) {
        let own = Identifier::ImmutableId(format!("stranger-{}", person.name));
        self.hire_namesake(person, own);
    }

    /// Somebody gets an account at Okta who has the name of somebody else, and was copied from this other account.
    pub fn hire_namesake(&self, person: Person, copied_from: Identifier) {
        let mut inner = self.inner.lock();
        inner.strangers.insert(person.name.clone(), copied_from);
        inner.people.push(person);
    }

    /// Somebody joins a group.
    pub fn join(&self, member: &Person, group: &str) {
        let people = &mut self.inner.lock().people;
        people.iter_mut().filter(|one| *one == member).for_each(|one| one.groups.push(group.into()));
    }

    /// A device is enrolled.
    pub fn enrol(&self, mde_id: &str) {
        self.inner.lock().devices.push(mde_id.to_owned());
    }

    /// Decides for each call how it goes wrong, if it does.
    pub fn script(&self, script: impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static) {
        self.inner.lock().script = Some(Box::new(script));
    }

    /// Called before each call.
    pub fn at_each_call(&self, hook: impl Fn(&Call) + Send + Sync + 'static) {
        self.inner.lock().hook = Some(Box::new(hook));
    }

    /// From now on a change seems so to whoever looks.
    pub fn seems(&self, in_effect: InEffect) {
        *self.seems.lock() = Some(in_effect);
    }

    /// Nothing goes wrong any more.
    pub fn behave(&self) {
        self.inner.lock().script = None;
    }

    /// Somebody else disables an account, or enables it.
    pub fn set_disabled(&self, provider: &str, person: &Person, disabled: bool) {
        let target = target(provider, &person.name);
        let mut inner = self.inner.lock();
        match disabled {
            true => inner.disabled.insert(target),
            false => inner.disabled.remove(&target),
        };
    }

    /// Whether an account is disabled (or a device isolated).
    pub fn is_disabled(&self, provider: &str, person: &Person) -> bool {
        self.inner.lock().disabled.contains(&target(provider, &person.name))
    }

    /// Everything that is disabled or isolated.
    pub fn disabled(&self) -> BTreeSet<String> {
        self.inner.lock().disabled.clone()
    }

    /// How often each target was really changed, by action.
    pub fn changes(&self) -> BTreeMap<String, u32> {
        self.inner.lock().changes.clone()
    }

    /// How often each message arrived, by key.
    pub fn told(&self) -> BTreeMap<String, u32> {
        self.inner.lock().told.clone()
    }

    /// How often something really changed, by the key of the request.
    pub fn effects(&self) -> BTreeMap<String, u32> {
        self.inner.lock().effects.clone()
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.inner.lock().calls.clone()
    }

    /// The calls that were to change something.
    pub fn writes(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.kind == CallKind::Execute).collect()
    }

    /// Returns when the process has died at a call.
    pub async fn crashed(&self) {
        loop {
            let died = self.died.notified();
            if self.inner.lock().dead {
                return;
            }
            died.await;
        }
    }

    /// Answers again.
    pub fn reboot(&self) {
        self.inner.lock().dead = false;
    }

    /// One call: it is counted, goes wrong where told, and otherwise does its work.
    pub(super) async fn call<T>(
        &self,
        call: Call,
        work: impl Fn(&mut Work<'_>) -> Result<T, ActionError>,
    ) -> Result<T, ActionError> {
        let key = call.key.clone();
        let (number, fault) = self.begin(call);
        if self.inner.lock().dead {
            return self.die().await;
        }
        let answer = match fault {
            None => self.work(&key, &work),
            Some(Fault::Fails(failure)) => Err(ActionError::new(failure, "as the script says")),
            Some(Fault::UncertainAfter) => {
                let _ = self.work(&key, &work);
                Err(ActionError::uncertain("the connection was cut"))
            }
            Some(Fault::SilentBefore) => std::future::pending().await,
            Some(Fault::SilentAfter) => {
                let _ = self.work(&key, &work);
                std::future::pending().await
            }
            Some(Fault::Panics) => {
                let _ = self.work(&key, &work);
                panic!("a defect in the connector, on purpose")
            }
            Some(Fault::Lies) => {
                let mut copy = self.inner.lock().disabled.clone();
                work(&mut Work {
                    disabled: &mut copy,
                    changes: &mut BTreeMap::new(),
                    told: &mut BTreeMap::new(),
                })
            }
            Some(Fault::DiesBefore) => self.die().await,
            Some(Fault::DiesAfter) => {
                let _ = self.work(&key, &work);
                self.die().await
            }
            Some(Fault::Slow(wait)) => {
                self.clock.sleep(wait).await;
                self.work(&key, &work)
            }
        };
        self.end(number);
        answer
    }

    fn begin(&self, mut call: Call) -> (usize, Option<Fault>) {
        let mut inner = self.inner.lock();
        call.number = inner.calls.len();
        call.span = (inner.moments, usize::MAX);
        inner.moments += 1;
        if let Some(hook) = &inner.hook {
            hook(&call);
        }
        let fault = inner.script.as_ref().and_then(|script| script(&call));
        inner.calls.push(call);
        (inner.calls.len() - 1, fault)
    }

    fn end(&self, number: usize) {
        let mut inner = self.inner.lock();
        let moment = inner.moments;
        inner.moments += 1;
        inner.calls[number].span.1 = moment;
    }

    fn work<T>(
        &self,
        key: &str,
        work: impl Fn(&mut Work<'_>) -> Result<T, ActionError>,
    ) -> Result<T, ActionError> {
        let inner = &mut *self.inner.lock();
        let before = (inner.disabled.clone(), inner.told.clone());
        let answer = work(&mut Work {
            disabled: &mut inner.disabled,
            changes: &mut inner.changes,
            told: &mut inner.told,
        });
        if before != (inner.disabled.clone(), inner.told.clone()) {
            *inner.effects.entry(key.to_owned()).or_default() += 1;
        }
        answer
    }

    async fn die<T>(&self) -> T {
        self.inner.lock().dead = true;
        self.died.notify_waiters();
        std::future::pending().await
    }

    pub(super) fn account(&self, provider: &str, identifiers: &[Identifier]) -> LookUp<AccountFacts> {
        let inner = self.inner.lock();
        let asked: Vec<&Identifier> = identifiers.iter().filter(|name| can_look_up(provider, name)).collect();
        if asked.is_empty() {
            return LookUp::NotFound;
        }
        let here = inner.people.iter().filter(|person| person.at.contains(&provider));
        let mut hits = here.filter(|person| {
            let own = inner.names(provider, person);
            asked.iter().all(|name| own.contains(name))
        });
        match (hits.next(), hits.next()) {
            (Some(person), None) => LookUp::Found(self.facts(provider, person, &inner)),
            (Some(_), Some(_)) => LookUp::Ambiguous("two people have that name".into()),
            _ => LookUp::NotFound,
        }
    }

    pub(super) fn device(&self, identifiers: &[DeviceIdentifier]) -> LookUp<DeviceFacts> {
        let inner = self.inner.lock();
        let known = |name: &DeviceIdentifier| match name {
            DeviceIdentifier::MdeId(id) => inner.devices.contains(id).then(|| id.clone()),
            _ => None,
        };
        let Some(id) = identifiers.iter().find_map(known) else { return LookUp::NotFound };
        let in_dns = DeviceIdentifier::DnsName(format!("{id}.contoso.example"));
        LookUp::Found(DeviceFacts {
            key: DeviceKey { provider: MDE.into(), realm: "contoso".into(), id: id.clone() },
            display: id.clone(),
            identifiers: vec![in_dns, DeviceIdentifier::MdeId(id)],
            tags: Some(Vec::new()),
            addresses: Some(Vec::new()),
            account: None,
            protected: None,
            read_at: self.clock.now(),
        })
    }

    fn facts(&self, provider: &str, person: &Person, inner: &Inner) -> AccountFacts {
        let key = AccountKey { provider: provider.into(), realm: "contoso".into(), id: person.name.clone() };
        let group = |name: &String| GroupFacts { identifiers: Vec::new(), name: Some(name.clone()) };
        AccountFacts {
            enabled: Some(!inner.disabled.contains(&target(provider, &person.name))),
            key,
            display: person.name.clone(),
            identifiers: inner.names(provider, person),
            groups: Some(person.groups.iter().map(group).collect()),
            privileged: Some(person.groups.iter().any(|group| group == "Admins")),
            protected: None,
            read_at: self.clock.now(),
        }
    }
}

/// What a call's work can change.
pub(super) struct Work<'a> {
    pub(super) disabled: &'a mut BTreeSet<String>,
    pub(super) changes: &'a mut BTreeMap<String, u32>,
    pub(super) told: &'a mut BTreeMap<String, u32>,
}

/// A target, as the vendor writes it.
pub(super) fn target(provider: &str, id: &str) -> String {
    format!("{provider}:{id}")
}

impl Inner {
    fn names(&self, provider: &str, person: &Person) -> Vec<Identifier> {
        let copied_from = self.strangers.get(&person.name).filter(|_| provider == OKTA);
        let anchor = copied_from.cloned().unwrap_or_else(|| person.anchor());
        match Provider::from(provider).as_str() {
            AD => vec![person.sid(), person.upn(), anchor],
            ENTRA => vec![person.entra_id(), person.upn(), person.sid(), anchor],
            OKTA => vec![person.login(), anchor],
            _ => Vec::new(),
        }
    }
}

fn can_look_up(provider: &str, name: &Identifier) -> bool {
    match name {
        Identifier::Sid(_) => provider != OKTA,
        Identifier::ImmutableId(_) => true,
        Identifier::EntraId(_) => provider == ENTRA,
        Identifier::Upn(_) => provider != OKTA,
        Identifier::Login(_) => provider == OKTA,
        _ => false,
    }
}
