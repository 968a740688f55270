//! [`Sensors`]: which on-premises account a security identifier belongs to.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{AccountFacts, AccountKey, ActionError, DeviceFacts, Directory, LookUp};
use quell_alert::{DeviceIdentifier, Identifier, Provider, Sid};

use crate::client::Client;
use crate::identity::Identity;

/// The accounts that the sensors look after. Groups and privilege are not told by this interface: they stay unknown.
pub(crate) struct Sensors {
    pub(crate) client: Arc<Client>,
}

#[async_trait]
impl Directory for Sensors {
    fn provider(&self) -> Provider {
        Provider::from(Provider::ACTIVE_DIRECTORY)
    }

    fn knows_accounts(&self) -> bool {
        true
    }

    fn knows_devices(&self) -> bool {
        false
    }

    async fn account(&self, identifiers: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        let issued = |name: &Identifier| name.as_sid().filter(Sid::is_issued);
        let mut sids: Vec<Sid> = identifiers.iter().filter_map(issued).collect();
        sids.sort();
        sids.dedup();
        let [sid] = sids.as_slice() else {
            return Ok(match sids.len() {
                0 => LookUp::NotFound,
                _ => LookUp::Ambiguous("several security identifiers cannot belong to one account".into()),
            });
        };
        let found = self.client.with_sid(sid, self.client.look()).await?;
        Ok(match found.as_slice() {
            [] => LookUp::NotFound,
            [identity] if identity.on_premises().is_ok() && !identity.realm().is_empty() => {
                LookUp::Found(self.facts(identity))
            }
            [_] => LookUp::NotFound,
            several => LookUp::Ambiguous(format!("{} identities have that identifier", several.len())),
        })
    }

    async fn device(&self, _: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        Ok(LookUp::NotFound)
    }
}

impl Sensors {
    fn facts(&self, identity: &Identity) -> AccountFacts {
        AccountFacts {
            key: AccountKey {
                provider: self.provider(),
                realm: identity.realm(),
                id: identity.id.to_lowercase(),
            },
            display: identity.display(),
            identifiers: identity.identifiers(),
            groups: None,
            privileged: None,
            enabled: identity.is_enabled,
            protected: identity.protection(),
            read_at: quell_kit::now(),
        }
    }
}
