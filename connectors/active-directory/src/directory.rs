//! The connector as a [`Directory`]: who, or which machine, is meant by a name.

use std::sync::Arc;

use async_trait::async_trait;
use quell_action::{AccountFacts, ActionError, DeviceFacts, Directory, Failure, LookUp};
use quell_alert::{DeviceIdentifier, Identifier, Provider};

use crate::account::{Account, Control};
use crate::client::{Client, Home, Need};
use crate::clock;
use crate::entry::Entry;
use crate::find::{self, Found, machine};
use crate::guard::protection;
use crate::names::{display, identifiers, key, machine_identifiers, machine_key};
use crate::query::Query;

/// Looks accounts and machines up in one domain.
pub(crate) struct DomainDirectory {
    pub(crate) client: Arc<Client>,
}

#[async_trait]
impl Directory for DomainDirectory {
    fn provider(&self) -> Provider {
        Provider::from(Provider::ACTIVE_DIRECTORY)
    }

    fn knows_accounts(&self) -> bool {
        true
    }

    fn knows_devices(&self) -> bool {
        true
    }

    fn sees_machines(&self) -> bool {
        false
    }

    async fn account(&self, names: &[Identifier]) -> Result<LookUp<AccountFacts>, ActionError> {
        let home = self.client.home(Need::Reading).await?;
        let Some(query) = find::query(names, &home.root, &home.forest) else { return Ok(LookUp::NotFound) };
        // A machine is nobody, whatever its account is called: it is looked up as a device.
        let (home, accounts) = self.read(&query, |account| !account.is_machine()).await?;
        match find::judge(names, accounts, &home.root, &home.forest) {
            Found::Nobody => Ok(LookUp::NotFound),
            Found::Several(why) => Ok(LookUp::Ambiguous(why)),
            Found::One(account) => Ok(LookUp::Found(self.facts(&account, &home).await?)),
        }
    }

    async fn device(&self, names: &[DeviceIdentifier]) -> Result<LookUp<DeviceFacts>, ActionError> {
        let home = self.client.home(Need::Reading).await?;
        let Some(query) = machine::query(names, &home.root, &home.forest) else {
            return Ok(LookUp::NotFound);
        };
        let (home, accounts) = self.read(&query, Account::is_machine).await?;
        match machine::judge(names, accounts, &home.root, &home.forest) {
            Found::Nobody => Ok(LookUp::NotFound),
            Found::Several(why) => Ok(LookUp::Ambiguous(why)),
            Found::One(account) => Ok(LookUp::Found(self.machine(&account, &home).await?)),
        }
    }
}

impl DomainDirectory {
    /// Those of the accounts found that are meant by this kind of question.
    async fn read(
        &self,
        query: &Query,
        is_meant: fn(&Account) -> bool,
    ) -> Result<(Home, Vec<Account>), ActionError> {
        let (home, entries) = self.client.ask(query, Need::Reading).await?;
        let mut accounts: Vec<Account> =
            entries.iter().map(|entry| readable(entry, &self.client)).collect::<Result<_, _>>()?;
        accounts.retain(is_meant);
        Ok((home, accounts))
    }

    async fn machine(&self, account: &Account, home: &Home) -> Result<DeviceFacts, ActionError> {
        let facts = self.facts(account, home).await?;
        Ok(DeviceFacts {
            key: machine_key(account, &home.root),
            display: facts.display.clone(),
            identifiers: machine_identifiers(account, &home.root, &home.forest),
            tags: None,
            addresses: None,
            protected: facts.protected,
            read_at: facts.read_at,
            account: Some(Box::new(facts)),
        })
    }

    async fn facts(&self, account: &Account, home: &Home) -> Result<AccountFacts, ActionError> {
        let asked_at = clock::now();
        let membership = self.client.groups.of(account, home).await?;
        let (root, forest) = (&home.root, &home.forest);
        Ok(AccountFacts {
            key: key(account, root),
            display: display(account, root, forest),
            identifiers: identifiers(account, root, forest),
            privileged: membership.as_ref().map(|membership| membership.privileged),
            enabled: account.control.map(|control| !control.has(Control::DISABLED)),
            protected: protection(account, root, forest, self.client.login().account()),
            read_at: membership.as_ref().map_or(asked_at, |membership| membership.read_at.min(asked_at)),
            groups: membership.map(|membership| membership.groups),
        })
    }
}

/// What was found but cannot be read must not pass for "not found".
pub(crate) fn readable(entry: &Entry, client: &Client) -> Result<Account, ActionError> {
    Account::read(entry).ok_or_else(|| {
        ActionError::new(
            Failure::Forbidden,
            format!(
                "{} was found, but {} may not read its objectGUID, objectSid and sAMAccountName; grant it \"Read all \
                 properties\" there",
                entry.dn,
                client.login().account()
            ),
        )
    })
}
