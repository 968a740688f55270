//! Whose badge is whose. Without a directory nobody can be found here, and nobody who cannot be found is touched.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{AccountFacts, AccountKey, ActionError, DeviceFacts, Directory, LookUp};
use quell_alert::{DeviceIdentifier, Identifier, Provider};
use quell_kit::Deadline;

use crate::client::{Badge, Client};
use crate::connector::PROVIDER;

/// How long a look-up may take.
const LOOKING: Duration = Duration::from_secs(10);

/// The badge office as a directory.
pub(crate) struct Badges(pub(crate) Arc<Client>);

#[async_trait]
impl Directory for Badges {
    fn provider(&self) -> Provider {
        Provider::from(PROVIDER)
    }

    fn knows_accounts(&self) -> bool {
        true
    }

    fn knows_devices(&self) -> bool {
        false
    }

    /// It knows logins only. One of them that nobody has, and nobody is found; different badges, and nobody is meant.
    async fn account(&self, identifiers: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        let deadline = Deadline::after(LOOKING);
        let mut found: Option<Badge> = None;
        for identifier in identifiers {
            let (Identifier::Login(login) | Identifier::Upn(login)) = identifier else { continue };
            let badges = self.0.badges_of(login, deadline).await?;
            match badges.as_slice() {
                [] => return Ok(LookUp::NotFound),
                [badge] if found.as_ref().is_none_or(|known| known == badge) => found = Some(badge.clone()),
                _ => return Ok(LookUp::Ambiguous(format!("{identifier} does not lead to one badge"))),
            }
        }
        Ok(found.map_or(LookUp::NotFound, |badge| LookUp::Found(self.facts(&badge))))
    }

    async fn device(&self, _: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        Ok(LookUp::NotFound)
    }
}

impl Badges {
    fn facts(&self, badge: &Badge) -> AccountFacts {
        AccountFacts {
            key: AccountKey {
                provider: Provider::from(PROVIDER),
                realm: self.0.system(),
                id: badge.id.clone(),
            },
            display: badge.login.clone(),
            identifiers: vec![Identifier::Login(badge.login.to_lowercase())],
            // The badge office has no groups; that is known, and something else than "could not be read".
            groups: Some(Vec::new()),
            privileged: None,
            enabled: Some(!badge.blocked),
            protected: None,
            read_at: quell_kit::now(),
        }
    }
}
