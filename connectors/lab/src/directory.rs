//! [`Persona`]: one provider's directory in the lab, as strict as the real ones.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{
    AccountFacts, AccountKey, ActionError, DeviceFacts, DeviceKey, Directory, GroupFacts, LookUp,
};
use quell_alert::{DeviceIdentifier, Identifier, Provider};

use crate::fault::During;
use crate::lab::Lab;
use crate::world::{Account, Device, World};

/// One provider's directory.
pub(crate) struct Persona {
    lab: Arc<Lab>,
    provider: &'static str,
}

impl Persona {
    pub(crate) fn new(lab: Arc<Lab>, provider: &'static str) -> Self {
        Self { lab, provider }
    }

    /// The world, unless a fault stands before it.
    async fn ask(&self, names: Vec<String>) -> Result<World, ActionError> {
        let call = self.lab.call((During::Finding, None, self.provider), |_| names, None).await?;
        self.lab
            .change(call, |world, trouble| match trouble.refusal.or(trouble.lost) {
                Some(error) => Err(error),
                None => Ok(world.clone()),
            })
            .await?
    }

    fn facts(&self, world: &World, account: &Account) -> AccountFacts {
        let groups = world.groups_of(account);
        let privileged = account.privileged || groups.iter().any(|group| group.privileged);
        let described = groups.into_iter().map(|group| GroupFacts {
            identifiers: group.identifiers.clone(),
            name: Some(group.name.clone()),
        });
        AccountFacts {
            key: account.key(),
            display: account.display.clone(),
            identifiers: account.identifiers.clone(),
            groups: Some(described.collect()),
            privileged: Some(privileged),
            enabled: enabled(account),
            protected: account.protected,
            read_at: quell_kit::now(),
        }
    }
}

#[async_trait]
impl Directory for Persona {
    fn provider(&self) -> Provider {
        Provider::from(self.provider)
    }

    fn knows_accounts(&self) -> bool {
        self.provider != Provider::DEFENDER_ENDPOINT
    }

    fn knows_devices(&self) -> bool {
        matches!(self.provider, Provider::DEFENDER_ENDPOINT | Provider::ACTIVE_DIRECTORY)
    }

    fn sees_machines(&self) -> bool {
        self.provider == Provider::DEFENDER_ENDPOINT
    }

    async fn account(&self, identifiers: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        let names: Vec<&Identifier> =
            identifiers.iter().filter(|name| looks_up(self.provider, name)).collect();
        let world = self.ask(spelled(identifiers)).await?;
        let own = world.accounts.iter().filter(|account| account.provider == self.provider);
        let found = exactly_one(own, &names, has);
        Ok(found_as(found, |account| self.facts(&world, account)))
    }

    async fn device(&self, identifiers: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        let names: Vec<&DeviceIdentifier> =
            identifiers.iter().filter(|name| looks_up_machines(self.provider, name)).collect();
        let world = self.ask(identifiers.iter().map(ToString::to_string).collect()).await?;
        let own = world.devices.iter().filter(|device| device.provider == self.provider);
        let found = exactly_one(own, &names, |device, name| device.identifiers.contains(name));
        Ok(found_as(found, describe))
    }
}

/// What a provider can be asked for. Weak names are never among it.
fn looks_up(provider: &str, name: &Identifier) -> bool {
    match provider {
        Provider::ACTIVE_DIRECTORY => matches!(
            name,
            Identifier::Sid(_)
                | Identifier::AdGuid(_)
                | Identifier::ImmutableId(_)
                | Identifier::Upn(_)
                | Identifier::Sam { .. }
                | Identifier::Dn(_)
        ),
        Provider::ENTRA_ID => matches!(
            name,
            Identifier::EntraId(_) | Identifier::Sid(_) | Identifier::ImmutableId(_) | Identifier::Upn(_)
        ),
        Provider::OKTA => matches!(
            name,
            Identifier::OktaId(_) | Identifier::ImmutableId(_) | Identifier::Login(_) | Identifier::Upn(_)
        ),
        _ => false,
    }
}

