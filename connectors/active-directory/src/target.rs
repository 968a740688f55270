//! [`Held`]: one account, read on one controller, to be changed and read back on the same one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quell_action::{ActionError, Failure, Target};
use quell_alert::{Provider, parse_guid};
use uuid::Uuid;

use crate::account::{ACCOUNT, Account};
use crate::client::{Client, Home, Need};
use crate::directory::readable;
use crate::error::{CallError, of_change};
use crate::guard::{protection, refusal};
use crate::names::display;
use crate::query::{Filter, Query};
use crate::wire::Change;

/// One account on one controller.
pub(crate) struct Held {
    home: Home,
    /// As it was read last.
    pub(crate) account: Account,
    /// What people call it.
    pub(crate) display: String,
}

/// Whether anything has been sent that changes something: decides what a call that ran out of time may have done.
#[derive(Debug, Default)]
pub(crate) struct Sent(AtomicBool);

/// Does the work within the time limit.
pub(crate) async fn within<T>(
    limit: Duration,
    sent: &Sent,
    work: impl Future<Output = Result<T, ActionError>>,
) -> Result<T, ActionError> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) if sent.0.load(Ordering::SeqCst) => Err(ActionError::uncertain(format!(
            "the domain controller had not answered the change after {} s; it may have happened all the same",
            limit.as_secs_f32()
        ))),
        Err(_) => Err(ActionError::unavailable(format!(
            "the domain controller had not answered after {} s; nothing was changed",
            limit.as_secs_f32()
        ))),
    }
}

impl Held {
    /// Reads the target, for looking only.
    pub(crate) async fn look(client: &Client, target: &Target, need: Need) -> Result<Self, ActionError> {
        Self::read(client, target, need).await
    }

    /// Reads the target to change it; refuses those that are never touched.
    pub(crate) async fn take(client: &Client, target: &Target, need: Need) -> Result<Self, ActionError> {
        let held = Self::read(client, target, need).await?;
        let (root, forest) = (&held.home.root, &held.home.forest);
        match protection(&held.account, root, forest, client.login().account()) {
            Some(protected) => Err(refusal(&held.display, protected)),
            None => Ok(held),
        }
    }

    /// The controller's own name, for the record.
    pub(crate) fn server(&self) -> String {
        self.home.root.host.clone()
    }

    /// Reads the account again, on the same controller.
    pub(crate) async fn read_again(&mut self) -> Result<(), CallError> {
        let entries = self.home.server.ask(&one(self.account.guid)).await?;
        match entries.first().and_then(Account::read) {
            Some(account) => {
                self.account = account;
                Ok(())
            }
            None => Err(CallError::Nonsense {
                server: self.home.server.address().to_string(),
                why: "the account cannot be read any more".into(),
            }),
        }
    }

    /// Changes the account, named by its GUID: a rename between look-up and action does not matter.
    pub(crate) async fn modify(&self, changes: Vec<Change>, sent: &Sent) -> Result<(), CallError> {
        self.modify_object(self.account.guid, changes, sent).await
    }

    /// Changes another object that has to do with the account: a group.
    pub(crate) async fn modify_object(
        &self,
        guid: Uuid,
        changes: Vec<Change>,
        sent: &Sent,
    ) -> Result<(), CallError> {
        sent.0.store(true, Ordering::SeqCst);
        let answer = self.home.server.modify(guid, changes).await;
        if answer.as_ref().is_err_and(nothing_was_sent) {
            sent.0.store(false, Ordering::SeqCst);
        }
        answer
    }

    /// The engine's error for a change of this account that failed.
    pub(crate) fn failed(&self, error: &CallError, doing: &str, right: &str) -> ActionError {
        of_change(error, &format!("{doing} {}", self.display), right)
    }

    /// The engine's error for a change that was acknowledged and could not be read back.
    pub(crate) fn not_read_back(&self, error: &CallError, doing: &str) -> ActionError {
        ActionError::uncertain(format!("{doing} {}: done, and not read back: {error}", self.display))
    }

    /// The controller that it was read from.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    async fn read(client: &Client, target: &Target, need: Need) -> Result<Self, ActionError> {
        let Ours { realm, guid, is_machine } = ours(target)?;
        let (home, entries) = client.ask(&one(guid), need).await.map_err(|error| vanished(error, target))?;
        if realm != home.root.domain {
            return Err(ActionError::rejected(format!("{target} is not an account of {}", home.root.domain)));
        }
        let entry = entries.first().ok_or_else(|| gone(target))?;
        let account = readable(entry, client)?;
        let display = display(&account, &home.root, &home.forest);
        match (account.is_machine(), is_machine) {
            (true, false) => {
                Err(ActionError::rejected(format!("{display} is the account of a computer, and nobody's")))
            }
            (false, true) => {
                Err(ActionError::rejected(format!("{display} is not the account of a computer")))
            }
            _ => Ok(()),
        }?;
        Ok(Self { home, account, display })
    }
}

fn one(guid: Uuid) -> Query {
    Query::object(guid, Filter::class("user"), &ACCOUNT)
}

/// What a target says of itself.
struct Ours<'a> {
    realm: &'a str,
    guid: Uuid,
    is_machine: bool,
}

fn ours(target: &Target) -> Result<Ours<'_>, ActionError> {
    let not_ours = || ActionError::rejected(format!("{target} is not an Active Directory account"));
    let (provider, realm, id, is_machine) = match target {
        Target::Account(key) => (&key.provider, &key.realm, &key.id, false),
        Target::Device(key) => (&key.provider, &key.realm, &key.id, true),
        Target::None => return Err(not_ours()),
    };
    let guid = parse_guid(id).filter(|_| provider.as_str() == Provider::ACTIVE_DIRECTORY);
    Ok(Ours { realm, guid: guid.ok_or_else(not_ours)?, is_machine })
}

fn nothing_was_sent(error: &CallError) -> bool {
    matches!(error, CallError::Unreachable { .. } | CallError::Credentials(_) | CallError::NoPassword(_))
}

/// A search below an object that does not exist is refused, in words that name no account.
fn vanished(error: CallError, target: &Target) -> ActionError {
    let error = ActionError::from(error);
    match error.failure {
        Failure::NotFound => gone(target),
        _ => error,
    }
}

fn gone(target: &Target) -> ActionError {
    ActionError::not_found(format!("{target} does not exist (any more)"))
}
