//! [`Folk`]: the directories of a test. They know whom the alert names, as ordinary people and machines, unless the
//! test says otherwise; and like real ones they find by strong names only.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{
    AccountFacts, AccountKey, ActionError, Catalogue, DeviceFacts, DeviceKey, Directory, GroupFacts, LookUp,
    Target, TargetKind,
};
use quell_alert::{
    Account, Alert, Device, DeviceIdentifier, Identifier, Provider, immutable_id_of_guid, parse_guid,
};

use super::expect::is_called;
use super::given::{Given, SomebodyGiven, Unread};
use crate::Clock;

/// One directory of a test.
pub(super) struct Folk {
    provider: Provider,
    clock: Arc<dyn Clock>,
    accounts: Vec<AccountFacts>,
    devices: Vec<DeviceFacts>,
    kinds: BTreeSet<Knows>,
    is_away: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Knows {
    Accounts,
    Devices,
}

/// The realm of everything in a test.
const REALM: &str = "test";

/// The directories of all providers whose accounts or devices can be acted on.
pub(super) fn directories(
    alert: &Alert,
    given: &Given,
    catalogue: &Catalogue,
    clock: &Arc<dyn Clock>,
) -> Vec<Folk> {
    let mut folk: Vec<Folk> = Vec::new();
    for info in catalogue.iter() {
        let kind = match info.spec.target {
            TargetKind::Account => Knows::Accounts,
            TargetKind::Device => Knows::Devices,
            TargetKind::None => continue,
        };
        let provider = info.provider();
        if let Some(known) = folk.iter_mut().find(|folk| folk.provider == provider) {
            known.kinds.insert(kind);
            continue;
        }
        let is_away = given.away.contains(&provider.0);
        folk.push(Folk {
            accounts: Vec::new(),
            devices: Vec::new(),
            kinds: [kind].into(),
            clock: Arc::clone(clock),
            is_away,
            provider,
        });
    }
    for one in &mut folk {
        one.settle(alert, given);
    }
    folk
}

impl Folk {
    /// What people call those whom it knows.
    pub(super) fn displays(&self) -> HashMap<Target, String> {
        let accounts =
            self.accounts.iter().map(|facts| (Target::Account(facts.key.clone()), facts.display.clone()));
        let devices =
            self.devices.iter().map(|facts| (Target::Device(facts.key.clone()), facts.display.clone()));
        accounts.chain(devices).collect()
    }

    fn settle(&mut self, alert: &Alert, given: &Given) {
        let is_here = |somebody: &Option<&SomebodyGiven>| {
            somebody.is_none_or(|somebody| {
                let at = somebody.at.as_ref();
                somebody.known && at.is_none_or(|at| at.contains(&self.provider.0))
            })
        };
        if self.kinds.contains(&Knows::Accounts) {
            let people = alert.entities.accounts.iter().filter(|account| account.is_actionable());
            for (number, account) in people.enumerate() {
                let somebody = given.accounts.iter().find(|one| is_called(&account.display(), &one.name));
                if is_here(&somebody) {
                    let facts = self.account_facts(account, number, somebody);
                    self.accounts.push(facts);
                }
            }
        }
        if self.kinds.contains(&Knows::Devices) {
            let machines = alert.entities.devices.iter().filter(|device| device.is_actionable());
            for (number, device) in machines.enumerate() {
                let somebody = given.devices.iter().find(|one| is_called(&device.display(), &one.name));
                if is_here(&somebody) {
                    let facts = self.device_facts(device, number, somebody);
                    self.devices.push(facts);
                }
            }
        }
    }

    fn account_facts(&self, account: &Account, number: usize, given: Option<&SomebodyGiven>) -> AccountFacts {
        // The same ids at every provider tie the accounts of one person together, as synchronisation does.
        let guid =
            account.ad_guid().map_or_else(|| format!("11111111-1111-4111-8111-{number:012}"), str::to_owned);
        let mut identifiers = account.identifiers.clone();
        let has = |is: fn(&Identifier) -> bool| account.identifiers.iter().any(is);
        if !has(|name| matches!(name, Identifier::ImmutableId(_))) {
            let anchor = parse_guid(&guid).map(immutable_id_of_guid).unwrap_or_default();
            identifiers.push(Identifier::ImmutableId(anchor));
        }
        if !has(|name| matches!(name, Identifier::AdGuid(_))) {
            identifiers.push(Identifier::AdGuid(guid));
        }
        let says = |what| given.is_none_or(|given| !given.unread.contains(&what));
        let privileged = given.is_some_and(|given| given.privileged);
        let enabled = given.is_none_or(|given| given.enabled);
        AccountFacts {
            key: AccountKey {
                provider: self.provider.clone(),
                realm: REALM.to_owned(),
                id: format!("account-{}", number + 1),
            },
            display: account.display(),
            identifiers,
            groups: groups(given),
            privileged: says(Unread::Privileged).then_some(privileged),
            enabled: says(Unread::Enabled).then_some(enabled),
            protected: given.and_then(|given| given.protected),
            read_at: self.clock.now(),
        }
    }