/// The same of devices: a domain knows their accounts, and nothing of what others call them.
fn looks_up_machines(provider: &str, name: &DeviceIdentifier) -> bool {
    match provider {
        Provider::ACTIVE_DIRECTORY => matches!(
            name,
            DeviceIdentifier::Sid(_) | DeviceIdentifier::DnsName(_) | DeviceIdentifier::Netbios { .. }
        ),
        Provider::DEFENDER_ENDPOINT => name.is_strong(),
        _ => false,
    }
}

/// Whether an account has a name. Okta finds a login by anything that looks like one.
fn has(account: &Account, name: &Identifier) -> bool {
    match name {
        Identifier::Upn(text) if account.provider == Provider::OKTA => {
            account.identifiers.contains(&Identifier::Login(text.clone()))
        }
        name => account.identifiers.contains(name),
    }
}

/// The one that has all of the names. One name that nobody has, and nobody is found; two that belong to different
/// ones, and it is not clear who is meant.
fn exactly_one<'a, T, N>(
    all: impl Iterator<Item = &'a T>,
    names: &[&N],
    has: impl Fn(&T, &N) -> bool,
) -> Result<Option<&'a T>, String> {
    let touched: Vec<&T> = all.filter(|one| names.iter().any(|name| has(one, name))).collect();
    match touched.as_slice() {
        [one] if names.iter().all(|name| has(one, name)) => Ok(Some(one)),
        [] | [_] => Ok(None),
        _ => Err("the names belong to different ones".into()),
    }
}

fn found_as<T, F>(found: Result<Option<&T>, String>, describe: impl Fn(&T) -> F) -> LookUp<F> {
    match found {
        Ok(Some(one)) => LookUp::Found(describe(one)),
        Ok(None) => LookUp::NotFound,
        Err(why) => LookUp::Ambiguous(why),
    }
}

fn describe(device: &Device) -> DeviceFacts {
    let account = (device.provider == Provider::ACTIVE_DIRECTORY).then(|| computer(device));
    DeviceFacts {
        key: device.key(),
        display: device.name.clone(),
        identifiers: device.identifiers.clone(),
        tags: account.is_none().then(|| device.tags.clone()),
        addresses: account.is_none().then(|| device.addresses.clone()),
        account: account.map(Box::new),
        protected: device.protected,
        read_at: quell_kit::now(),
    }
}

/// The account of a machine in the domain: what the machine is called there says what the account is called.
fn computer(device: &Device) -> AccountFacts {
    let DeviceKey { provider, realm, id } = device.key();
    let named = device.identifiers.iter().filter_map(|name| match name {
        DeviceIdentifier::Sid(sid) => Some(Identifier::Sid(sid.clone())),
        DeviceIdentifier::Netbios { domain, name } => {
            Some(Identifier::Sam { domain: domain.clone(), name: format!("{name}$") })
        }
        _ => None,
    });
    AccountFacts {
        identifiers: named.chain([Identifier::AdGuid(id.clone())]).collect(),
        key: AccountKey { provider, realm, id },
        display: device.name.clone(),
        groups: Some(Vec::new()),
        privileged: Some(false),
        enabled: device.attributes.get("enabled").and_then(serde_json::Value::as_bool),
        protected: device.protected,
        read_at: quell_kit::now(),
    }
}

fn enabled(account: &Account) -> Option<bool> {
    let by_flag = account.attributes.get("enabled").and_then(serde_json::Value::as_bool);
    let status = account.attributes.get("status").and_then(serde_json::Value::as_str);
    by_flag.or_else(|| status.map(|status| !matches!(status, "SUSPENDED" | "DEPROVISIONED")))
}

fn spelled(identifiers: &[Identifier]) -> Vec<String> {
    identifiers.iter().map(ToString::to_string).collect()
}
