//! `account.disable`: the account can no longer sign in.
//!
//! It stops new sign-ins. Kerberos tickets that were given out before keep working until they expire (ten hours by
//! default), and so do open sessions: follow with measures on the device.

use quell_action::{
    Action, ActionError, ActionSpec, Impact, Observation, Outcome, Repeat, Request, Restore, Target,
    TargetKind,
};
use quell_alert::Provider;

use super::{NoParams, OnAccount, enabled};
use crate::client::Client;

/// Disables an account.
pub(crate) struct DisableAccount;

impl Action for DisableAccount {
    const SPEC: ActionSpec = ActionSpec {
        name: "account.disable",
        provider: Provider::ACTIVE_DIRECTORY,
        target: TargetKind::Account,
        impact: Impact::Disruptive,
        undo: Some("account.enable"),
        repeat: Repeat::Safe,
        readable: true,
        permissions: &["Read userAccountControl", "Write userAccountControl"],
        summary: "Disables the account in its Active Directory domain: it can no longer sign in.",
        vendor_page: "https://learn.microsoft.com/en-us/windows/win32/adschema/a-useraccountcontrol",
    };
    type Params = NoParams;
    type Output = OnAccount;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnAccount>, ActionError> {
        enabled::set(client, request, false, OnAccount::of).await
    }

    async fn observe(client: &Client, target: &Target, _: &NoParams) -> Result<Observation, ActionError> {
        enabled::observe(client, target, false).await
    }

    async fn restore(
        client: &Client,
        request: &Request<Restore<NoParams>>,
    ) -> Result<Outcome<()>, ActionError> {
        enabled::restore(client, request).await
    }
}
