//! [`Fleet`]: which device is meant by a name.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{AccountFacts, ActionError, DeviceFacts, DeviceKey, Directory, Failure, LookUp};
use quell_alert::{DeviceIdentifier, Identifier, Provider};
use quell_kit::Deadline;
use quell_kit::microsoft::literal;

use crate::client::Client;
use crate::machine::{Machine, the_one};

/// The devices of a tenant.
pub(crate) struct Fleet {
    pub(crate) client: Arc<Client>,
}

#[async_trait]
impl Directory for Fleet {
    fn provider(&self) -> Provider {
        Provider::from(Provider::DEFENDER_ENDPOINT)
    }

    fn knows_accounts(&self) -> bool {
        false
    }

    fn knows_devices(&self) -> bool {
        true
    }

    async fn account(&self, _: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        Ok(LookUp::NotFound)
    }

    async fn device(&self, identifiers: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        let deadline = self.client.look();
        let names: Vec<&DeviceIdentifier> = identifiers.iter().filter(|name| can_ask_for(name)).collect();
        let mut touched: Vec<Machine> = Vec::new();
        for name in &names {
            let all = named(&self.client, name, deadline).await?;
            match the_one(all) {
                Err(why) => return Ok(LookUp::Ambiguous(format!("{name}: {why}"))),
                Ok(Some(machine)) if touched.iter().all(|other| other.id != machine.id) => {
                    touched.push(machine)
                }
                Ok(_) => {}
            }
        }
        Ok(match touched.as_slice() {
            [machine] if names.iter().all(|name| machine.identifiers().contains(name)) => {
                LookUp::Found(self.facts(machine))
            }
            [] | [_] => LookUp::NotFound,
            several => LookUp::Ambiguous(format!("{} devices have one of these names", several.len())),
        })
    }
}

impl Fleet {
    fn facts(&self, machine: &Machine) -> DeviceFacts {
        DeviceFacts {
            key: DeviceKey {
                provider: self.provider(),
                realm: self.client.realm.clone(),
                id: machine.id.to_lowercase(),
            },
            display: machine.display(),
            identifiers: machine.identifiers(),
            tags: machine.machine_tags.clone(),
            addresses: machine.addresses(),
            account: None,
            protected: None,
            read_at: quell_kit::now(),
        }
    }
}

/// Every device of this name, and of no name that is only like it.
pub(crate) async fn named(
    client: &Client,
    name: &DeviceIdentifier,
    deadline: Deadline,
) -> Result<Vec<Machine>, ActionError> {
    let found = match name {
        DeviceIdentifier::MdeId(id) => match client.machine_by_id(id, deadline).await {
            Ok(machine) => vec![machine],
            Err(error) if error.failure == Failure::NotFound => Vec::new(),
            Err(error) => return Err(error),
        },
        DeviceIdentifier::DnsName(dns) => {
            client.machines_where(&format!("computerDnsName eq {}", literal(dns)), deadline).await?
        }
        // A GUID stands in a filter as it is.
        DeviceIdentifier::EntraDeviceId(id) => {
            client.machines_where(&format!("aadDeviceId eq {id}"), deadline).await?
        }
        _ => Vec::new(),
    };
    Ok(found.into_iter().filter(|machine| machine.identifiers().contains(name)).collect())
}

fn can_ask_for(name: &DeviceIdentifier) -> bool {
    matches!(
        name,
        DeviceIdentifier::MdeId(_) | DeviceIdentifier::DnsName(_) | DeviceIdentifier::EntraDeviceId(_)
    )
}
