//! The connector as a [`Directory`]: who is meant by a name.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{AccountFacts, AccountKey, ActionError, DeviceFacts, Directory, LookUp, Protected};
use quell_alert::{DeviceIdentifier, Identifier, Provider};
use quell_kit::Deadline;

use crate::client::Okta;
use crate::users::User;

/// Looks users up in one organisation.
pub(crate) struct OktaDirectory {
    pub(crate) okta: Arc<Okta>,
}

#[async_trait]
impl Directory for OktaDirectory {
    fn provider(&self) -> Provider {
        Provider::from(Provider::OKTA)
    }

    fn knows_accounts(&self) -> bool {
        true
    }

    fn knows_devices(&self) -> bool {
        false
    }

    async fn account(&self, identifiers: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        let deadline = Deadline::after(self.okta.patience());
        Ok(match self.okta.find(identifiers, deadline).await? {
            LookUp::Found(user) => LookUp::Found(self.facts(user, deadline).await?),
            LookUp::NotFound => LookUp::NotFound,
            LookUp::Ambiguous(why) => LookUp::Ambiguous(why),
        })
    }

    async fn device(&self, _: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        Ok(LookUp::NotFound)
    }
}

impl OktaDirectory {
    /// Groups and roles that could not be read are unknown, and not none.
    async fn facts(&self, user: User, deadline: Deadline) -> Result<AccountFacts, ActionError> {
        let read_at = quell_kit::now();
        let okta = &self.okta;
        let groups = okta.groups_of(&user.id, deadline).await.ok();
        let roles = okta.roles_of(&user.id, deadline).await.ok();
        let anchors = okta.anchors_of(&user.id, deadline).await?;
        let own = okta.own_id(deadline).await? == Some(&user.id);
        Ok(AccountFacts {
            key: AccountKey {
                provider: self.provider(),
                realm: okta.realm().to_owned(),
                id: user.id.clone(),
            },
            display: user.display().to_owned(),
            identifiers: identifiers(&user, anchors),
            groups: groups.map(|groups| groups.iter().map(|group| group.facts()).collect()),
            privileged: roles.map(|roles| !roles.is_empty()),
            enabled: user.status.can_sign_in(),
            protected: own.then_some(Protected::OwnAccount),
            read_at,
        })
    }
}

fn identifiers(user: &User, anchors: Vec<String>) -> Vec<Identifier> {
    let mut identifiers = vec![Identifier::OktaId(user.id.clone())];
    identifiers.extend(anchors.iter().filter_map(|anchor| Identifier::immutable_id(anchor).ok()));
    identifiers.extend(Identifier::login(&user.profile.login));
    identifiers.extend(user.profile.email.as_deref().and_then(|mail| Identifier::mail(mail).ok()));
    identifiers
}
