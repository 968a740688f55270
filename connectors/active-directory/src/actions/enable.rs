//! `account.enable`: the account can sign in again.

use quell_action::{
    Action, ActionError, ActionSpec, Impact, Observation, Outcome, Repeat, Request, Restore, Target,
    TargetKind,
};
use quell_alert::Provider;

use super::{NoParams, OnAccount, enabled};
use crate::client::Client;

/// Enables an account.
pub(crate) struct EnableAccount;

impl Action for EnableAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.enable",
        provider: Provider::ACTIVE_DIRECTORY,
        target: TargetKind::Account,
        impact: Impact::Restoring,
        undo: Some("account.disable"),
        repeat: Repeat::Safe,
        readable: true,
        permissions: &["Read userAccountControl", "Write userAccountControl"],
        summary: "Enables the account in its Active Directory domain: it can sign in again.",
        vendor_page: "https://learn.microsoft.com/en-us/windows/win32/adschema/a-useraccountcontrol",
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnAccount>, ActionError> {
        enabled::set(client, request, true, OnAccount::of).await
    }

    async fn observe(client: &Client, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        enabled::observe(client, target, true).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<NoParams>>,
    ) -> Result<Outcome<()>, ActionError> {
        enabled::restore(client, request).await
    }
}
