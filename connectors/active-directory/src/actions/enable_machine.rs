//! `device.enable_account`: the machine's account can sign in to the domain again.

use quell_action::{
    Action, ActionError, ActionSpec, Impact, Observation, Outcome, Repeat, Request, Restore, Target,
    TargetKind,
};
use quell_alert::Provider;

use super::{NoParams, OnMachine, enabled};
use crate::client::Client;

/// Enables the account of a machine.
pub(crate) struct EnableMachine;

impl Action for EnableMachine {
    const SPEC: ActionSpec = ActionSpec {
        name: "device.enable_account",
        provider: Provider::ACTIVE_DIRECTORY,
        target: TargetKind::Device,
        impact: Impact::Restoring,
        undo: Some("device.disable_account"),
        repeat: Repeat::Safe,
        readable: true,
        permissions: &["Read userAccountControl", "Write userAccountControl"],
        summary: "Enables the device's computer account in its Active Directory domain: it can sign in there again.",
        vendor_page: "https://learn.microsoft.com/en-us/windows/win32/adschema/a-useraccountcontrol",
    };
    type Params = NoParams;
    type Output = OnMachine;
    type Client = Client;

    async fn execute(
        client: &Client,
        request: &Request<NoParams>,
    ) -> Result<Outcome<OnMachine>, ActionError> {
        enabled::set(client, request, true, OnMachine::of).await
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