    fn device_facts(&self, device: &Device, number: usize, given: Option<&SomebodyGiven>) -> DeviceFacts {
        let key = DeviceKey {
            provider: self.provider.clone(),
            realm: REALM.to_owned(),
            id: format!("device-{}", number + 1),
        };
        DeviceFacts {
            account: self.computer(device, &key, given).map(Box::new),
            key,
            display: device.display(),
            identifiers: device.identifiers.clone(),
            tags: given
                .is_none_or(|given| !given.unread.contains(&Unread::Tags))
                .then(|| given.map(|given| given.tags.clone()).unwrap_or_default()),
            addresses: Some(Vec::new()),
            protected: given.and_then(|given| given.protected),
            read_at: self.clock.now(),
        }
    }

    /// The account that a device has in a domain, in the groups that the test says.
    fn computer(
        &self,
        device: &Device,
        key: &DeviceKey,
        given: Option<&SomebodyGiven>,
    ) -> Option<AccountFacts> {
        let DeviceKey { provider, realm, id } = key.clone();
        (provider.as_str() == Provider::ACTIVE_DIRECTORY).then(|| AccountFacts {
            key: AccountKey { provider, realm, id },
            display: device.display(),
            identifiers: device.identifiers.iter().filter_map(of_computer).collect(),
            groups: groups(given),
            privileged: Some(false),
            enabled: Some(given.is_none_or(|given| given.enabled)),
            protected: None,
            read_at: self.clock.now(),
        })
    }

    fn answers(&self) -> Result<(), ActionError> {
        match self.is_away {
            true => Err(ActionError::unavailable(format!("{} is away (the test says so)", self.provider))),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Directory for Folk {
    fn provider(&self) -> Provider {
        self.provider.clone()
    }

    fn knows_accounts(&self) -> bool {
        self.kinds.contains(&Knows::Accounts)
    }

    fn knows_devices(&self) -> bool {
        self.kinds.contains(&Knows::Devices)
    }

    async fn account(&self, identifiers: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        self.answers()?;
        let names: Vec<&Identifier> = identifiers.iter().filter(|name| name.is_strong()).collect();
        let found = exactly_one(&self.accounts, &names, |facts, name| facts.identifiers.contains(name));
        Ok(match found {
            LookUp::Found(facts) => LookUp::Found(AccountFacts { read_at: self.clock.now(), ..facts }),
            other => other,
        })
    }

    async fn device(&self, identifiers: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        self.answers()?;
        let names: Vec<&DeviceIdentifier> = identifiers.iter().filter(|name| name.is_strong()).collect();
        let found = exactly_one(&self.devices, &names, |facts, name| facts.identifiers.contains(name));
        Ok(match found {
            LookUp::Found(facts) => LookUp::Found(DeviceFacts { read_at: self.clock.now(), ..facts }),
            other => other,
        })
    }
}

/// The groups that the test says somebody is in.
fn groups(given: Option<&SomebodyGiven>) -> Option<Vec<GroupFacts>> {
    let Some(given) = given else { return Some(Vec::new()) };
    let named = |name: &String| GroupFacts { identifiers: Vec::new(), name: Some(name.clone()) };
    (!given.unread.contains(&Unread::Groups)).then(|| given.groups.iter().map(named).collect())
}

/// What the account of a device is called that has this name.
fn of_computer(name: &DeviceIdentifier) -> Option<Identifier> {
    let account = |domain: &str, host: &str| Identifier::sam(domain, &format!("{host}$")).ok();
    match name {
        DeviceIdentifier::Sid(sid) => Some(Identifier::Sid(sid.clone())),
        DeviceIdentifier::Netbios { domain, name } => account(domain, name),
        DeviceIdentifier::DnsName(full) => full.split_once('.').and_then(|(host, zone)| account(zone, host)),
        _ => None,
    }
}

/// The one that has all of the names. Two that have some of them, and it is not clear who is meant.
fn exactly_one<F: Clone, N>(all: &[F], names: &[&N], has: impl Fn(&F, &N) -> bool) -> LookUp<F> {
    let touched: Vec<&F> = all.iter().filter(|one| names.iter().any(|name| has(one, name))).collect();
    match touched.as_slice() {
        [one] if names.iter().all(|name| has(one, name)) => LookUp::Found((*one).clone()),
        [] | [_] => LookUp::NotFound,
        _ => LookUp::Ambiguous("the names belong to different ones".into()),
    }
}
