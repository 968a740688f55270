//! `account.unlock`: ends a lock-out after too many wrong passwords.

use quell_action::{
    Action, ActionError, ActionSpec, Impact, InEffect, Observation, Outcome, Repeat, Request, Target,
    TargetKind,
};
use quell_alert::Provider;
use serde::{Deserialize, Serialize};

use super::{NoParams, OnAccount, kept};
use crate::account::Account;
use crate::client::{Client, Need};
use crate::target::{Held, Sent, within};
use crate::wire::Change;

const RIGHT: &str = "\"Read lockoutTime\" and \"Write lockoutTime\"";

/// Unlocks an account.
pub(crate) struct UnlockAccount;

/// The state as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Locked {
    locked: bool,
    /// In ticks since 1601, as text: it does not fit into the numbers of every reader.
    lockout_time: String,
}

impl Action for UnlockAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.unlock",
        provider: Provider::ACTIVE_DIRECTORY,
        target: TargetKind::Account,
        impact: Impact::Restoring,
        undo: None,
        repeat: Repeat::Safe,
        readable: true,
        permissions: &["Read lockoutTime", "Write lockoutTime"],
        summary: "Ends the lock-out of the account after too many wrong passwords.",
        vendor_page: "https://learn.microsoft.com/en-us/windows/win32/adschema/a-lockouttime",
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnAccount>, ActionError> {
        let sent = Sent::default();
        within(request.time_limit(), &sent, unlock(client, request, &sent)).await
    }

    async fn observe(client: &Client, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        let held = Held::look(client, target, Need::Deciding).await?;
        let in_effect = if held.account.is_locked() { InEffect::No } else { InEffect::Yes };
        Ok(Observation { state: kept(&Locked::of(&held.account))?, in_effect })
    }
}

async fn unlock(
    client: &Client,
    request: &Request<NoParams>,
    sent: &Sent,
) -> Result<Outcome<OnAccount>, ActionError> {
    let mut held = Held::take(client, request.target(), Need::Deciding).await?;
    if !held.account.is_locked() {
        return Ok(Outcome::unchanged(OnAccount::of(&held)));
    }
    let before = Locked::of(&held.account);
    let change = vec![Change::Replace("lockoutTime", b"0".to_vec())];
    held.modify(change, sent).await.map_err(|error| held.failed(&error, "unlocking", RIGHT))?;
    held.read_again().await.map_err(|error| held.not_read_back(&error, "unlocking"))?;
    if held.account.is_locked() {
        return Err(ActionError::unavailable(format!("{} was unlocked and is locked again", held.display)));
    }
    Ok(Outcome::changed(kept(&before)?, kept(&Locked::of(&held.account))?, OnAccount::of(&held)))
}

impl Locked {
    fn of(account: &Account) -> Self {
        Self { locked: account.is_locked(), lockout_time: account.lockout_time.to_string() }
    }
}
