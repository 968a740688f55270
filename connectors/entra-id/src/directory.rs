//! [`TenantDirectory`]: who is meant by a name, as the tenant sees it.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{AccountFacts, AccountKey, ActionError, DeviceFacts, Directory, LookUp};
use quell_alert::{DeviceIdentifier, Identifier, Provider};

use crate::client::Client;

/// The accounts of a tenant.
pub(crate) struct TenantDirectory {
    pub(crate) client: Arc<Client>,
}

#[async_trait]
impl Directory for TenantDirectory {
    fn provider(&self) -> Provider {
        Provider::from(Provider::ENTRA_ID)
    }

    fn knows_accounts(&self) -> bool {
        true
    }

    fn knows_devices(&self) -> bool {
        false
    }

    async fn account(&self, identifiers: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        let client = &self.client;
        let deadline = client.look();
        let user = match client.find(identifiers, deadline).await? {
            LookUp::Found(user) => user,
            LookUp::NotFound => return Ok(LookUp::NotFound),
            LookUp::Ambiguous(why) => return Ok(LookUp::Ambiguous(why)),
        };
        let standing = client.standing(&user.id, deadline).await?;
        let key =
            AccountKey { provider: self.provider(), realm: client.realm.clone(), id: user.id.to_lowercase() };
        Ok(LookUp::Found(AccountFacts {
            key,
            display: user.display(),
            identifiers: user.identifiers(&client.domains),
            groups: standing.groups,
            privileged: standing.privileged,
            enabled: user.account_enabled,
            protected: None,
            read_at: quell_kit::now(),
        }))
    }

    async fn device(&self, _: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        Ok(LookUp::NotFound)
    }
}
